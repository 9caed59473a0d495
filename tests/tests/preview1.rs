//! Modules that import WASI preview 1: what they print, ask and draw is the run's, and nothing of it is in the way of
//! large batches.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use tenon_runtime::{Clock, Error, Level, Run, Runtime, RuntimeConfig};
use tenon_tests::core_guest::CoreGuest;
use tenon_tests::guests::guest;

/// What the guests below call.
const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (import "wasi_snapshot_preview1" "adapter_monotonic_clock_set_paused" (func $pause (param i32)))"#;

/// Prints bytes of the data; fails unless the condition holds.
const HELPERS: &str = r"
    (func $print (param $fd i32) (param $from i32) (param $to i32)
      (i32.store (i32.const 900) (i32.add (i32.const 1024) (local.get $from)))
      (i32.store (i32.const 904) (i32.sub (local.get $to) (local.get $from)))
      (call $check (i32.eqz (call $fd_write (local.get $fd) (i32.const 900) (i32.const 1) (i32.const 908))))
      (call $check (i32.eq (i32.load (i32.const 908)) (i32.load (i32.const 904)))))
    (func $check (param $holds i32)
      (if (i32.eqz (local.get $holds)) (then (unreachable))))";

/// Calls a guest with this data and this body of `process` once, in a run whose clock stands.
async fn call(data: &str, process: &str) -> (Arc<Run>, Result<(), Error>) {
    let declarations = format!("{HELPERS} (data (i32.const 1024) \"{data}\")");
    let process = format!("{process} (i32.const 448)");
    let module = CoreGuest {
        import_declarations: IMPORTS,
        declarations: &declarations,
        process: &process,
        ..CoreGuest::default()
    };
    let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
    let plugin = runtime.load_bytes("preview1", module.build()).await.unwrap();
    let clock = Clock::Fixed(Duration::from_secs(1_400_000_000));
    let run = Run::builder("tenant", "preview1").clock(clock).build();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    let schema = Arc::new(Schema::empty());
    sandbox.open("f", "{}", &schema).await.unwrap();
    let called = sandbox.process(RecordBatch::new_empty(schema)).await;
    (run, called.map(drop))
}

fn logged(run: &Run) -> Vec<(Level, String)> {
    let records = run.logs().into_iter();
    records.map(|record| (record.level, record.message)).collect()
}

#[tokio::test]
async fn prints_are_logged_line_by_line() {
    let (run, called) = call(
        r"one\0atw\ff\c3\a9o\0ahalf",
        "(call $print (i32.const 1) (i32.const 0) (i32.const 2))
         (call $print (i32.const 1) (i32.const 2) (i32.const 6))
         (call $print (i32.const 1) (i32.const 6) (i32.const 11))
         (call $print (i32.const 2) (i32.const 0) (i32.const 15))",
    )
    .await;
    called.unwrap();
    let lines = [
        (Level::Info, "one"),
        (Level::Info, "tw?éo"),
        (Level::Warn, "one"),
        (Level::Warn, "tw?éo"),
    ];
    assert_eq!(logged(&run), lines.map(|(level, line)| (level, line.to_owned())));
}

#[tokio::test]
async fn last_words_explain_the_trap() {
    let (_, called) = call(
        r"working\0apanic: no way on\0aat line 3\0a",
        "(call $print (i32.const 2) (i32.const 0) (i32.const 37)) (call $proc_exit (i32.const 2))",
    )
    .await;
    let error = called.unwrap_err().to_string();
    assert!(error.contains("panic: no way on\nat line 3"), "{error}");
    let (run, called) = call(
        r"panic: no way on\0aat line 3\0a",
        "(call $print (i32.const 2) (i32.const 0) (i32.const 28)) (unreachable)",
    )
    .await;
    let error = called.unwrap_err().to_string();
    assert!(error.ends_with("it had just said: panic: no way on"), "{error}");
    assert_eq!(logged(&run)[1], (Level::Warn, "at line 3".to_owned()));
}

#[tokio::test]
async fn what_is_printed_while_paused_waits() {
    let (run, called) = call(
        r"later\0anow\0a",
        "(call $pause (i32.const 1))
         (call $print (i32.const 1) (i32.const 0) (i32.const 6))
         (call $print (i32.const 2) (i32.const 6) (i32.const 10))
         (call $pause (i32.const 0))",
    )
    .await;
    called.unwrap();
    let lines = [(Level::Info, "later"), (Level::Warn, "now")];
    assert_eq!(logged(&run), lines.map(|(level, line)| (level, line.to_owned())));
}

#[tokio::test]
async fn clocks_are_the_runs_and_sleeps_move_them() {
    // A subscription at 600: a clock, monotonic, a minute.
    let (_, called) = call(
        "",
        "(call $check (i32.eqz (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 560))))
         (call $check (i64.eq (i64.load (i32.const 560)) (i64.const 1400000000000000000)))
         (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 560)))
         (i64.store (i32.const 600) (i64.const 77))
         (i32.store (i32.const 616) (i32.const 1))
         (i64.store (i32.const 624) (i64.const 60000000000))
         (call $check (i32.eqz (call $poll_oneoff (i32.const 600) (i32.const 700) (i32.const 1) (i32.const 800))))
         (call $check (i32.eq (i32.load (i32.const 800)) (i32.const 1)))
         (call $check (i64.eq (i64.load (i32.const 700)) (i64.const 77)))
         (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 568)))
         (call $check
           (i64.ge_u
             (i64.sub (i64.load (i32.const 568)) (i64.load (i32.const 560)))
             (i64.const 60000000000)))",
    )
    .await;
    called.unwrap();
}

#[tokio::test]
async fn there_are_random_bytes_and_nothing_else() {
    // 70,000 bytes are more than one call to the host gives: the sum of the last 64 is not 0.
    let (_, called) = call(
        "",
        "(local $at i32) (local $sum i32)
         (drop (memory.grow (i32.const 2)))
         (call $check (i32.eqz (call $random_get (i32.const 140000) (i32.const 70000))))
         (local.set $at (i32.const 209936))
         (loop $more
           (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
           (local.set $at (i32.add (local.get $at) (i32.const 1)))
           (br_if $more (i32.lt_u (local.get $at) (i32.const 210000))))
         (call $check (local.get $sum))
         (call $check (i32.eq (call $fd_prestat_get (i32.const 3) (i32.const 560)) (i32.const 8)))
         (call $check (i32.eqz (call $environ_sizes_get (i32.const 560) (i32.const 564))))
         (call $check (i64.eqz (i64.load (i32.const 560))))
         (call $check (i32.eqz (call $fd_read (i32.const 0) (i32.const 560) (i32.const 0) (i32.const 568))))",
    )
    .await;
    called.unwrap();
}

/// Go's garbage collector runs while the host writes columns into the guest: nothing of that may call an import.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_takes_large_batches_many_times() {
    const ROWS: i64 = 65_536;
    let plugin = match guest("conformance-go") {
        Ok(component) => {
            let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
            runtime.load(component).await.unwrap()
        }
        Err(error) => return println!("SKIPPED: {error:#}"),
    };
    let present = |row: i64| row % 7 != 3;
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS))),
        (
            "amount",
            Arc::new(
                (0..ROWS)
                    .map(|row| present(row).then_some(row as f64 / 3.0))
                    .collect::<Float64Array>(),
            ),
        ),
        (
            "name",
            Arc::new(
                (0..ROWS)
                    .map(|row| present(row).then(|| format!("name {row}")))
                    .collect::<StringArray>(),
            ),
        ),
        (
            "paid",
            Arc::new((0..ROWS).map(|row| Some(row % 2 == 0)).collect::<BooleanArray>()),
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap();
    let run = Run::builder("tenant", "large").build();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    sandbox.open("rebuild", "{}", &batch.schema()).await.unwrap();
    for _ in 0..100 {
        let output = sandbox.process(batch.clone()).await.unwrap();
        assert_eq!(output.batches, std::slice::from_ref(&batch));
    }
}
