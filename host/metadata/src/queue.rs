//! What waits for a thread to do it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::Error;

/// Tasks that wait at most; past it, callers are told to come later. A waiting task is a few hundred bytes.
pub(crate) const LONGEST: usize = 16 << 10;

/// A bounded queue between tasks that ask and threads that do.
pub(crate) struct Queue<T> {
    /// Held for a push or a pop only.
    state: Mutex<State<T>>,
    /// Something is waiting, or the queue is closed.
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<Waiting<T>>,
    is_closed: bool,
}

/// Something that waits.
pub(crate) struct Waiting<T> {
    pub task: T,
    pub since: Instant,
}

impl<T> Queue<T> {
    pub fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                is_closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds a task; `doing` is what it cannot do if there is no room: "written".
    pub fn push(&self, task: T, doing: &'static str) -> Result<(), Error> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Error::Closed);
        }
        if state.waiting.len() >= LONGEST {
            return Err(Error::Unavailable {
                doing,
                reason: format!("{LONGEST} transactions wait already; try again later"),
            });
        }
        let since = Instant::now();
        state.waiting.push_back(Waiting { task, since });
        self.changed.notify_one();
        Ok(())
    }

    /// The next task, when there is one; none once the queue is closed and empty.
    pub fn pop(&self) -> Option<Waiting<T>> {
        let mut state = self.state.lock();
        loop {
            if let Some(next) = state.waiting.pop_front() {
                return Some(next);
            }
            if state.is_closed {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    /// The next task, if there is one now.
    pub fn pop_now(&self) -> Option<Waiting<T>> {
        self.state.lock().waiting.pop_front()
    }

    /// The next task, if there is one now that waits since before a moment.
    pub fn pop_from_before(&self, moment: Instant) -> Option<Waiting<T>> {
        self.state.lock().waiting.pop_front_if(|next| next.since < moment)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }

    /// Takes no more. What waits is still done.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Queue")
            .field("waiting", &self.len())
            .finish_non_exhaustive()
    }
}

/// Held by a thread that does what waits: if the thread breaks down, whoever waits for it is told so.
pub(crate) struct Served<T>(pub Arc<Queue<T>>);

impl<T> Drop for Served<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
            // Dropped without the lock.
            let left = std::mem::take(&mut self.0.state.lock().waiting);
            drop(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_is_emptied() {
        let queue = Queue::new();
        for number in 0..LONGEST {
            queue.push(number, "written").unwrap();
        }
        let refused = queue.push(0, "written").unwrap_err();
        assert!(
            refused.to_string().contains("16384 transactions wait already"),
            "{refused}"
        );
        queue.close();
        assert!(matches!(queue.push(0, "written"), Err(Error::Closed)));
        let left = std::iter::from_fn(|| queue.pop()).count();
        assert_eq!(left, LONGEST);
    }

    #[test]
    fn a_thread_that_breaks_down_leaves_nobody_waiting() {
        let queue = Arc::new(Queue::new());
        let (answer, asked) = std::sync::mpsc::channel::<()>();
        queue.push(None, "read").unwrap();
        queue.push(Some(answer), "read").unwrap();
        let served = Served(Arc::clone(&queue));
        let thread = thread::spawn(move || {
            let next = served.0.pop().expect("something waits");
            next.task.expect("a thread that breaks down");
        });
        assert!(thread.join().is_err());
        assert!(asked.recv().is_err(), "whoever waits is told");
        assert!(matches!(queue.push(None, "read"), Err(Error::Closed)));
    }
}
