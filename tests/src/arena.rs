//! Where hostile guests attack a host, and what must hold afterwards.
#![allow(clippy::missing_panics_doc, reason = "panicking is how a test fails")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use tenon_runtime::{
    CacheConfig, Error, ErrorKind, Limits, Output, Plugin, PoolConfig, Run, RunBuilder, Runtime, RuntimeConfig, Sandbox,
};

use crate::guests::guest;

/// Longest error message that a guest may cause, in bytes.
const LONGEST_MESSAGE: usize = 10_000;
/// Longest time that an attack may take which meets a limit of a few hundred milliseconds, on a busy machine.
pub const SOON: Duration = Duration::from_secs(10);

/// A host with a hostile plugin in it.
pub struct Arena {
    /// The host.
    pub runtime: Runtime,
    /// The plugin, one function per attack.
    pub evil: Plugin,
}

/// One attack and what came of it.
pub struct Attempt {
    /// What the call answered.
    pub result: Result<Output, Error>,
    /// The run that the attack was part of.
    pub run: Arc<Run>,
    /// How long it took.
    pub took: Duration,
}

impl Arena {
    /// A small host.
    pub async fn new() -> Arena {
        Arena::with(config()).await
    }

    /// A host with these settings.
    pub async fn with(config: RuntimeConfig) -> Arena {
        let runtime = Runtime::new(config).expect("the runtime starts");
        let path = guest("evil").expect("the hostile guest is built");
        let evil = runtime.load(path).await.expect("the hostile guest loads");
        Arena { runtime, evil }
    }

    /// Attacks, within small limits, and checks that the host is well afterwards.
    pub async fn attack(&self, function: &str, argument: &str) -> Attempt {
        self.attack_within(limits(), function, argument).await
    }

    /// Attacks, within these limits, and checks that the host is well afterwards.
    pub async fn attack_within(&self, limits: Limits, function: &str, argument: &str) -> Attempt {
        self.attack_as(Run::builder("evil", function).limits(limits), function, argument)
            .await
    }

    /// Attacks as part of this run, and checks that the host is well afterwards.
    pub async fn attack_as(&self, run: RunBuilder, function: &str, argument: &str) -> Attempt {
        let run = run.build();
        let started = Instant::now();
        let result = self.call(&run, function, argument).await;
        let took = started.elapsed();
        assert!(took < SOON, "`{function}` took {took:?}");
        if let Err(error) = &result {
            assert_short(error);
        }
        self.assert_well().await;
        Attempt { result, run, took }
    }

    async fn call(&self, run: &Arc<Run>, function: &str, argument: &str) -> Result<Output, Error> {
        let mut sandbox = self.evil.checkout(run).await?;
        let batch = numbers(3);
        sandbox.open(function, argument, batch.schema_ref()).await?;
        sandbox.process(batch).await
    }

    /// A sandbox with a function opened for [`numbers`].
    pub async fn open(&self, run: &Arc<Run>, function: &str, argument: &str) -> Sandbox {
        let mut sandbox = self.evil.checkout(run).await.expect("a sandbox is free");
        sandbox
            .open(function, argument, numbers(3).schema_ref())
            .await
            .expect("the function opens");
        sandbox
    }

    /// An honest call works at once, and nothing of the attack is left.
    pub async fn assert_well(&self) {
        let statistics = self.runtime.statistics();
        assert_eq!(
            (statistics.in_use, statistics.waiting),
            (0, 0),
            "no sandbox is left in use"
        );
        for plugin in &statistics.plugins {
            assert_eq!(plugin.in_use, 0, "no sandbox of `{}` is left in use", plugin.plugin);
        }
        let run = Run::builder("honest", "after").build();
        let batch = numbers(1_000);
        let started = Instant::now();
        let mut sandbox = self.evil.checkout(&run).await.expect("an honest run gets a sandbox");
        sandbox
            .open("honest", "", batch.schema_ref())
            .await
            .expect("an honest function opens");
        let output = sandbox.process(batch.clone()).await.expect("an honest function works");
        assert_eq!(output.batches, [batch]);
        assert!(started.elapsed() < SOON, "an honest call took {:?}", started.elapsed());
        assert!(run.logs().is_empty(), "nothing of the attack is in an honest run's log");
    }
}

impl Attempt {
    /// The error that the attack ended in.
    pub fn error(&self) -> &Error {
        self.result.as_ref().expect_err("the attack fails")
    }

    /// The attack met a limit of the sandbox, which the error names with its figure.
    pub fn met_limit(&self, limit: &str, figure: &str) {
        let error = self.error();
        let reached = error
            .limit()
            .unwrap_or_else(|| panic!("`{limit}` was to be reached, but: {error}"));
        assert_eq!((reached.limit, reached.figure.as_str()), (limit, figure), "{error}");
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains(&format!("`{limit}` of {figure}")), "{error}");
    }

    /// The host refused what the guest asked for, and the guest passed the refusal on.
    pub fn was_refused(&self, kind: ErrorKind, words: &[&str]) {
        let error = self.error();
        assert!(matches!(error, Error::Guest { .. }), "{error:?}");
        assert_says(error, kind, words);
    }

    /// The guest trapped.
    pub fn trapped(&self, words: &[&str]) {
        let error = self.error();
        assert!(matches!(error, Error::Trapped { .. }), "{error:?}");
        assert_says(error, ErrorKind::BadConfig, words);
    }

    /// The guest broke the contract.
    pub fn broke_the_contract(&self, words: &[&str]) {
        let error = self.error();
        assert!(matches!(error, Error::Contract { .. }), "{error:?}");
        assert_says(error, ErrorKind::BadConfig, words);
    }

    /// The attack changed nothing: its batch came through.
    pub fn came_to_nothing(&self) {
        let output = self.result.as_ref().expect("the call works");
        assert_eq!(output.batches, [numbers(3)]);
    }

    /// A whole number that the guest counted; 0 if it counted nothing of that name.
    pub fn counted(&self, metric: &str) -> u64 {
        counted(&self.run, metric)
    }
}

/// A whole number that a run's guests counted; 0 if they counted nothing of that name.
pub fn counted(run: &Run, metric: &str) -> u64 {
    run.counters().get(metric).map_or(0, |count| *count as u64)
}

/// The error is of this kind, and its message holds these words.
pub fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_short(error);
    assert_eq!(error.kind(), kind, "{error}");
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "`{word}` is missing in: {message}");
    }
}

/// The message is no flood by itself.
pub fn assert_short(error: &Error) {
    let message = error.to_string();
    assert!(message.len() <= LONGEST_MESSAGE, "a message of {} bytes", message.len());
}

/// A small pool, and a cache so that the guest is compiled once for all tests.
pub fn config() -> RuntimeConfig {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/arena-cache");
    RuntimeConfig {
        pool: PoolConfig {
            idle: 2,
            in_use: 4,
            wait_ms: 5_000,
            ..PoolConfig::default()
        },
        cache: CacheConfig {
            folder: Some(folder),
            max_bytes: 64 << 20,
        },
        ..RuntimeConfig::default()
    }
}

/// Limits small enough to be met quickly.
pub fn limits() -> Limits {
    Limits {
        memory: 32 << 20,
        table_elements: 10_000,
        cpu_per_call_ms: 400,
        cpu_per_run_ms: 10_000,
        wall_per_call_ms: 1_000,
        wall_per_job_ms: 5_000,
        handles: 1_000,
        held_bytes: 16 << 20,
        call_bytes: 16 << 20,
        out_bytes: 64 << 20,
        log_bytes: 16 << 10,
        state_bytes: 64 << 10,
    }
}

/// A batch with one column `x` of numbers from 0.
///
/// # Panics
/// Never: the column fits its schema.
pub fn numbers(rows: i64) -> RecordBatch {
    let schema = Schema::new(vec![Field::new("x", DataType::Int64, true)]);
    let column = Arc::new(Int64Array::from_iter_values(0..rows));
    RecordBatch::try_new(Arc::new(schema), vec![column]).expect("the column fits")
}
