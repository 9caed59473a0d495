//! The clock by which running guests are interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime::EngineWeak;

/// How often running guests are asked whether their time is up, and yield to other tasks.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// Ticks without a call after which the clock stops: an idle host should not wake a thousand times a second.
const IDLE_TICKS: u32 = 50;

/// Advances the engine's epoch while calls are under way.
pub(crate) struct Ticker {
    calls: AtomicUsize,
    parked: AtomicBool,
    thread: Mutex<Option<Thread>>,
}

impl Ticker {
    /// Starts the clock's thread; it ends with the engine.
    pub fn start(engine: EngineWeak) -> Arc<Self> {
        let ticker = Arc::new(Ticker {
            calls: AtomicUsize::new(0),
            parked: AtomicBool::new(false),
            thread: Mutex::new(None),
        });
        let clock = Arc::clone(&ticker);
        let spawned = thread::Builder::new()
            .name("tenon-ticker".into())
            .spawn(move || clock.run(&engine));
        match spawned {
            Ok(handle) => *ticker.thread.lock() = Some(handle.thread().clone()),
            Err(error) => tracing::error!(%error, "the ticker thread could not be started: no deadline will hold"),
        }
        ticker
    }

    /// A call begins; the clock runs until the guard is dropped.
    pub fn call(self: &Arc<Self>) -> CallGuard {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.parked.load(Ordering::SeqCst)
            && let Some(thread) = &*self.thread.lock()
        {
            thread.unpark();
        }
        CallGuard(Arc::clone(self))
    }

    fn run(&self, engine: &EngineWeak) {
        let mut idle = 0;
        loop {
            thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            idle = if self.calls.load(Ordering::SeqCst) == 0 {
                idle + 1
            } else {
                0
            };
            if idle < IDLE_TICKS {
                continue;
            }
            drop(engine);
            self.parked.store(true, Ordering::SeqCst);
            if self.calls.load(Ordering::SeqCst) == 0 {
                // Wakes now and then to see whether the engine is gone.
                thread::park_timeout(Duration::from_secs(1));
            }
            self.parked.store(false, Ordering::SeqCst);
            // One tick more before parking again, so that a call that has just begun is seen.
            idle = IDLE_TICKS - 1;
        }
    }
}

/// Keeps the clock running.
pub(crate) struct CallGuard(Arc<Ticker>);

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
    }
}
