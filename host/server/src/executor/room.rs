//! How many runs a server carries out at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The place of a run, which it has until its work is done: what is left then is to wait for disks and databases, while
/// another run can begin. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Seat(Arc<Mutex<Option<Place>>>);

/// Counts the places that are taken. Only one task takes places.
#[derive(Debug, Default)]
pub(super) struct Room(Arc<AtomicUsize>);

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<AtomicUsize>,
    /// Told when it is free again.
    freed: Option<Arc<Notify>>,
}

impl Room {
    /// All places that are free, where there are so many at most. That may change: where more are taken than there are now,
    /// none is free until enough of them were given back.
    pub fn free(&self, most: usize) -> Vec<Place> {
        let free = most.saturating_sub(self.0.load(Ordering::Acquire));
        let place = |_| {
            self.0.fetch_add(1, Ordering::AcqRel);
            Place {
                taken: Arc::clone(&self.0),
                freed: None,
            }
        };
        (0..free).map(place).collect()
    }
}

impl Seat {
    /// The seat of a run; one that finishes the commit of a dead server has no place to give up.
    pub fn new(place: Option<Place>) -> Self {
        Self(Arc::new(Mutex::new(place)))
    }

    /// Others may have the place.
    pub fn give_up(&self) {
        drop(self.0.lock().take());
    }
}

impl Place {
    /// The same, which tells when it is free again.
    #[must_use]
    pub fn telling(mut self, freed: &Arc<Notify>) -> Self {
        self.freed = Some(Arc::clone(freed));
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
        if let Some(freed) = &self.freed {
            freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_grows_and_shrinks() {
        let room = Room::default();
        let mut taken = room.free(2);
        assert_eq!((taken.len(), room.free(2).len()), (2, 0));
        taken.extend(room.free(4));
        assert_eq!(taken.len(), 4);
        // There are fewer now than are taken.
        taken.truncate(3);
        assert!(room.free(1).is_empty());
        taken.clear();
        assert_eq!(room.free(1).len(), 1);
    }

    #[tokio::test]
    async fn a_place_that_is_given_up_is_free_at_once() {
        let (room, freed) = (Room::default(), Arc::default());
        let place = room.free(1).pop().map(|place| place.telling(&freed));
        let seat = Seat::new(place);
        assert!(room.free(1).is_empty());
        seat.clone().give_up();
        freed.notified().await;
        seat.give_up();
        assert_eq!(room.free(2).len(), 2);
    }
}
