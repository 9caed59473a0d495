//! A sandbox's life: opening, calling, failing, services, pool and cancellation, with the guest `echo`.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the answer")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, Int64Array, NullArray, RecordBatch};
use arrow::datatypes::Int64Type;
use tenon_runtime::{
    CacheConfig, Clock, Error, ErrorKind, Level, Limits, Plugin, PoolConfig, Randomness, Run, Runtime, RuntimeConfig,
    Sandbox,
};
use tenon_tests::guests::guest;

fn numbers(rows: i64) -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from_iter_values(0..rows)) as _)]).unwrap()
}

async fn echo(config: RuntimeConfig) -> (Runtime, Plugin) {
    let runtime = Runtime::new(config).unwrap();
    let plugin = runtime.load(guest("echo").unwrap()).await.unwrap();
    (runtime, plugin)
}

async fn opened(plugin: &Plugin, run: &Arc<Run>, function: &str, config: &str) -> Sandbox {
    let mut sandbox = plugin.checkout(run).await.unwrap();
    sandbox.open(function, config, &numbers(0).schema()).await.unwrap();
    sandbox
}

#[tokio::test]
async fn functions_describe_themselves() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    assert!(plugin.interfaces().transform && !plugin.interfaces().job);
    let reject = plugin
        .functions()
        .iter()
        .find(|function| function.name == "reject_odd")
        .unwrap();
    assert!(
        reject.stateless && reject.doc.starts_with("Refuses rows 1, 3, 5"),
        "{reject:?}"
    );
    let read = plugin
        .functions()
        .iter()
        .find(|function| function.name == "read")
        .unwrap();
    let schema: serde_json::Value = serde_json::from_str(&read.config).unwrap();
    assert!(schema["properties"]["columns"].is_object(), "{schema}");
}

#[tokio::test]
async fn rejected_rows_come_back_by_number() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let run = Run::builder("t", "rejects").build();
    let mut sandbox = opened(&plugin, &run, "reject_odd", "{}").await;
    let output = sandbox.process(numbers(5)).await.unwrap();
    assert_eq!(
        output
            .rejected
            .iter()
            .map(|rejection| rejection.row)
            .collect::<Vec<_>>(),
        [1, 3]
    );
    assert_eq!(output.rejected[0].reason, "row 1 is odd");
    assert_eq!(
        output.batches[0].column(0).as_primitive::<Int64Type>().values(),
        &[0, 2, 4]
    );
    let used = run.statistics();
    assert_eq!(
        (used.rows_in, used.rows_out, used.rows_rejected, used.sandboxes),
        (5, 3, 2, 1)
    );
}

#[tokio::test]
async fn rows_returned_by_one_call_are_bounded() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let run = Run::builder("t", "twice").build();
    let nothing = |rows| RecordBatch::try_from_iter([("n", Arc::new(NullArray::new(rows)) as _)]).unwrap();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    sandbox.open("twice", "{}", &nothing(0).schema()).await.unwrap();
    assert_eq!(sandbox.process(nothing(1_000)).await.unwrap().batches.len(), 2);
    // Twice nine million rows that weigh nothing: nothing for the guest, a lot for whoever writes them.
    let error = sandbox.process(nothing(9_000_000)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(
        error.to_string().contains("16777216 rows returned by one call"),
        "{error}"
    );
}

#[tokio::test]
async fn every_kind_of_error_arrives_as_itself() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let kinds = [
        ("bad-data", ErrorKind::BadData),
        ("bad-config", ErrorKind::BadConfig),
        ("transient", ErrorKind::Transient),
        ("unsupported", ErrorKind::Unsupported),
        ("denied", ErrorKind::Denied),
        ("limit", ErrorKind::Limit),
        ("internal", ErrorKind::Internal),
    ];
    let run = Run::builder("t", "errors").build();
    for (name, kind) in kinds {
        let config = format!(r#"{{"kind": "{name}", "message": "it broke", "context": ["outer", "inner"]}}"#);
        let mut sandbox = opened(&plugin, &run, "fail", &config).await;
        let error = sandbox.process(numbers(1)).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("outer: inner: it broke"), "{error}");
        assert!(!sandbox.is_spoiled(), "a guest that reports an error is still well");
    }
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    let config = r#"{"kind": "bad-config", "message": "no", "at": "open"}"#;
    let error = sandbox.open("fail", config, &numbers(0).schema()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadConfig);
}

#[tokio::test]
async fn a_panic_is_told_and_spoils_the_sandbox() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let run = Run::builder("t", "panic").build();
    let mut sandbox = opened(&plugin, &run, "fail", r#"{"kind": "panic", "message": "all is lost"}"#).await;
    let error = sandbox.process(numbers(1)).await.unwrap_err();
    assert!(matches!(error, Error::Trapped { .. }), "{error}");
    assert!(error.to_string().contains("all is lost"), "{error}");
    let again = sandbox.process(numbers(1)).await.unwrap_err();
    assert!(matches!(again, Error::Misuse { .. }), "{again}");
    drop(sandbox);
    assert_eq!((plugin.statistics().in_use, plugin.statistics().retired), (0, 1));
}

#[tokio::test]
async fn wrong_configurations_and_names_are_named() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let run = Run::builder("t", "config").build();
    let schema = numbers(0).schema();
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    let error = sandbox.open("read", r#"{"column": ["n"]}"#, &schema).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadConfig);
    assert!(error.to_string().contains("column"), "{error}");
    let mut sandbox = plugin.checkout(&run).await.unwrap();
    let error = sandbox.open("nonsense", "{}", &schema).await.unwrap_err();
    assert!(
        matches!(&error, Error::UnknownFunction { known, .. } if known.len() > 5),
        "{error}"
    );
    let error = sandbox.process(numbers(1)).await.unwrap_err();
    assert!(error.to_string().contains("before `open`"), "{error}");
}

#[tokio::test]
async fn a_run_offers_what_it_was_granted() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let run = Run::builder("t", "services")
        .parameter("year", "2013")
        .secret("salt", "s3cr3t-salt")
        .clock(Clock::Fixed(Duration::from_secs(1_400_000_000)))
        .randomness(Randomness::seeded(1))
        .state(BTreeMap::from([("seen".to_owned(), b"41".to_vec())]))
        .build();
    let config = r#"{"log": "hello s3cr3t-salt", "count": "rows", "parameter": "year", "secret": "salt",
        "state": "seen", "random": 16}"#;
    let mut sandbox = opened(&plugin, &run, "services", config).await;
    sandbox.work_for("ask");
    let output = sandbox.process(numbers(2)).await.unwrap();
    let batch = &output.batches[0];
    let text = |name: &str| {
        batch
            .column_by_name(name)
            .unwrap()
            .as_string::<i32>()
            .value(0)
            .to_owned()
    };
    let number = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(0);
    assert_eq!((text("parameter"), text("state")), ("2013".into(), "41".into()));
    assert_eq!(
        (number("secret_bytes"), number("random_bytes"), number("now")),
        (11, 16, 1_400_000_000)
    );
    assert_eq!(run.state()["seen"], b"42");
    assert!((run.counters()["rows"] - 2.0).abs() < f64::EPSILON);
    let logs = run.logs();
    assert!(
        logs.iter()
            .any(|record| record.level == Level::Warn && record.plugin == "echo"),
        "{logs:?}"
    );
    assert!(
        logs.iter().all(|record| record.step.as_deref() == Some("ask")),
        "{logs:?}"
    );
    assert!(logs.iter().all(|record| !record.message.contains("s3cr3t")), "{logs:?}");

    let bare = Run::builder("t", "bare").build();
    let mut sandbox = opened(&plugin, &bare, "services", r#"{"secret": "salt"}"#).await;
    let error = sandbox.process(numbers(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(
        error.to_string().contains("not granted a secret named `salt`"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_call_stops_the_guest() {
    let (_runtime, plugin) = echo(RuntimeConfig::default()).await;
    let run = Run::builder("t", "cancel")
        .limits(Limits {
            cpu_per_call_ms: 20_000,
            ..Limits::default()
        })
        .build();
    // Long enough to be cut off: a large batch, read and rebuilt.
    let mut sandbox = opened(&plugin, &run, "rebuild", "{}").await;
    let large = numbers(4_000_000);
    let cut = tokio::time::timeout(Duration::from_micros(200), sandbox.process(large)).await;
    if cut.is_err() {
        let error = sandbox.process(numbers(1)).await.unwrap_err();
        assert!(matches!(error, Error::Misuse { .. }), "{error}");
    }
    drop(sandbox);
    assert_eq!(plugin.statistics().in_use, 0);
    let mut sandbox = opened(&plugin, &run, "rebuild", "{}").await;
    assert_eq!(sandbox.process(numbers(3)).await.unwrap().batches[0].num_rows(), 3);
}

#[tokio::test]
async fn the_pool_fills_grows_and_shrinks() {
    let pool = PoolConfig {
        floor: 2,
        ceiling: 8,
        memory_ms: 400,
        ..PoolConfig::default()
    };
    let (runtime, plugin) = echo(RuntimeConfig {
        pool,
        ..RuntimeConfig::default()
    })
    .await;
    let warm = |count: usize| {
        let plugin = plugin.clone();
        async move {
            for _ in 0..6_000 {
                if plugin.statistics().warm == count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            panic!(
                "the pool did not come to {count} warm sandboxes: {:?}",
                plugin.statistics()
            );
        }
    };
    warm(2).await;
    let run = Run::builder("t", "pool").build();
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(plugin.checkout(&run).await.unwrap());
    }
    assert_eq!(plugin.statistics().in_use, 20);
    warm(8).await;
    drop(held);
    warm(2).await;
    assert_eq!(runtime.statistics().in_use, 0);
    assert_eq!(plugin.statistics().checkouts, 20);
    drop((run, plugin, runtime));
}

#[tokio::test]
async fn too_many_sandboxes_wait_and_then_say_so() {
    let pool = PoolConfig {
        in_use: 2,
        wait_ms: 30,
        ..PoolConfig::default()
    };
    let (runtime, plugin) = echo(RuntimeConfig {
        pool,
        ..RuntimeConfig::default()
    })
    .await;
    let run = Run::builder("t", "full").build();
    let held = [
        plugin.checkout(&run).await.unwrap(),
        plugin.checkout(&run).await.unwrap(),
    ];
    let error = plugin.checkout(&run).await.unwrap_err();
    assert!(matches!(error, Error::Saturated { ceiling: 2, .. }), "{error}");
    assert!(error.to_string().contains("`pool.in_use`"), "{error}");
    drop(held);
    assert!(plugin.checkout(&run).await.is_ok());
    assert_eq!(runtime.statistics().waiting, 0);
}

#[tokio::test]
async fn compiled_code_is_cached_and_damage_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let config = || RuntimeConfig {
        cache: CacheConfig {
            folder: Some(folder.path().to_owned()),
            ..CacheConfig::default()
        },
        ..RuntimeConfig::default()
    };
    let (_, first) = echo(config()).await;
    let cached = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|kind| kind == "aot"))
            .unwrap()
    };
    let before = std::fs::read(cached()).unwrap();
    let (_, second) = echo(config()).await;
    assert_eq!(first.digest(), second.digest());
    assert_eq!(first.functions(), second.functions());

    let mut damaged = before.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x40;
    std::fs::write(cached(), damaged).unwrap();
    let (_runtime, third) = echo(config()).await;
    let run = Run::builder("t", "cache").build();
    let mut sandbox = opened(&third, &run, "rebuild", "{}").await;
    assert_eq!(sandbox.process(numbers(3)).await.unwrap().batches[0].num_rows(), 3);
    assert_eq!(
        std::fs::read(cached()).unwrap().len(),
        before.len(),
        "it was compiled and cached again"
    );
}

#[tokio::test]
async fn the_same_file_is_loaded_once() {
    let (runtime, first) = echo(RuntimeConfig::default()).await;
    let second = runtime.load(guest("echo").unwrap()).await.unwrap();
    assert_eq!(runtime.statistics().plugins.len(), 1);
    drop(first);
    assert_eq!(runtime.statistics().plugins.len(), 1);
    drop(second);
    assert!(runtime.statistics().plugins.is_empty());
}
