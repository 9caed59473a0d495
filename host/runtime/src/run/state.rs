//! Values that a job keeps between runs, bounded in bytes.

use std::collections::BTreeMap;

use crate::limits::LimitReached;

/// Bytes that an entry is charged besides its key and value.
const ENTRY_OVERHEAD: usize = 64;

#[derive(Debug)]
pub(super) struct State {
    entries: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl State {
    pub fn new(entries: BTreeMap<String, Vec<u8>>) -> Self {
        let bytes = entries.iter().map(|(key, value)| size(key, value)).sum();
        State { entries, bytes }
    }

    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.entries.get(key).cloned()
    }

    pub fn put(&mut self, key: String, value: Vec<u8>, limit: usize) -> Result<(), LimitReached> {
        let old = self.entries.get(&key).map_or(0, |old| size(&key, old));
        let bytes = self.bytes - old + size(&key, &value);
        if bytes > limit {
            return Err(LimitReached::bytes("state_bytes", limit));
        }
        self.bytes = bytes;
        self.entries.insert(key, value);
        Ok(())
    }

    pub fn delete(&mut self, key: &str) {
        if let Some(old) = self.entries.remove(key) {
            self.bytes -= size(key, &old);
        }
    }

    pub fn snapshot(&self) -> BTreeMap<String, Vec<u8>> {
        self.entries.clone()
    }
}

fn size(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + ENTRY_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_and_deleting_give_room_back() {
        let mut state = State::new(BTreeMap::new());
        state.put("a".into(), vec![0; 100], 200).unwrap();
        assert_eq!(
            state.put("b".into(), vec![0; 100], 200).unwrap_err().limit,
            "state_bytes"
        );
        state.put("a".into(), vec![1; 10], 200).unwrap();
        state.delete("a");
        state.put("b".into(), vec![0; 100], 200).unwrap();
        assert_eq!(state.snapshot().len(), 1);
    }
}
