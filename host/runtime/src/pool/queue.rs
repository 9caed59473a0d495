//! Turns: at most so many sandboxes are in use at once, and who waits is served fairly across tenants.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Hands out turns. Waiting tenants take theirs round robin, each tenant's own requests first come, first served: a
/// tenant that asks for a thousand waits as long for its next one as a tenant that asks for one.
#[derive(Debug)]
pub(crate) struct Queue {
    ceiling: usize,
    turns: Mutex<Turns>,
}

#[derive(Debug)]
struct Turns {
    free: usize,
    waiting: HashMap<String, VecDeque<oneshot::Sender<Permit>>>,
    /// Tenants that wait, the next to be served in front.
    order: VecDeque<String>,
}

/// The right to use one sandbox; the next in line gets it when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Option<Arc<Queue>>);

/// No turn came in time.
#[derive(Debug)]
pub(crate) struct Waited(pub Duration);

impl Queue {
    pub fn new(ceiling: usize) -> Arc<Self> {
        let turns = Turns {
            free: ceiling,
            waiting: HashMap::new(),
            order: VecDeque::new(),
        };
        Arc::new(Queue {
            ceiling,
            turns: Mutex::new(turns),
        })
    }

    /// Most turns at once.
    pub fn ceiling(&self) -> usize {
        self.ceiling
    }

    /// Turns taken.
    pub fn in_use(&self) -> usize {
        self.ceiling - self.turns.lock().free
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.turns.lock().waiting.values().map(VecDeque::len).sum()
    }

    /// A turn for a tenant, at once if one is free and nobody waits.
    pub async fn acquire(self: &Arc<Self>, tenant: &str, wait: Duration) -> Result<Permit, Waited> {
        let turn = {
            let mut turns = self.turns.lock();
            if turns.free > 0 {
                turns.free -= 1;
                return Ok(Permit(Some(Arc::clone(self))));
            }
            turns.enqueue(tenant)
        };
        let started = Instant::now();
        match tokio::time::timeout(wait, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Waited(started.elapsed())),
        }
    }

    fn release(self: &Arc<Self>) {
        loop {
            let next = {
                let mut turns = self.turns.lock();
                let Some(next) = turns.next() else {
                    turns.free += 1;
                    return;
                };
                next
            };
            match next.send(Permit(Some(Arc::clone(self)))) {
                Ok(()) => return,
                // It gave up waiting: the turn goes to the one after it.
                Err(mut permit) => permit.0 = None,
            }
        }
    }
}

impl Turns {
    fn enqueue(&mut self, tenant: &str) -> oneshot::Receiver<Permit> {
        let (sender, receiver) = oneshot::channel();
        if let Some(line) = self.waiting.get_mut(tenant) {
            // Those that gave up would otherwise pile up while nothing is released.
            line.retain(|waiting| !waiting.is_closed());
            line.push_back(sender);
        } else {
            self.waiting.insert(tenant.to_owned(), VecDeque::from([sender]));
            self.order.push_back(tenant.to_owned());
        }
        receiver
    }

    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        while let Some(tenant) = self.order.pop_front() {
            let Some(line) = self.waiting.get_mut(&tenant) else {
                continue;
            };
            let next = line.pop_front();
            if line.is_empty() {
                self.waiting.remove(&tenant);
            } else {
                self.order.push_back(tenant);
            }
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_greedy_tenant_does_not_delay_a_modest_one() {
        let queue = Queue::new(1);
        let held = queue.acquire("greedy", LONG).await.unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for tenant in ["greedy"; 50].into_iter().chain(["modest"; 2]) {
            let (queue, served) = (Arc::clone(&queue), Arc::clone(&served));
            let waiting = queue.waiting();
            tasks.push(tokio::spawn({
                let queue = Arc::clone(&queue);
                async move {
                    let permit = queue.acquire(tenant, LONG).await.unwrap();
                    served.lock().push(tenant);
                    drop(permit);
                }
            }));
            while queue.waiting() == waiting {
                tokio::task::yield_now().await;
            }
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        let served = served.lock().clone();
        let last_modest = served.iter().rposition(|tenant| *tenant == "modest").unwrap();
        assert_eq!(served.len(), 52);
        assert!(last_modest <= 4, "served in turn: {served:?}");
        assert_eq!(queue.in_use(), 0);
    }

    #[tokio::test]
    async fn waiting_ends_and_loses_no_turn() {
        let queue = Queue::new(1);
        let held = queue.acquire("a", LONG).await.unwrap();
        let Waited(waited) = queue.acquire("b", Duration::from_millis(20)).await.unwrap_err();
        assert!(waited >= Duration::from_millis(20));
        drop(held);
        assert_eq!(queue.in_use(), 0);
        assert!(queue.acquire("b", Duration::from_millis(20)).await.is_ok());
    }
}
