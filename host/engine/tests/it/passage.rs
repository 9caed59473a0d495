//! What passes by a function that says which columns it reads; what sandboxes take of the run's memory; what guests keep.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_engine::{Commitment, Error, Job, Ledger, MaxRejects, Outcome, PluginStep, Progress, Step};

use crate::stage::{engine, plugin};

const FLIGHTS: &str = "\
year,dep_delay,arr_delay,carrier,tailnum,air_time,distance,origin
2013,2,11,UA,N14228,227,1400,EWR
2013,4,20,UA,n24211,227,1416,LGA
2013,9,-14,DL,N666DN,65,762,LGA
2013,1,1,DL,N668DN,116,762,JFK
";

fn url(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

/// Carriers and delay categories of flights from one airport, out of Parquet.
async fn job(folder: &Path) -> Job {
    fs::write(folder.join("flights.csv"), FLIGHTS).expect("written");
    let to_parquet = Job::new("to_parquet")
        .source("flights", ReadConfig::new(url(folder, "flights.csv")))
        .sink("parquet", "flights", WriteConfig::new(url(folder, "flights.parquet")));
    engine().run(&to_parquet, &Progress::default()).await.expect("it runs");
    let query = "select carrier, delay_category from clean where origin = 'LGA' and delay_category <> 'none'";
    let late = Step::Sql {
        query: query.to_owned(),
        inputs: BTreeMap::new(),
    };
    Job::new("late")
        .source("flights", ReadConfig::new(url(folder, "flights.parquet")))
        .step("clean", PluginStep::new("flights", plugin("flights")))
        .step("late", late)
        .sink("out", "late", WriteConfig::new(url(folder, "out.csv")))
}

/// The lines of the plan that are about the function and about the file.
async fn plan(job: &Job) -> (String, String) {
    let explained = engine().explain(job).await.expect("explained");
    let text: Vec<String> = explained.into_iter().map(|(_, plan)| plan).collect();
    let text = text.join("\n");
    let line = |word: &str| {
        text.lines()
            .find(|line| line.contains(word))
            .expect("a line")
            .to_owned()
    };
    assert!(text.find("PluginExec") < text.find("DataSourceExec"), "{text}");
    (text.clone(), line("DataSourceExec"))
}

#[tokio::test]
async fn columns_that_nobody_wants_are_not_read_and_conditions_are_tested_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let job = job(folder.path()).await;
    let (plan, scan) = plan(&job).await;
    assert!(
        scan.contains("projection=[dep_delay, arr_delay, carrier, tailnum, air_time, distance, origin]"),
        "`year` is neither read by the function nor wanted: {scan}"
    );
    assert!(scan.contains("predicate=origin@7 = LGA"), "{scan}");
    let (condition, function) = (plan.find("delay_category@"), plan.find("PluginExec"));
    assert!(
        condition.is_some() && condition < function,
        "what the function makes is tested after it: {plan}"
    );

    let report = engine().run(&job, &Progress::default()).await.expect("it runs");
    let text = fs::read_to_string(folder.path().join("out.csv")).expect("readable");
    // The other flight from there covered 762 miles in 65 minutes.
    assert_eq!(text, "carrier,delay_category\nUA,late\n");
    assert_eq!(report.rows_rejected, 1);
}

#[tokio::test]
async fn where_rejected_rows_matter_the_function_sees_all_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = job(folder.path())
        .await
        .rejects("bad", "clean", WriteConfig::new(url(folder.path(), "bad.ndjson")));
    let (_, scan) = plan(&kept).await;
    assert!(!scan.contains("predicate="), "{scan}");
    fs::remove_file(folder.path().join("flights.parquet")).expect("removed");
    let mut limited = job(folder.path()).await;
    limited.max_rejects = Some(MaxRejects::Rows(5));
    let (_, scan) = plan(&limited).await;
    assert!(!scan.contains("predicate="), "{scan}");
}

#[tokio::test]
async fn a_sandbox_that_does_not_fit_into_the_memory_of_the_run_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut job = job(folder.path()).await;
    job.memory = Some(1 << 20);
    let error = engine()
        .run(&job, &Progress::default())
        .await
        .expect_err("it does not fit");
    assert!(
        matches!(&error, Error::Memory { step, limit, .. } if step == "clean" && *limit == 1 << 20),
        "{error}"
    );
    assert!(error.to_string().contains("raise the job's `memory`"), "{error}");
    assert_eq!(error.outcome(), Outcome::Limit);
    assert!(!folder.path().join("out.csv").exists());
    job.memory = Some(64 << 20);
    engine().run(&job, &Progress::default()).await.expect("it fits");
}

/// Keeps what is committed, as a history does.
#[derive(Debug, Default)]
struct Kept(Mutex<Option<Commitment>>);

#[async_trait]
impl Ledger for Kept {
    async fn prepared(&self, commitment: &Commitment) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        *self.0.lock().expect("unpoisoned") = Some(commitment.clone());
        Ok(())
    }

    async fn committed(&self, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

#[tokio::test]
async fn what_guests_keep_goes_with_the_commit() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("n.csv"), "id\n1\n").expect("written");
    let step = PluginStep {
        function: Some("services".to_owned()),
        config: serde_json::json!({ "state": "runs" }),
        ..PluginStep::new("n", plugin("echo"))
    };
    let with_query = |query: &str, name: &str| {
        let query = Step::Sql {
            query: query.to_owned(),
            inputs: BTreeMap::new(),
        };
        Job::new("keeps")
            .source("n", ReadConfig::new(url(folder.path(), "n.csv")))
            .step("counted", step.clone())
            .step("out", query)
            .sink("sink", "out", WriteConfig::new(url(folder.path(), name)))
    };
    let kept = Arc::new(Kept::default());
    let engine = engine().ledger(Arc::clone(&kept) as Arc<dyn Ledger>);
    let mut job = with_query("select state from counted", "first.csv");
    engine.run(&job, &Progress::default()).await.expect("it runs");
    job.state = kept.0.lock().expect("unpoisoned").take().expect("committed").state;
    assert_eq!(job.state, BTreeMap::from([("runs".to_owned(), b"1".to_vec())]));

    // One that fails after the function has counted on leaves nothing.
    let mut failing = with_query(
        "select cast(concat(state, 'x') as bigint) as x from counted",
        "failed.csv",
    );
    failing.state = job.state.clone();
    engine.run(&failing, &Progress::default()).await.expect_err("it fails");
    assert!(kept.0.lock().expect("unpoisoned").is_none());

    let mut next = with_query("select state from counted", "next.csv");
    next.state = job.state;
    engine.run(&next, &Progress::default()).await.expect("it runs");
    let text = fs::read_to_string(folder.path().join("next.csv")).expect("readable");
    assert_eq!(text, "state\n1\n");
    let state = kept.0.lock().expect("unpoisoned").take().expect("committed").state;
    assert_eq!(state["runs"], b"2");
}
