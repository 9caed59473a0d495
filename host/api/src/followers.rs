//! How many follow something at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenon_metadata::{ErrorKind, Name};

use crate::Problem;

/// Counts streams: they last, so they are not counted as requests. A tenant can hold a quarter of them.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    most: usize,
    /// By tenant. Held while one is counted.
    now: Arc<Mutex<HashMap<Name, usize>>>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    followers: Followers,
    tenant: Name,
}

impl Followers {
    pub fn new(most: usize) -> Self {
        let now = Arc::default();
        Self { most, now }
    }

    /// Counts one more, if there may be one.
    pub fn begin(&self, tenant: &Name) -> Result<Follower, Problem> {
        let mut now = self.counted();
        let all: usize = now.values().sum();
        let own = now.entry(tenant.clone()).or_default();
        if all >= self.most || *own >= (self.most / 4).max(1) {
            let detail = "as much is followed as can be at once; end one of them, or try again later";
            return Err(Problem::of(ErrorKind::Limit, detail).retry_after(5));
        }
        *own += 1;
        Ok(Follower {
            followers: self.clone(),
            tenant: tenant.clone(),
        })
    }

    fn counted(&self) -> MutexGuard<'_, HashMap<Name, usize>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut now = self.followers.counted();
        if let Some(own) = now.get_mut(&self.tenant) {
            *own = own.saturating_sub(1);
        }
        now.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_holds_a_quarter_at_most_and_gives_back_what_it_held() {
        let followers = Followers::new(8);
        let (a, b) = (Name::new("a").expect("a name"), Name::new("b").expect("a name"));
        let held: Vec<_> = (0..2).map(|_| followers.begin(&a).expect("there is room")).collect();
        followers.begin(&a).expect_err("it holds a quarter");
        followers.begin(&b).expect("another has room");
        drop(held);
        followers.begin(&a).expect("it holds none");
    }
}
