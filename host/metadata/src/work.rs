//! What is done in a transaction, without its types.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::oneshot;

use crate::metadata::Access;
use crate::{Error, Transaction};

/// What waits for a connection.
pub(crate) struct Asked {
    pub access: Access,
    pub work: Box<dyn Work>,
}

/// Something to do in a transaction, and somebody to tell.
pub(crate) trait Work: Send {
    /// Does it. Answers whether it is to be committed. May be called again when the database says so.
    fn run(&mut self, tx: &mut Transaction<'_>) -> bool;

    /// Tells how it ended: with what it answered, unless the commit failed.
    fn end(self: Box<Self>, committed: Result<(), Error>);
}

pub(crate) struct Task<F, T, E> {
    work: F,
    ended: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Task<F, T, E> {
    pub fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (answer, asked) = oneshot::channel();
        let ended = None;
        (Self { work, ended, answer }, asked)
    }
}

impl<F, T, E> Work for Task<F, T, E>
where
    F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, tx: &mut Transaction<'_>) -> bool {
        // A closure that panics leaves nothing half-done: what it changed is rolled back, and only it is told.
        let ended = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)));
        let ended = ended.unwrap_or_else(|_| Err(Error::Panicked.into()));
        self.ended.insert(ended).is_ok()
    }

    fn end(self: Box<Self>, committed: Result<(), Error>) {
        let ended = match (committed, self.ended) {
            (Ok(()), Some(ended)) | (Err(_), Some(ended @ Err(_))) => ended,
            (Ok(()), None) => Err(Error::Closed.into()),
            (Err(error), _) => Err(error.into()),
        };
        // Whoever asked may have gone.
        let _ = self.answer.send(ended);
    }
}
