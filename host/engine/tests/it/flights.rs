//! Runs jobs with a real plugin: the one of the flights example.

use std::fs;
use std::path::Path;
use std::time::Duration;

use datafusion::prelude::SessionContext;
use tenon_connect::file::{self, Mode, ReadConfig, ReadOptions, WriteConfig};
use tenon_engine::{Error, MaxRejects, Outcome, Phase, Progress, Status, Transform};

use crate::stage::{engine, plugin};

/// Header and rows as in the example's data: two plain flights, an impossible one, a cancelled one.
const FLIGHTS: &str = "\
year,dep_delay,arr_delay,carrier,tailnum,air_time,distance
2013,2,11,UA,N14228,227,1400
2013,4,20,UA,n24211,227,1416
2013,9,-14,DL,N666DN,65,762
2013,NA,NA,EV,NA,NA,229
";

pub(crate) fn files(job: &mut Transform) -> &mut ReadConfig {
    job.source.file_mut().expect("files")
}

pub(crate) fn target(job: &mut Transform) -> &mut WriteConfig {
    job.sink.file_mut().expect("files")
}

fn job(folder: &Path, text: &str) -> Transform {
    let source = folder.join("flights.csv");
    fs::write(&source, text).expect("written");
    let mut config = ReadConfig::new(source.to_string_lossy());
    config.csv.null = vec!["NA".to_owned()];
    Transform::new(
        plugin("flights"),
        config,
        WriteConfig::new(folder.join("out/").to_string_lossy()),
    )
}

/// The real flights.
fn all_flights(folder: &Path) -> Transform {
    let mut job = job(folder, "");
    files(&mut job).url = format!("{}/../../examples/flights/flights.csv.gz", env!("CARGO_MANIFEST_DIR"));
    job
}

fn visible(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort_unstable();
    names
}

async fn query(url: &str, sql: &str) -> Vec<Vec<String>> {
    let session = SessionContext::new();
    let source = file::open(&ReadConfig::new(url), &ReadOptions::default(), &session)
        .await
        .expect("opened");
    session.register_table("t", source.table()).expect("registered");
    let batches = session.sql(sql).await.expect("planned").collect().await.expect("read");
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let value = |column: &arrow::array::ArrayRef| {
                arrow::util::display::array_value_to_string(column, row).expect("printable")
            };
            rows.push(batch.columns().iter().map(value).collect());
        }
    }
    rows
}

#[tokio::test]
async fn rows_are_transformed_and_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), FLIGHTS);
    job.rejects = Some(WriteConfig::new(folder.path().join("rejected.csv").to_string_lossy()).into());
    let progress = Progress::default();
    let report = engine().run(&job.job(), &progress).await.expect("it runs");

    assert_eq!((report.rows_in, report.rows_out, report.rows_rejected), (4, 3, 1));
    assert_eq!(
        (report.status, progress.phase(), progress.rows_out()),
        (Status::Succeeded, Phase::Done, 3)
    );
    assert_eq!(
        (report.plugins[0].function.as_str(), report.files_read),
        ("categorise", 1)
    );
    // One told the columns, one took the rows: partitions without rows need none.
    // Two of them when the plan was made: with all columns, and with those that the function reads.
    assert_eq!(report.sandboxes, 3);
    assert!(report.rows_per_second > 0.0 && report.seconds.sandbox > 0.0 && report.bytes_written > 0);
    assert_eq!(visible(&folder.path().join("out")).len(), 1);
    assert_eq!(
        query(
            &job.sink.place(),
            "select arr_delay, tailnum, delay_category from t order by arr_delay"
        )
        .await,
        [
            ["11", "N14228", "on time"],
            ["20", "N24211", "late"],
            ["", "", "cancelled"]
        ]
    );
    let rejected = fs::read_to_string(folder.path().join("rejected.csv")).expect("readable");
    assert_eq!(
        rejected,
        "year,dep_delay,arr_delay,carrier,tailnum,air_time,distance,rejected_by,rejected_row,rejected_because\n\
         2013,9,-14,DL,N666DN,65,762,flights,2,\"762 miles in 65 minutes are 703 mph, above 700\"\n"
    );
}

#[tokio::test]
async fn the_configuration_reaches_the_function() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), FLIGHTS);
    job.function = Some("categorise".to_owned());
    job.config = serde_json::json!({ "late_after": 5 });
    engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    let late = query(
        &job.sink.place(),
        "select count(*) from t where delay_category = 'late'",
    )
    .await;
    assert_eq!(late, [["2"]]);
}

#[tokio::test]
async fn a_large_file_keeps_every_partition_busy() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = all_flights(folder.path());
    job.partitions = Some(3);
    let report = engine().run(&job.job(), &Progress::default()).await.expect("it runs");
    assert_eq!(
        (report.rows_in, report.rows_out, report.rows_rejected),
        (336_776, 336_771, 5)
    );
    assert_eq!((report.partitions, report.files_written.len()), (3, 3));
    // One for each partition, and two that told the columns: all, and those that the function reads.
    assert_eq!(report.sandboxes, 5);
    assert_eq!(
        query(&job.sink.place(), "select count(*), sum(distance) from t").await,
        [["336771", "350213427"]]
    );
}

#[tokio::test]
async fn one_partition_of_parquet_is_spread_over_sandboxes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = all_flights(folder.path());
    target(&mut first).url = folder.path().join("flights.parquet").to_string_lossy().into_owned();
    first.partitions = Some(2);
    let report = engine().run(&first.job(), &Progress::default()).await.expect("it runs");
    assert_eq!((report.files_written.len(), report.rows_out), (1, 336_771));

    let mut second = job(folder.path(), "");
    second.source = ReadConfig::new(first.sink.place()).into();
    second.partitions = Some(2);
    let report = engine()
        .run(&second.job(), &Progress::default())
        .await
        .expect("it runs");
    assert_eq!(
        (report.rows_in, report.rows_rejected, report.partitions),
        (336_771, 0, 2)
    );
}

#[tokio::test]
async fn too_many_rejected_rows_end_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), FLIGHTS);
    job.max_rejects = Some(MaxRejects::Rows(0));
    let rejected = folder.path().join("rejected.ndjson");
    job.rejects = Some(WriteConfig::new(rejected.to_string_lossy()).into());
    let error = engine()
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("one was rejected");
    assert!(matches!(error, Error::TooManyRejects { limit: 0, .. }), "{error}");
    assert_eq!(error.outcome(), Outcome::Limit);
    assert_eq!(visible(folder.path()), ["flights.csv"]);
}

#[tokio::test]
async fn a_failed_source_leaves_nothing_and_names_the_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), &format!("{FLIGHTS}2013,x,1,UA,N14228,227,1400\n"));
    files(&mut job).infer_rows = 1;
    let error = engine()
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("a value does not fit");
    let source = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(
        source.contains("flights.csv, line 6: column `dep_delay` holds `x`"),
        "{source}"
    );
    assert_eq!(visible(folder.path()), ["flights.csv"]);
}

#[tokio::test]
async fn what_is_refused_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = job(folder.path(), FLIGHTS);
    let refusal = async |job: Transform| {
        let error = engine()
            .run(&job.job(), &Progress::default())
            .await
            .expect_err("refused");
        assert_eq!(error.outcome(), Outcome::Refused, "{error}");
        assert_eq!(visible(folder.path()), ["flights.csv"]);
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    };

    let mut unknown = good.clone();
    unknown.function = Some("categorize".to_owned());
    assert!(refusal(unknown).await.ends_with("it has the functions `categorise`"));
    let mut wrong = good.clone();
    wrong.config = serde_json::json!({ "late_afer": 5 });
    let message = refusal(wrong).await;
    assert!(
        message.starts_with("the step `flights` cannot start") && message.contains("late_afer"),
        "{message}"
    );
    let mut missing = good.clone();
    files(&mut missing).url = folder.path().join("none.csv").to_string_lossy().into_owned();
    assert!(refusal(missing).await.contains("there is no file or folder"));
    let mut nothing = good.clone();
    nothing.plugin = folder.path().join("none.wasm");
    assert!(refusal(nothing).await.starts_with("the plugin "));
    let mut other = good.clone();
    other.plugin = folder.path().join("flights.csv");
    assert!(
        refusal(other)
            .await
            .contains("neither a WebAssembly component nor a core module")
    );
    let mut column = good;
    files(&mut column).csv.header = false;
    assert!(refusal(column).await.contains("dep_delay"));
}

#[tokio::test]
async fn a_job_does_not_replace_what_it_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut over_itself = job(folder.path(), FLIGHTS);
    target(&mut over_itself).mode = Mode::Overwrite;
    let mut over_its_folder = over_itself.clone();
    let mut rejects_over_it = over_itself.clone();
    let mut rejects_in_the_sink = over_itself.clone();
    target(&mut over_itself).url = over_itself.source.place();
    target(&mut over_its_folder).url = format!("{}/", folder.path().display());
    let over_source = WriteConfig {
        mode: Mode::Overwrite,
        ..WriteConfig::new(rejects_over_it.source.place())
    };
    rejects_over_it.rejects = Some(over_source.into());
    let inside = folder.path().join("out/rejected.ndjson").to_string_lossy().into_owned();
    rejects_in_the_sink.rejects = Some(WriteConfig::new(inside).into());
    for job in [over_itself, over_its_folder, rejects_over_it, rejects_in_the_sink] {
        let error = engine()
            .run(&job.job(), &Progress::default())
            .await
            .expect_err("refused");
        assert!(
            matches!(error, Error::Conflict { .. }) && error.outcome() == Outcome::Refused,
            "{error}"
        );
        assert_eq!(visible(folder.path()), ["flights.csv"]);
        assert_eq!(
            fs::read_to_string(folder.path().join("flights.csv")).expect("readable"),
            FLIGHTS
        );
    }
}

#[tokio::test]
async fn modes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path(), FLIGHTS);
    let engine = engine();
    engine.run(&job.job(), &Progress::default()).await.expect("it runs");
    let error = engine
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("there are data");
    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
    target(&mut job).mode = Mode::Ignore;
    let report = engine
        .run(&job.job(), &Progress::default())
        .await
        .expect("it is skipped");
    assert_eq!((report.status, report.rows_in), (Status::Skipped, 0));
    target(&mut job).mode = Mode::Append;
    engine.run(&job.job(), &Progress::default()).await.expect("it runs");
    assert_eq!(query(&job.sink.place(), "select count(*) from t").await, [["6"]]);
    target(&mut job).mode = Mode::Overwrite;
    engine.run(&job.job(), &Progress::default()).await.expect("it runs");
    assert_eq!(query(&job.sink.place(), "select count(*) from t").await, [["3"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = all_flights(folder.path());
    let inputs = copies(&files(&mut job).url);
    files(&mut job).url = inputs.path().to_string_lossy().into_owned();
    let rejected = folder.path().join("rejected.ndjson");
    job.rejects = Some(WriteConfig::new(rejected.to_string_lossy()).into());
    let progress = Progress::default();
    let watched = progress.clone();
    let stop = async {
        while watched.rows_in() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let error = engine()
        .run_until(&job.job(), &progress, stop)
        .await
        .expect_err("stopped");
    assert!(matches!(error, Error::Cancelled), "{error}");
    let read = progress.rows_in();
    assert!(
        0 < read && read < COPIES * 336_776,
        "it was stopped half-way, after {read} rows"
    );
    let everything: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry"))
        .collect();
    assert_eq!(everything.len(), 1, "{everything:?}");
}

const COPIES: u64 = 8;

/// A folder with copies of a file, so that reading all takes a while.
fn copies(file: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for copy in 0..COPIES {
        fs::copy(file, folder.path().join(format!("{copy}.csv.gz"))).expect("copied");
    }
    folder
}

#[tokio::test]
async fn a_timeout_ends_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = all_flights(folder.path());
    job.timeout = Some(Duration::from_millis(1));
    let error = engine()
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("too slow");
    assert!(
        matches!(error, Error::Timeout { .. }) && error.outcome() == Outcome::Limit,
        "{error}"
    );
    assert_eq!(visible(folder.path()), ["flights.csv"]);
}

#[tokio::test]
async fn a_limit_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = all_flights(folder.path());
    job.limits.out_bytes = 1000;
    let error = engine()
        .run(&job.job(), &Progress::default())
        .await
        .expect_err("too much");
    assert_eq!(error.outcome(), Outcome::Limit, "{error}");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(cause.contains("`out_bytes`"), "{cause}");
    assert_eq!(visible(folder.path()), ["flights.csv"]);
}
