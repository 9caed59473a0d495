//! Jobs that a component drives itself: the test guest `script`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tenon_connect::SourceConfig;
use tenon_connect::file::ReadConfig;
use tenon_engine::{Error, Finished, Incremental, Job, MaxRejects, Outcome, Progress, Report, Script, Status};

use crate::stage::{causes, engine, plugin};

const ROWS: i64 = 100_000;

/// A folder with `rows.csv`, numbered from 1.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text: String = std::iter::once("n\n".to_owned())
        .chain((1..=ROWS).map(|n| format!("{n}\n")))
        .collect();
    fs::write(folder.path().join("rows.csv"), text).expect("written");
    folder
}

/// A job that runs one case of the guest, within `folder`.
fn job(folder: &Path, case: &str) -> Job {
    let mut script = Script::new(plugin("script"));
    script.places = vec![shown(folder).parse().expect("a place")];
    let mut job = Job::new("script");
    job.script = Some(script);
    job.partitions = Some(4);
    for (name, value) in [
        ("case", case.to_owned()),
        ("from", shown(&folder.join("rows.csv"))),
        ("to", shown(&folder.join("out"))),
        ("rejects", shown(&folder.join("rejected.csv"))),
    ] {
        job.parameters.insert(name.to_owned(), value);
    }
    job
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

async fn run(job: &Job) -> Result<Report, Error> {
    engine().run(job, &Progress::default()).await
}

/// What is visible in a folder besides the input.
fn visible(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names
        .filter(|name| name != "rows.csv" && !name.starts_with(['.', '_']))
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_calls_its_functions_and_writes() {
    let folder = folder();
    let report = run(&job(folder.path(), "lake_writes")).await.expect("it runs");
    assert_eq!(report.status, Status::Succeeded);
    assert_eq!((report.rows_in, report.rows_out), (ROWS as u64, ROWS as u64 - 10));
    assert_eq!(
        report.steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(),
        ["filter", "times"]
    );
    assert!(
        report.sandboxes > 1,
        "its functions run in sandboxes of their own: {report:?}"
    );
    assert_eq!(report.sinks.len(), 1);
    let rows = shown(&folder.path().join("rows.csv"));
    assert_eq!(
        report.read.iter().map(SourceConfig::file_url).collect::<Vec<_>>(),
        [Some(rows.as_str())]
    );
    assert_eq!(visible(&folder.path().join("out")).len(), report.files_written.len());

    let again = run(&job(folder.path(), "lake_writes"))
        .await
        .expect_err("there are data");
    assert_eq!(again.outcome(), Outcome::Refused, "{again}");
    assert!(causes(&again).contains("already"), "{}", causes(&again));

    let mut again = job(folder.path(), "lake_writes");
    again.own.clone_from(&report.written);
    let again = run(&again).await.expect("what is its own is replaced");
    assert_eq!(visible(&folder.path().join("out")).len(), again.files_written.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_sees_counts_rows_columns_and_errors() {
    let folder = folder();
    let error = run(&job(folder.path(), "lake_looks"))
        .await
        .expect_err("it tells what it saw");
    let told = causes(&error);
    for seen in [
        format!("4 of {ROWS} rows, 4 pairs").as_str(),
        // 2 + 4 + 2 + 4 + 6 + 8 of even numbers, 1 + 3 of odd ones.
        "totals [26, 4]",
        "columns [\"c\"]",
    ] {
        assert!(told.contains(seen), "{told}; expected {seen}");
    }
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("BadConfig: ")).collect();
    for (line, text) in lines.iter().zip([
        "named m",
        "`c`",
        "not supported",
        "no function `nothing`",
        "no plugin `nobody`",
        "nothing rejects",
        "no connector `kafka`",
    ]) {
        assert!(line.to_lowercase().contains(text), "{line}; expected {text}");
    }
    assert_eq!(lines.len(), 7, "{told}");
    assert!(visible(folder.path()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_a_frame() {
    let folder = folder();
    let report = run(&job(folder.path(), "lake_rejects")).await.expect("it runs");
    let rejected = fs::read_to_string(folder.path().join("rejected.csv")).expect("written");
    let mut lines = rejected.lines();
    assert_eq!(lines.next(), Some("n,rejected_by,rejected_row,rejected_because"));
    assert_eq!(lines.clone().count() as i64, ROWS / 2);
    assert!(lines.all(|line| line.contains(",even,") && line.ends_with("it is odd")));
    assert_eq!(report.sinks.len(), 2);
    assert_eq!(report.rows_rejected, ROWS as u64 / 2);

    let mut strict = job(folder.path(), "lake_rejects");
    strict
        .parameters
        .insert("to".to_owned(), shown(&folder.path().join("strict")));
    strict
        .parameters
        .insert("rejects".to_owned(), shown(&folder.path().join("strict.csv")));
    strict.max_rejects = Some(MaxRejects::Rows(10));
    let error = run(&strict).await.expect_err("too many");
    assert_eq!(error.outcome(), Outcome::Limit, "{}", causes(&error));
    assert_eq!(visible(folder.path()), ["out", "rejected.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_writes_appear_together_and_not_in_one_place() {
    let folder = folder();
    let report = run(&job(folder.path(), "lake_writes_twice")).await.expect("it runs");
    assert_eq!(visible(&folder.path().join("out")), ["all", "three"]);
    assert_eq!(report.rows_out, ROWS as u64 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_run_has_left_goes_where_a_script_writes_again() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("made");
    let left = [".tenon-gone.00000-1-0.staged", ".tenon-gone.prepared"].map(|name| out.join(name));
    for file in &left {
        fs::write(file, "").expect("written");
    }
    let mut job = job(folder.path(), "lake_writes");
    job.dead = vec!["gone".to_owned()];
    run(&job).await.expect("it runs");
    assert!(!visible(&out).is_empty());
    for file in &left {
        assert!(!file.exists(), "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_fails_has_written_nothing_however_often_it_is_tried() {
    let folder = folder();
    let mut job = job(folder.path(), "lake_writes_and_fails");
    job.retries.max = 2;
    job.retries.initial = Duration::from_millis(1);
    let progress = Progress::default();
    let error = engine().run(&job, &progress).await.expect_err("it fails");
    assert_eq!(error.outcome(), Outcome::Failed);
    assert!(causes(&error).contains("the moon is in the way"), "{}", causes(&error));
    assert_eq!(progress.attempt(), 3);
    assert!(visible(folder.path()).is_empty(), "{:?}", visible(folder.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_stays_where_it_was_put() {
    let folder = folder();
    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::copy(folder.path().join("rows.csv"), elsewhere.path().join("rows.csv")).expect("copied");
    for (parameter, value) in [
        ("from", shown(&elsewhere.path().join("rows.csv"))),
        ("from", shown(&folder.path().join("../*/rows.csv"))),
        ("from", "http://127.0.0.1:1/rows.csv".to_owned()),
        ("to", shown(&elsewhere.path().join("out"))),
    ] {
        let mut job = job(folder.path(), "lake_writes");
        job.parameters.insert(parameter.to_owned(), value);
        let error = run(&job).await.expect_err("refused");
        assert!(causes(&error).contains("may not use"), "{}", causes(&error));
    }
    assert_eq!(visible(elsewhere.path()), Vec::<String>::new());

    // What the job itself names needs no grant.
    let mut named = job(folder.path(), "lake_writes");
    named.parameters.insert("from".to_owned(), "numbers".to_owned());
    let named = named.source("numbers", ReadConfig::new(shown(&elsewhere.path().join("rows.csv"))));
    assert_eq!(run(&named).await.expect("it runs").rows_in, ROWS as u64);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_lead_no_confined_script_out_of_its_places() {
    let (folder, elsewhere) = (folder(), folder());
    for below in ["mixed", "out"] {
        fs::create_dir(folder.path().join(below)).expect("made");
        let link = folder.path().join(below).join("linked.csv");
        std::os::unix::fs::symlink(elsewhere.path().join("rows.csv"), link).expect("linked");
    }
    let reads = |confined| {
        let mut job = job(folder.path(), "lake_reads");
        job.parameters
            .insert("from".to_owned(), shown(&folder.path().join("mixed/")));
        confine(&mut job, confined);
        job
    };
    // Whoever has the machine to themselves may have links as they like.
    run(&reads(false)).await.expect("it runs");
    let error = run(&reads(true)).await.expect_err("refused");
    assert!(causes(&error).contains("leads out of the folder"), "{}", causes(&error));

    let mut writes = job(folder.path(), "lake_writes");
    confine(&mut writes, true);
    let error = run(&writes).await.expect_err("refused");
    assert!(causes(&error).contains("it is a link"), "{}", causes(&error));
    assert_eq!(
        fs::read_to_string(elsewhere.path().join("rows.csv"))
            .expect("there")
            .lines()
            .count() as i64,
        ROWS + 1
    );
}

fn confine(job: &mut Job, confined: bool) {
    job.script.as_mut().expect("a script").confined = confined;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_may_use_other_plugins_and_may_not_replace_what_it_reads() {
    let folder = folder();
    let report = run(&job(folder.path(), "lake_masks")).await.expect("it runs");
    assert_eq!(report.plugins[0].plugin, "mask");
    let error = run(&job(folder.path(), "lake_replaces")).await.expect_err("refused");
    assert!(causes(&error).contains("which it reads"), "{}", causes(&error));
    assert_eq!(
        fs::read_to_string(folder.path().join("rows.csv"))
            .expect("there")
            .lines()
            .count() as i64,
        ROWS + 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_script_leaves_nothing() {
    let folder = folder();
    let progress = Progress::default();
    let stop = async {
        while progress.sinks().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let engine = engine();
    let job = job(folder.path(), "lake_waits");
    let ended = tokio::time::timeout(Duration::from_secs(60), engine.run_until(&job, &progress, stop));
    let error = ended.await.expect("in time").expect_err("stopped");
    assert!(matches!(error, Error::Cancelled), "{}", causes(&error));
    assert!(visible(folder.path()).is_empty(), "{:?}", visible(folder.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_reads_what_is_new_of_the_jobs_sources() {
    let folder = folder();
    let source = ReadConfig::new(shown(&folder.path().join("*.csv")));
    let mut job = job(folder.path(), "lake_writes").source("numbers", source);
    job.parameters.insert("from".to_owned(), "numbers".to_owned());
    job.incremental.insert("numbers".to_owned(), Incremental::default());
    let ledger = std::sync::Arc::new(Kept::default());
    let engine = engine().ledger(ledger.clone());
    engine.run(&job, &Progress::default()).await.expect("it runs");
    let commitment = ledger.0.lock().expect("not poisoned")[0].clone();
    let bookmark = commitment.bookmarks["numbers"].clone();

    // As a run that was killed between the commit and its record is finished: nothing is left to do.
    let files = files_below(folder.path());
    for _ in 0..2 {
        let finished = engine.finish(&job, &commitment).await.expect("done already");
        assert!(matches!(finished, Finished::All), "{finished:?}");
        assert_eq!(files_below(folder.path()), files);
    }

    job.incremental.insert(
        "numbers".to_owned(),
        Incremental {
            since: bookmark,
            ..Incremental::default()
        },
    );
    let report = engine.run(&job, &Progress::default()).await.expect("it runs");
    assert_eq!(report.status, Status::NothingNew);
    assert!(report.sinks.is_empty());
}

#[tokio::test]
async fn a_script_has_no_steps_of_the_job() {
    let folder = folder();
    let step = tenon_engine::Step::Limit {
        from: "numbers".to_owned(),
        rows: 1,
        offset: 0,
    };
    let job = job(folder.path(), "lake_writes").step("one", step);
    let error = run(&job).await.expect_err("refused");
    assert_eq!(error.outcome(), Outcome::Refused, "{error}");
    let error = engine()
        .explain(&self::job(folder.path(), "lake_writes"))
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("plans while it runs"), "{error}");
}

#[derive(Debug, Default)]
struct Kept(std::sync::Mutex<Vec<tenon_engine::Commitment>>);

#[async_trait::async_trait]
impl tenon_engine::Ledger for Kept {
    async fn prepared(
        &self,
        commitment: &tenon_engine::Commitment,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().expect("not poisoned").push(commitment.clone());
        Ok(())
    }

    async fn committed(&self, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// Every file with its content.
fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).expect("readable"));
        }
    }
    files
}
