//! What the readers of a scan have yet to do.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::file::containers::Part;
use crate::file::stored::StoredFile;

/// Files to open, and parts that were found in those that are open. Readers, each on a thread of its own, share them.
pub(super) struct Work {
    /// Held for a moment by a reader that takes or adds something.
    state: Mutex<State>,
    /// Told whenever a file is open.
    opened: Condvar,
}

struct State {
    left: VecDeque<(Arc<StoredFile>, Option<Part>)>,
    /// Files that are being opened now, which may bring parts.
    opening: usize,
}

/// Something to do.
pub(super) struct Task<'a> {
    pub file: Arc<StoredFile>,
    pub what: What<'a>,
}

pub(super) enum What<'a> {
    /// To open the file, and to read it or to say which parts it has.
    Open(Opening<'a>),
    /// To read and decode a part of it.
    Decode(Part),
}

/// A file that is being opened, until this is dropped.
pub(super) struct Opening<'a>(&'a Work);

impl Work {
    pub fn new(files: impl Iterator<Item = StoredFile>) -> Self {
        Self {
            state: Mutex::new(State {
                left: files.map(|file| (Arc::new(file), None)).collect(),
                opening: 0,
            }),
            opened: Condvar::new(),
        }
    }

    /// The next thing to do, in the order of the files and of their parts. Blocks while there is nothing but files that
    /// others are opening.
    pub fn take(&self) -> Option<Task<'_>> {
        let mut state = self.state.lock();
        loop {
            if let Some((file, part)) = state.left.pop_front() {
                let what = if let Some(part) = part {
                    What::Decode(part)
                } else {
                    state.opening += 1;
                    What::Open(Opening(self))
                };
                return Some(Task { file, what });
            }
            if state.opening == 0 {
                return None;
            }
            self.opened.wait(&mut state);
        }
    }
}

impl Opening<'_> {
    /// Leaves the parts of the file to whichever readers come first.
    pub fn found(self, file: &Arc<StoredFile>, parts: Vec<Part>) {
        let mut state = self.0.state.lock();
        for part in parts.into_iter().rev() {
            state.left.push_front((Arc::clone(file), Some(part)));
        }
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.state.lock().opening -= 1;
        self.0.opened.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(count: usize) -> Vec<Part> {
        (0..count).map(|_| Box::new(std::iter::empty()) as Part).collect()
    }

    #[test]
    fn parts_come_before_the_next_file() {
        let work = Work::new(["a", "b"].into_iter().map(StoredFile::named));
        let mut seen = Vec::new();
        while let Some(Task { file, what }) = work.take() {
            match what {
                What::Open(opening) => {
                    seen.push(format!("open {}", file.name));
                    opening.found(&file, parts(2));
                }
                What::Decode(_) => seen.push(format!("decode {}", file.name)),
            }
        }
        assert_eq!(
            seen,
            ["open a", "decode a", "decode a", "open b", "decode b", "decode b"]
        );
    }

    #[test]
    fn who_has_nothing_to_do_waits_for_the_parts_of_others() {
        let work = Work::new(std::iter::once(StoredFile::named("a")));
        let Some(Task {
            file,
            what: What::Open(opening),
        }) = work.take()
        else {
            panic!("there is a file to open");
        };
        std::thread::scope(|threads| {
            let other = threads.spawn(|| {
                matches!(
                    work.take(),
                    Some(Task {
                        what: What::Decode(_),
                        ..
                    })
                )
            });
            opening.found(&file, parts(1));
            assert!(other.join().expect("no panic"), "the part goes to the other reader");
        });
        assert!(work.take().is_none());
    }

    #[test]
    fn nobody_waits_for_a_file_that_could_not_be_opened() {
        let work = Work::new(std::iter::once(StoredFile::named("a")));
        let task = work.take();
        std::thread::scope(|threads| {
            let other = threads.spawn(|| work.take().is_none());
            drop(task);
            assert!(other.join().expect("no panic"));
        });
    }
}
