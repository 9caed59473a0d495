//! What the runs of a tenant may use together on this server: memory and sandboxes. [`shares`](super::shares) has the same
//! for all servers.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Amounts of what is shared out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Memory, in bytes.
    pub memory: u64,
    /// Sandboxes.
    pub sandboxes: u64,
}

impl Amount {
    fn plus(self, other: Self) -> Self {
        Self {
            memory: self.memory.saturating_add(other.memory),
            sandboxes: self.sandboxes.saturating_add(other.sandboxes),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            memory: self.memory.saturating_sub(other.memory),
            sandboxes: self.sandboxes.saturating_sub(other.sandboxes),
        }
    }

    fn within(self, limit: Self) -> bool {
        self.memory <= limit.memory && self.sandboxes <= limit.sandboxes
    }

    /// No more than the limit of either.
    pub fn at_most(self, limit: Self) -> Self {
        Self {
            memory: self.memory.min(limit.memory),
            sandboxes: self.sandboxes.min(limit.sandboxes),
        }
    }
}

/// Shares out what each tenant has. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Budgets(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What is taken, by tenant; tenants that hold nothing are not in it.
    taken: Mutex<HashMap<String, Amount>>,
    given_back: Notify,
}

/// What a run has, until it is dropped.
#[derive(Debug)]
pub struct Held {
    budgets: Budgets,
    tenant: String,
    /// How much it is.
    pub amount: Amount,
}

impl Budgets {
    /// Waits until the tenant has so much left, and takes it. What is more than the tenant's limit is cut to that: no run
    /// waits for what can never be.
    pub async fn take(&self, tenant: &str, wanted: Amount, limit: Amount) -> Held {
        let amount = wanted.at_most(limit);
        loop {
            // Before looking, so that what is given back in between wakes this one.
            let given_back = self.0.given_back.notified();
            if self.try_take(tenant, amount, limit) {
                return Held {
                    budgets: self.clone(),
                    tenant: tenant.to_owned(),
                    amount,
                };
            }
            given_back.await;
        }
    }

    fn try_take(&self, tenant: &str, amount: Amount, limit: Amount) -> bool {
        let mut taken = self.0.taken.lock();
        let sum = taken.get(tenant).copied().unwrap_or_default().plus(amount);
        let fits = sum.within(limit);
        if fits {
            taken.insert(tenant.to_owned(), sum);
        }
        fits
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut taken = self.budgets.0.taken.lock();
        if let Some(sum) = taken.get_mut(&self.tenant) {
            *sum = sum.minus(self.amount);
            if *sum == Amount::default() {
                taken.remove(&self.tenant);
            }
        }
        drop(taken);
        self.budgets.0.given_back.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const LIMIT: Amount = Amount {
        memory: 100,
        sandboxes: 4,
    };

    fn amount(memory: u64, sandboxes: u64) -> Amount {
        Amount { memory, sandboxes }
    }

    #[tokio::test]
    async fn a_run_waits_for_its_own_tenant_only() {
        let budgets = Budgets::default();
        let first = budgets.take("shop", amount(80, 1), LIMIT).await;
        let mut second = Box::pin(budgets.take("shop", amount(40, 1), LIMIT));
        assert!((&mut second).now_or_never().is_none(), "the tenant has no memory left");
        assert!(budgets.take("bank", amount(80, 1), LIMIT).now_or_never().is_some());
        drop(first);
        assert_eq!(second.await.amount, amount(40, 1));
        assert!(budgets.0.taken.lock().is_empty());
    }

    #[tokio::test]
    async fn what_is_too_much_is_cut() {
        let budgets = Budgets::default();
        let held = budgets.take("shop", amount(1_000, 99), LIMIT).await;
        assert_eq!(held.amount, LIMIT);
    }
}
