//! Scripts that drive whole jobs, with the guest `script`, over a pipeline that only records.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

mod recorder;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use recorder::{Record, Recorder};
use tenon_runtime::{Error, ErrorKind, Limits, Plugin, PoolConfig, Run, RunBuilder, Runtime, RuntimeConfig};
use tenon_tests::arena::{SOON, limits};
use tenon_tests::guests::guest;

struct Stage {
    runtime: Runtime,
    script: Plugin,
}

impl Stage {
    async fn new() -> Self {
        Self::with(PoolConfig::default()).await
    }

    async fn with(pool: PoolConfig) -> Self {
        let config = RuntimeConfig {
            pool,
            ..RuntimeConfig::default()
        };
        let runtime = Runtime::new(config).unwrap();
        let script = runtime.load(guest("script").unwrap()).await.unwrap();
        Stage { runtime, script }
    }

    /// Runs one case to its end, which leaves no frame behind.
    async fn play(&self, run: RunBuilder, case: &str) -> (Result<(), Error>, Arc<Run>, Arc<Record>) {
        let run = run.parameter("case", case).build();
        let record = Arc::new(Record::default());
        let pipeline = Arc::new(Recorder(Arc::clone(&record)));
        let started = Instant::now();
        let ended = match self.script.checkout_job(&run, pipeline).await {
            Ok(job) => job.run().await,
            Err(error) => Err(error),
        };
        assert!(started.elapsed() < SOON, "`{case}` took {:?}", started.elapsed());
        gone(&record).await;
        assert_eq!(self.script.statistics().in_use, 0, "`{case}` leaves a sandbox behind");
        (ended, run, record)
    }

    /// Runs one hostile case within small limits; answers with its error.
    async fn attack(&self, case: &str) -> (Error, Arc<Record>) {
        let (ended, _, record) = self.play(Run::builder("evil", case).limits(limits()), case).await;
        let error = ended.unwrap_err();
        assert!(error.to_string().len() < 10_000, "`{case}` causes a long error");
        (error, record)
    }
}

fn said(run: &Run) -> Vec<String> {
    run.logs().into_iter().map(|record| record.message).collect()
}

#[tokio::test]
async fn a_component_may_have_a_job_and_functions() {
    let stage = Stage::new().await;
    let interfaces = stage.script.interfaces();
    assert!(interfaces.job && interfaces.transform);
    let functions: Vec<_> = stage
        .script
        .functions()
        .iter()
        .map(|function| function.name.as_str())
        .collect();
    assert_eq!(functions, ["asks_for_a_frame", "even", "times"]);

    // Both come from one pool.
    let run = Run::builder("t", "functions").build();
    let mut sandbox = stage.script.checkout(&run).await.unwrap();
    let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2])) as _)]).unwrap();
    sandbox.open("times", r#"{"by": 3}"#, &batch.schema()).await.unwrap();
    let output = sandbox.process(batch).await.unwrap();
    assert_eq!(
        output.batches[0].column(0).as_primitive::<Int64Type>().values(),
        &[3, 6]
    );
}

#[tokio::test]
async fn every_operation_arrives_with_its_arguments() {
    let stage = Stage::new().await;
    let (ended, run, record) = stage.play(Run::builder("t", "everything"), "everything").await;
    ended.unwrap();
    assert_eq!(
        record.calls(),
        [
            r#"0 = read "s3://raw/orders/*.parquet""#,
            r#"1 = read {"connector":"file","csv":{"header":false,"null":["NA"]},"format":"csv","url":"rates.csv"}"#,
            r#"2 = filter 0 "status = 'paid'""#,
            r#"3 = project 2 ["\"n\"", "\"Order Date\""]"#,
            r#"4 = project 3 ["n", "n * 2 as twice"]"#,
            r#"5 = project 4 ["n + 1 as \"n\"", "n / 2 as \"half\""]"#,
            r#"6 = join 5 1 ["n"] Left"#,
            "7 = union 6 0",
            r#"8 = aggregate 7 ["country"] ["sum(n) as total", "count(*) as orders"]"#,
            r#"9 = sort 8 ["total desc"]"#,
            "10 = limit 9 10",
            r#"11 = apply 10 times {"by":3}"#,
            "12 = apply 11 even {}",
            r#"13 = apply 12 mask:hash {"columns":["n"]}"#,
            "14 = rejected 13",
            r#"write 14 "rejected.ndjson""#,
            r#"15 = sql "select * from a join b using (n)" ["a: 13", "b: 1"]"#,
            r#"write 15 {"connector":"file","format":"parquet","mode":"overwrite","partition_by":["country"],"url":"out/"}"#,
        ]
    );
    assert_eq!(said(&run), ["3 rows, 5000000000 bytes, 2 objects", "42 rows counted"]);
    assert_eq!(run.statistics().sandboxes, 1);
}

#[tokio::test]
async fn collected_batches_are_read_and_computed_with() {
    let stage = Stage::new().await;
    let (ended, run, _) = stage.play(Run::builder("t", "collect"), "collect").await;
    ended.unwrap();
    assert_eq!(said(&run), ["2 batches, sum 6, 2 over 1"]);
}

#[tokio::test]
async fn errors_of_the_pipeline_reach_the_script_with_their_kind_and_without_secrets() {
    let stage = Stage::new().await;
    let run = Run::builder("t", "faults").secret("password", "hunter2");
    let (ended, run, _) = stage.play(run, "faults").await;
    ended.unwrap();
    let said = said(&run);
    assert_eq!(said[0], "bad-data: BadData: opening: no luck with <secret password>");
    for (line, kind) in said.iter().zip([
        "BadData",
        "BadConfig",
        "Transient",
        "Unsupported",
        "Denied",
        "Limit",
        "Internal",
    ]) {
        assert!(line.contains(&format!(": {kind}: ")), "{line}");
    }
    assert_eq!(said.len(), 7);
}

#[tokio::test]
async fn errors_of_the_script_keep_their_kind_and_context() {
    let stage = Stage::new().await;
    let (ended, ..) = stage.play(Run::builder("t", "fail"), "fail").await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert_eq!(
        error.to_string(),
        "plugin `script`, function `job.run` failed: looking for the tide: the moon is in the way"
    );
    let (ended, ..) = stage.play(Run::builder("t", "passes_on"), "passes_on").await;
    let error = ended.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(
        error.to_string().ends_with("reading: opening: no luck with hunter2"),
        "{error}"
    );
}

#[tokio::test]
async fn parameters_are_typed_and_secrets_granted() {
    let stage = Stage::new().await;
    let run = Run::builder("t", "parameters")
        .parameter("year", "2013")
        .parameter("share", "0.5")
        .parameter("dry", "true")
        .secret("key", "hunter2");
    let (ended, run, _) = stage.play(run, "parameters").await;
    ended.unwrap();
    assert_eq!(
        said(&run),
        [
            "2013 0.5 true 7",
            "the parameter `year` is `2013`: number too large to fit in target type",
            "the job has no parameter `month`",
        ]
    );
}

#[tokio::test]
async fn what_is_for_functions_does_no_harm_in_a_script() {
    let stage = Stage::new().await;
    let (ended, run, _) = stage.play(Run::builder("t", "process_only"), "process_only").await;
    ended.unwrap();
    assert_eq!(said(&run), ["2 rows", "1 columns"]);
    let (ended, ..) = stage.play(Run::builder("t", "unknown"), "unknown_function").await;
    let error = ended.unwrap_err().to_string();
    assert!(
        error.contains("script::unregistered") && error.contains("#[tenon::transform]"),
        "{error}"
    );
}

#[tokio::test]
async fn a_function_gets_no_frames() {
    let stage = Stage::new().await;
    let run = Run::builder("t", "function").build();
    let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1])) as _)]).unwrap();
    let mut sandbox = stage.script.checkout(&run).await.unwrap();
    let error = sandbox
        .open("asks_for_a_frame", "{}", &batch.schema())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Kind::Denied: frames are there for a job's `run` only"),
        "{error}"
    );
}

#[tokio::test]
async fn a_plugin_without_a_job_has_no_script() {
    let stage = Stage::new().await;
    let echo = stage.runtime.load(guest("echo").unwrap()).await.unwrap();
    let run = Run::builder("t", "none").build();
    let pipeline = Arc::new(Recorder(Arc::default()));
    let error = echo.checkout_job(&run, pipeline).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `echo` was refused: it exports no `job`, so it has no script to run"
    );
}

#[tokio::test]
async fn dropped_frames_are_released() {
    let stage = Stage::new().await;
    let (ended, _, record) = stage.play(Run::builder("t", "drops").limits(limits()), "drops").await;
    ended.unwrap();
    assert_eq!(record.most_alive.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn frames_are_counted_as_handles() {
    let stage = Stage::new().await;
    let (error, record) = stage.attack("hoard").await;
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.to_string().contains("`handles` of 1000 handles"), "{error}");
    assert!(record.most_alive.load(Ordering::Relaxed) <= 1_001);
}

#[tokio::test]
async fn texts_are_bounded() {
    let stage = Stage::new().await;
    let roomy = Limits {
        memory: 512 << 20,
        ..Limits::default()
    };
    for case in ["long_text", "many_texts"] {
        let run = Run::builder("evil", case).limits(roomy.clone());
        let (ended, _, record) = stage.play(run, case).await;
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        assert!(error.to_string().contains("`frame_text` of 1 MiB"), "{error}");
        assert_eq!(record.calls().len(), 1, "{case}");
    }
    // Past what a call may pass to the host at all, it ends there and then.
    let run = Run::builder("evil", "call_bytes").limits(Limits {
        call_bytes: 16 << 20,
        ..roomy
    });
    let (ended, ..) = stage.play(run, "long_text").await;
    assert_eq!(ended.unwrap_err().limit().unwrap().limit, "call_bytes");
}

#[tokio::test]
async fn plans_are_bounded() {
    let stage = Stage::new().await;
    let (error, _) = stage.attack("deep").await;
    assert!(
        error.to_string().contains("`frame_depth` of 256 operations in a row"),
        "{error}"
    );
    let (error, _) = stage.attack("doubled").await;
    assert!(
        error
            .to_string()
            .contains("`frame_size` of 4096 operations in one frame"),
        "{error}"
    );
}

#[tokio::test]
async fn a_script_that_computes_forever_is_stopped_by_the_cpu_limit() {
    let stage = Stage::new().await;
    let (error, _) = stage.attack("spin").await;
    assert_eq!(error.limit().unwrap().limit, "cpu_per_call_ms");
    assert!(error.to_string().contains("function `job.run`"), "{error}");
    // Planning is computing, too.
    let (error, record) = stage.attack("plans").await;
    assert_eq!(error.limit().unwrap().limit, "cpu_per_call_ms");
    assert!(record.calls().len() < 50);
}

#[tokio::test]
async fn panics_stay_where_they_are() {
    let stage = Stage::new().await;
    let (error, _) = stage.attack("panic").await;
    assert!(matches!(&error, Error::Trapped { .. }), "{error}");
    assert!(error.to_string().contains("the script gives up"), "{error}");
    let (error, _) = stage.attack("breaks_the_planner").await;
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.to_string().contains("the host gave up on the frame"), "{error}");
}

#[tokio::test]
async fn collecting_ends_at_what_a_sandbox_may_hold() {
    let stage = Stage::new().await;
    let (error, record) = stage.attack("floods").await;
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(
        error.to_string().contains("collect: the limit `held_bytes` of 16 MiB"),
        "{error}"
    );
    assert_eq!(record.running.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn waiting_costs_no_cpu_time_but_ends_at_the_jobs_own_limit() {
    let stage = Stage::new().await;
    let limits = Limits {
        wall_per_job_ms: 700,
        ..limits()
    };
    let (ended, run, record) = stage.play(Run::builder("t", "waits").limits(limits), "waits").await;
    assert_eq!(ended.unwrap_err().limit().unwrap().limit, "wall_per_job_ms");
    assert!(run.statistics().cpu < Duration::from_millis(400));
    assert_eq!(record.calls().len(), 1);
}

#[tokio::test]
async fn cancelling_a_script_cancels_the_frame_that_runs() {
    let stage = Stage::new().await;
    let run = Run::builder("t", "cancelled").parameter("case", "waits").build();
    let record = Arc::new(Record::default());
    let job = stage
        .script
        .checkout_job(&run, Arc::new(Recorder(Arc::clone(&record))))
        .await
        .unwrap();
    let mut running = Box::pin(job.run());
    tokio::select! {
        ended = &mut running => panic!("it ended: {ended:?}"),
        () = async { while record.running.load(Ordering::Relaxed) == 0 { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
    }
    drop(running);
    gone(&record).await;
    assert_eq!(stage.script.statistics().in_use, 0);
    let (ended, ..) = stage.play(Run::builder("t", "after"), "collect").await;
    ended.unwrap();
}

/// Scripts wait for functions: if they took the turns that functions need, they would wait for each other.
#[tokio::test]
async fn scripts_have_turns_of_their_own() {
    let stage = Stage::with(PoolConfig {
        in_use: 1,
        scripts: 1,
        wait_ms: 50,
        ..PoolConfig::default()
    })
    .await;
    let run = Run::builder("t", "turns").build();
    let pipeline = || Arc::new(Recorder(Arc::default()));
    let _script = stage.script.checkout_job(&run, pipeline()).await.unwrap();
    let _function = stage.script.checkout(&run).await.unwrap();
    let error = stage.script.checkout_job(&run, pipeline()).await.unwrap_err();
    assert!(error.to_string().contains("raise `pool.scripts`"), "{error}");
    let error = stage.script.checkout(&run).await.unwrap_err();
    assert!(error.to_string().contains("raise `pool.in_use`"), "{error}");
}

/// Waits until what ran has been dropped.
async fn gone(record: &Record) {
    let gone = async {
        while record.running.load(Ordering::Relaxed) > 0 || record.alive.load(Ordering::Relaxed) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(SOON, gone).await.expect("no frame is left");
}
