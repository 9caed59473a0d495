//! A queue of what is due when.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use chrono::{DateTime, Utc};

/// Keys by the time that they are due. Every change takes O(log n).
///
/// ```
/// use chrono::{DateTime, TimeDelta};
/// use tenon_schedule::Timers;
///
/// let noon = DateTime::from_timestamp(1_900_000_800, 0).unwrap();
/// let mut timers = Timers::new();
/// timers.insert("late", noon + TimeDelta::hours(1));
/// timers.insert("early", noon);
/// assert_eq!(timers.peek(), Some((noon, &"early")));
/// assert_eq!(timers.pop_due(noon), Some((noon, "early")));
/// assert_eq!(timers.pop_due(noon), None);
/// ```
#[derive(Debug, Clone)]
pub struct Timers<K> {
    due: BTreeSet<(DateTime<Utc>, K)>,
    by_key: HashMap<K, DateTime<Utc>>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self {
            due: BTreeSet::new(),
            by_key: HashMap::new(),
        }
    }
}

impl<K: Clone + Ord + Hash> Timers<K> {
    /// A queue with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets when a key is due, and answers when it was before.
    pub fn insert(&mut self, key: K, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let before = self.remove(&key);
        self.by_key.insert(key.clone(), due);
        self.due.insert((due, key));
        before
    }

    /// Takes a key out, and answers when it was due.
    pub fn remove(&mut self, key: &K) -> Option<DateTime<Utc>> {
        let (key, due) = self.by_key.remove_entry(key)?;
        self.due.remove(&(due, key));
        Some(due)
    }

    /// When a key is due.
    pub fn due(&self, key: &K) -> Option<DateTime<Utc>> {
        self.by_key.get(key).copied()
    }

    /// What is due first.
    pub fn peek(&self) -> Option<(DateTime<Utc>, &K)> {
        self.due.first().map(|(due, key)| (*due, key))
    }

    /// Takes out what is due first, if it is due by `now`.
    pub fn pop_due(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, K)> {
        if self.peek()?.0 > now {
            return None;
        }
        let (due, key) = self.due.pop_first()?;
        self.by_key.remove(&key);
        Some((due, key))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
