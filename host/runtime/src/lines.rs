//! Where the frames of a trap are in the sources of a plugin.
//!
//! A plugin keeps its line tables in memory, if it came with any and they are of a reasonable size. They are whatever
//! somebody uploaded: a lookup takes time in proportion to that size and no more, off the threads that runs share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tenon_component::{LineTables, Place};
use tokio::sync::Semaphore;

/// Most bytes of a plugin's tables. Those of a large guest in Rust, with its standard library, have half a megabyte.
const MAX_TABLES: usize = 4 << 20;
/// Most instructions of a plugin whose places are remembered.
const MAX_KNOWN: usize = 256;
/// Longest wait for a lookup, its turn included. A trap that is not explained by then is told by names alone.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lookups of the process at once: traps are rare, unless somebody makes them.
static TURNS: Semaphore = Semaphore::const_new(2);

/// The line tables of a plugin, and what was looked up in them.
#[derive(Default)]
pub(crate) struct Lines {
    tables: LineTables,
    /// By the instruction's offset in the component. All partitions of a job fail at the same one.
    known: Mutex<HashMap<usize, Option<Place>>>,
}

impl Lines {
    /// Of a plugin's file.
    pub fn of(plugin: &[u8]) -> Self {
        Lines {
            tables: LineTables::of(plugin, MAX_TABLES),
            known: Mutex::default(),
        }
    }

    /// The places of instructions, by their offsets in the component; nothing at all where the plugin has no tables or the
    /// lookup takes too long.
    pub async fn places(self: &Arc<Self>, offsets: Vec<usize>) -> Vec<Option<Place>> {
        if self.tables.is_empty() || offsets.is_empty() {
            return Vec::new();
        }
        let lines = Arc::clone(self);
        let looking = async move {
            let turn = TURNS.acquire().await.ok()?;
            let looking = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                lines.look_up(&offsets)
            });
            // Nor would a panic come out of there.
            looking.await.ok()
        };
        let places = tokio::time::timeout(PATIENCE, looking).await;
        places.ok().flatten().unwrap_or_default()
    }

    fn look_up(&self, offsets: &[usize]) -> Vec<Option<Place>> {
        // Held while it takes: another partition that failed at the same instruction finds it known.
        let mut known = self.known.lock();
        if known.len() + offsets.len() > MAX_KNOWN {
            known.clear();
        }
        let unknown = offsets.iter().copied().filter(|offset| !known.contains_key(offset));
        let unknown: Vec<usize> = unknown.collect();
        let found = self.tables.places(&unknown);
        known.extend(unknown.into_iter().zip(found));
        let place = |offset: &usize| known.get(offset).cloned().flatten();
        offsets.iter().map(place).collect()
    }
}
