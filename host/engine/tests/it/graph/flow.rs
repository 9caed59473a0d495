//! Rows from step to step: to several readers, through plugins, and those that are rejected.

use std::collections::BTreeMap;
use std::fs;

use tenon_connect::file::{Format, Mode, ReadConfig, WriteConfig};
use tenon_engine::{Job, MaxRejects, PluginStep, Progress, Step};

use super::{Folder, from};
use crate::stage::{causes, engine, plugin};

#[tokio::test]
async fn what_several_read_is_read_once() {
    let folder = Folder::new();
    let rows: String = (0..200_000)
        .map(|id| format!("{id},{},{}\n", id % 97, id % 3))
        .collect();
    fs::write(folder.0.path().join("orders.csv"), format!("id,k,s\n{rows}")).expect("written");
    // The join reads the step twice, and one side is waited for: the other one's rows have to go somewhere.
    let filter = Step::Filter {
        from: from("orders"),
        predicate: "s <> 0".to_owned(),
    };
    let joined = Step::Sql {
        query: "select a.k, count(*) as n from kept a join kept b on a.id = b.id group by a.k".to_owned(),
        inputs: BTreeMap::new(),
    };
    let job = Job {
        // So little that rows wait on disk.
        memory: Some(24 << 20),
        ..folder
            .job()
            .step("kept", filter)
            .step("joined", joined)
            .sink("a_joined", "joined", WriteConfig::new(folder.url("joined.csv")))
            .sink("b_kept", "kept", WriteConfig::new(folder.url("kept.csv")))
    };
    let report = engine().run(&job, &Progress::default()).await;
    let report = report.unwrap_or_else(|error| panic!("{}", causes(&error)));
    assert_eq!(report.rows_in, 200_000, "read once");
    let kept = (0..200_000_u32).filter(|id| id % 3 != 0).count();
    assert_eq!(folder.text("kept.csv").lines().count(), kept + 1);
    let counted: usize = folder
        .text("joined.csv")
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .nth(1)
                .and_then(|n| n.parse::<usize>().ok())
                .expect("a count")
        })
        .sum();
    assert_eq!(counted, kept);

    let output = tenon_engine::Output {
        feed: tenon_engine::Feed::Rows("joined".to_owned()),
        to: WriteConfig::new(folder.url("x.csv")).into(),
    };
    let job = Job {
        sinks: BTreeMap::from([("x".to_owned(), output)]),
        ..job
    };
    let plans = engine().explain(&job).await.expect("it plans");
    let (name, shared) = &plans[0];
    assert_eq!(name, "kept");
    assert!(!shared.contains("SharedExec"), "{shared}");
    assert!(
        plans[1].1.matches("SharedExec: step=kept").count() == 2,
        "{}",
        plans[1].1
    );
    assert!(!folder.0.path().join("x.csv").exists(), "explaining writes nothing");
}

#[tokio::test]
async fn plugins_and_queries_feed_each_other() {
    let folder = Folder::new();
    let paid = Step::Filter {
        from: from("orders"),
        predicate: "status = 'paid'".to_owned(),
    };
    let masked = PluginStep {
        function: Some("mask".to_owned()),
        config: serde_json::json!({ "columns": ["customer"], "method": "redact" }),
        ..PluginStep::new("paid", plugin("mask"))
    };
    let totals = Step::Sql {
        query: "select customer, sum(amount) as total from masked group by customer".to_owned(),
        inputs: BTreeMap::new(),
    };
    let job = folder
        .job()
        .step("paid", paid)
        .step("masked", masked)
        .step("totals", totals)
        .sink("totals_file", "totals", WriteConfig::new(folder.url("totals.csv")))
        .sink("masked_file", "masked", WriteConfig::new(folder.url("masked.csv")));
    let report = engine().run(&job, &Progress::default()).await;
    let report = report.unwrap_or_else(|error| panic!("{}", causes(&error)));
    // The query in the front is counted by the function that takes its rows, the one at the end by its sink.
    let flows = report.steps.iter();
    let flows: Vec<_> = flows
        .map(|flow| (flow.name.as_str(), flow.rows_in, flow.rows_out))
        .collect();
    assert_eq!(report.rows_in, 5);
    assert_eq!(flows, [("paid", 5, 4), ("masked", 4, 4), ("totals", 4, 1)]);
    assert_eq!(report.sinks.len(), 2);
    assert!(!folder.text("masked.csv").contains("Ann"));
    assert!(
        folder.text("totals.csv").contains("23.5"),
        "{}",
        folder.text("totals.csv")
    );
}

#[tokio::test]
async fn a_share_of_rejected_rows_ends_the_run() {
    let folder = Folder::new();
    let text: String = (0..100).map(|id| format!("{id}\n")).collect();
    fs::write(folder.0.path().join("orders.csv"), format!("id\n{text}")).expect("written");
    let step = PluginStep {
        function: Some("reject_odd".to_owned()),
        ..PluginStep::new("orders", plugin("echo"))
    };
    let job = folder
        .job()
        .step("checked", step)
        .sink("out", "checked", WriteConfig::new(folder.url("out.csv")))
        .rejects("bad", "checked", WriteConfig::new(folder.url("bad.csv")));
    let strict = Job {
        max_rejects: Some(MaxRejects::Share(0.4)),
        ..job.clone()
    };
    let error = engine().run(&strict, &Progress::default()).await.expect_err("too many");
    assert!(
        causes(&error).contains("50 of 100 rows were rejected"),
        "{}",
        causes(&error)
    );
    assert!(!folder.0.path().join("out.csv").exists() && !folder.0.path().join("bad.csv").exists());

    let lenient = Job {
        max_rejects: Some(MaxRejects::Share(0.5)),
        ..job
    };
    let report = engine().run(&lenient, &Progress::default()).await.expect("it runs");
    assert_eq!((report.rows_out, report.rows_rejected), (50, 50));
    let bad = folder.text("bad.csv");
    assert!(
        bad.starts_with("id,rejected_by,rejected_row,rejected_because\n1,checked,1,row 1 is odd\n3,checked,3,"),
        "{bad}"
    );
}

#[tokio::test]
async fn a_job_that_reads_where_it_writes_finishes_the_commit_of_a_run_that_was_killed() {
    let folder = Folder::new();
    let out = folder.0.path().join("out");
    fs::create_dir(&out).expect("made");
    // As a process leaves it that was killed when it had renamed the first of two files.
    let (staged, journal) = (".tenon-dead.00001-1-0.staged", out.join(".tenon-dead.commit"));
    fs::write(out.join("part-00000-dead.csv"), "id\n1\n").expect("written");
    fs::write(out.join(staged), "id\n2\n").expect("written");
    let decided = format!(r#"{{"run":"dead","remove":[],"publish":[["{staged}","part-00001-dead.csv"]]}}"#);
    fs::write(&journal, decided).expect("written");
    let reading = Job::new("again").source("known", ReadConfig::new(folder.url("out/")));

    let elsewhere = WriteConfig::new(folder.url("elsewhere.csv"));
    let job = reading.clone().sink("out", "known", elsewhere);
    let error = engine().run(&job, &Progress::default()).await.expect_err("a part");
    assert!(causes(&error).contains("only a part of what the run dead"), "{error}");
    assert!(journal.exists(), "it is not for this job to finish it");

    let mut there = WriteConfig::new(folder.url("out/"));
    there.mode = Mode::Append;
    there.format = Some(Format::Csv);
    let job = reading.sink("out", "known", there);
    assert!(engine().explain(&job).await.is_err(), "to explain changes nothing");
    assert!(journal.exists());
    let report = engine().run(&job, &Progress::default()).await;
    let report = report.unwrap_or_else(|error| panic!("{}", causes(&error)));
    assert_eq!(report.rows_in, 2, "all that was committed");
    assert!(!journal.exists() && !out.join(staged).exists());
    assert_eq!(folder.text("out/part-00001-dead.csv"), "id\n2\n");
}
