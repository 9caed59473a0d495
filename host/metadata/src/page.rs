//! Long lists, a page at a time.

use serde::{Deserialize, Serialize};

/// Most items of a page.
pub const LONGEST_PAGE: u32 = 1000;

/// Which page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(default)]
pub struct PageRequest {
    /// At most so many items, from 1 to 1000; 100 by default.
    pub limit: u32,
    /// What the page before called `next`; the first page by default.
    pub after: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: 100,
            after: None,
        }
    }
}

impl PageRequest {
    /// How many items to look for: one more than the page holds, which tells whether there is another page.
    pub fn look_for(&self) -> i64 {
        i64::from(self.size()) + 1
    }

    /// The page out of what was found; `key` is what an item is found by.
    pub fn page<T>(&self, mut found: Vec<T>, key: impl FnOnce(&T) -> String) -> Page<T> {
        let more = found.len() > self.size() as usize;
        found.truncate(self.size() as usize);
        let next = found.last().filter(|_| more).map(key);
        Page { items: found, next }
    }

    fn size(&self) -> u32 {
        self.limit.clamp(1, LONGEST_PAGE)
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask for as `after` to get the next page; none on the last one.
    pub next: Option<String>,
}
