//! What a run offers besides data, for one test thread.
#![expect(clippy::unnecessary_wraps, reason = "the real host can fail where this one can not")]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use super::Handle;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Instant, Level};

/// Most random bytes per call, as in a sandbox.
const RANDOM_BYTES: u32 = 64 << 10;

/// A run of one test.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) state: BTreeMap<String, Vec<u8>>,
    pub(crate) counters: BTreeMap<String, f64>,
    pub(crate) logs: Vec<(Level, String)>,
    pub(crate) now: Instant,
    /// What a script reads, by name or URL.
    pub(crate) sources: BTreeMap<String, Vec<Handle>>,
    /// What operations answer with that can't be run here.
    pub(crate) answers: VecDeque<Handle>,
    /// What a script wrote, by URL.
    pub(crate) written: BTreeMap<String, Vec<Handle>>,
    /// What a script asked for.
    pub(crate) operations: Vec<String>,
    /// State of the generator of random bytes, which are the same in every test.
    random: u64,
}

thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
}

/// Reads or changes this thread's run.
pub(crate) fn with_run<R>(call: impl FnOnce(&mut Run) -> R) -> R {
    RUN.with_borrow_mut(call)
}

/// What the test gave as the result of the next operation that can't be run here.
pub(crate) fn next_answer(what: &str) -> Result<Handle> {
    with_run(|run| run.answers.pop_front()).ok_or_else(|| unanswered(what))
}

/// That the test gave no result of an operation that can't be run here.
pub(crate) fn unanswered(what: &str) -> Error {
    let message =
        format!("outside a sandbox {what} can't be run: give the test its result with tenon::testing::answer(batch)");
    Error::new(ErrorKind::Unsupported, message)
}

/// Has a function tried with a batch without rows: the answers that it takes are there again afterwards.
pub(crate) fn trying<R>(call: impl FnOnce() -> R) -> R {
    let answers: VecDeque<Handle> = with_run(|run| run.answers.iter().map(Handle::share).collect());
    let tried = call();
    with_run(|run| run.answers = answers);
    tried
}

pub(crate) fn log(level: Level, message: &str) {
    with_run(|run| run.logs.push((level, message.to_owned())));
}

pub(crate) fn count(metric: &str, amount: f64) {
    with_run(|run| *run.counters.entry(metric.to_owned()).or_default() += amount);
}

pub(crate) fn parameter(name: &str) -> Option<String> {
    with_run(|run| run.parameters.get(name).cloned())
}

pub(crate) fn secret(name: &str) -> Result<String> {
    let denied = || Error::new(ErrorKind::Denied, format!("the secret `{name}` is not granted"));
    with_run(|run| run.secrets.get(name).cloned()).ok_or_else(denied)
}

pub(crate) fn now() -> Instant {
    with_run(|run| run.now)
}

pub(crate) fn random(bytes: u32) -> Result<Vec<u8>> {
    if bytes > RANDOM_BYTES {
        let message = format!("{bytes} random bytes are more than the {RANDOM_BYTES} of one call");
        return Err(Error::new(ErrorKind::Limit, message));
    }
    Ok(with_run(|run| (0..bytes).map(|_| run.random_byte()).collect()))
}

pub(crate) fn state_get(key: &str) -> Result<Option<Vec<u8>>> {
    Ok(with_run(|run| run.state.get(key).cloned()))
}

pub(crate) fn state_put(key: &str, value: &[u8]) -> Result<()> {
    with_run(|run| run.state.insert(key.to_owned(), value.to_vec()));
    Ok(())
}

pub(crate) fn state_delete(key: &str) -> Result<()> {
    with_run(|run| run.state.remove(key));
    Ok(())
}

impl Run {
    fn random_byte(&mut self) -> u8 {
        // SplitMix64: enough for tests.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) >> 56) as u8
    }
}
