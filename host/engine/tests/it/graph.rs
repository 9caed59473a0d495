//! Jobs of several sources, steps and sinks.
#![allow(clippy::format_collect, reason = "inputs are small and read once")]

use std::collections::BTreeMap;
use std::fs;

use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_engine::{
    Error, Job, JoinHow, JoinStep, MaxRejects, Outcome, PluginStep, Progress, SampleSize, SampleStep, Step,
};

use crate::stage::{causes, engine, plugin};

const ORDERS: &str = "\
id,customer,country,amount,status
1,Ann,DE,10.5,paid
2,Bob,FR,20,open
3,Ann,DE,5,paid
4,Cid,XX,7,paid
5,Bob,FR,1,paid
";
const RATES: &str = "country,rate\nDE,1\nFR,2\nIT,3\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("orders.csv"), ORDERS).expect("written");
        fs::write(folder.path().join("rates.csv"), RATES).expect("written");
        Self(folder)
    }

    fn url(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).expect("readable")
    }

    /// Orders and rates.
    fn job(&self) -> Job {
        Job::new("orders")
            .source("orders", ReadConfig::new(self.url("orders.csv")))
            .source("rates", ReadConfig::new(self.url("rates.csv")))
    }

    /// What comes out of one step over orders and rates, sorted by line.
    async fn outcome(&self, step: Step) -> Result<Vec<String>, Error> {
        let job = self
            .job()
            .step("step", step)
            .sink("out", "step", WriteConfig::new(self.url("out.csv")));
        engine().run(&job, &Progress::default()).await?;
        let text = self.text("out.csv");
        fs::remove_file(self.0.path().join("out.csv")).expect("removed");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..].sort();
        Ok(lines)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn from(name: &str) -> String {
    name.to_owned()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn every_ready_made_step_does_what_it_says() {
    let folder = Folder::new();
    let join = |how, on: &str| {
        Step::Join(JoinStep {
            from: from("orders"),
            with: from("rates"),
            on: vec![(on.to_owned(), "country".to_owned())],
            how,
        })
    };
    let table: Vec<(&str, Step, Vec<&str>)> = vec![
        (
            "sql",
            Step::Sql {
                query: "with p as (select * from orders where status = 'paid') \
                        select country, sum(amount * rate) as total from p join rates using (country) group by country"
                    .to_owned(),
                inputs: BTreeMap::new(),
            },
            vec!["country,total", "DE,15.5", "FR,2.0"],
        ),
        (
            "sql with an input under another name",
            Step::Sql {
                query: "select count(*) as n from o".to_owned(),
                inputs: map(&[("o", "orders")]),
            },
            vec!["n", "5"],
        ),
        (
            "select",
            Step::Select {
                from: from("rates"),
                expressions: words(&["country -- a comment", "rate * 2 as double"]),
            },
            vec!["country,double", "DE,2", "FR,4", "IT,6"],
        ),
        (
            "rename",
            Step::Rename {
                from: from("rates"),
                columns: map(&[("rate", "Rate of \"it\"")]),
            },
            vec!["country,\"Rate of \"\"it\"\"\"", "DE,1", "FR,2", "IT,3"],
        ),
        (
            "cast",
            Step::Cast {
                from: from("rates"),
                columns: map(&[("rate", "decimal(5,2)")]),
            },
            vec!["country,rate", "DE,1.00", "FR,2.00", "IT,3.00"],
        ),
        (
            "filter",
            Step::Filter {
                from: from("rates"),
                predicate: "rate > 1 -- more than one".to_owned(),
            },
            vec!["country,rate", "FR,2", "IT,3"],
        ),
        (
            "dedupe",
            Step::Dedupe {
                from: from("orders"),
                by: words(&["customer"]),
                order_by: words(&["id desc"]),
            },
            vec![
                "id,customer,country,amount,status",
                "3,Ann,DE,5.0,paid",
                "4,Cid,XX,7.0,paid",
                "5,Bob,FR,1.0,paid",
            ],
        ),
        (
            "inner join",
            join(JoinHow::Inner, "country"),
            vec![
                "id,customer,country,amount,status,rate",
                "1,Ann,DE,10.5,paid,1",
                "2,Bob,FR,20.0,open,2",
                "3,Ann,DE,5.0,paid,1",
                "5,Bob,FR,1.0,paid,2",
            ],
        ),
        (
            "full join",
            join(JoinHow::Full, "country"),
            vec![
                "id,customer,country,amount,status,rate",
                ",,IT,,,3",
                "1,Ann,DE,10.5,paid,1",
                "2,Bob,FR,20.0,open,2",
                "3,Ann,DE,5.0,paid,1",
                "4,Cid,XX,7.0,paid,",
                "5,Bob,FR,1.0,paid,2",
            ],
        ),
        (
            "anti join",
            join(JoinHow::Anti, "country"),
            vec!["id,customer,country,amount,status", "4,Cid,XX,7.0,paid"],
        ),
        (
            "union",
            Step::Union {
                inputs: words(&["rates", "rates"]),
                distinct: true,
            },
            vec!["country,rate", "DE,1", "FR,2", "IT,3"],
        ),
        (
            "aggregate",
            Step::Aggregate {
                from: from("orders"),
                group_by: words(&["upper(status) as status"]),
                values: words(&["count(*) as n", "sum(amount) as total"]),
            },
            vec!["status,n,total", "OPEN,1,20.0", "PAID,4,23.5"],
        ),
        (
            "aggregate of everything",
            Step::Aggregate {
                from: from("orders"),
                group_by: Vec::new(),
                values: words(&["max(id) as last"]),
            },
            vec!["last", "5"],
        ),
        (
            "limit",
            Step::Limit {
                from: from("rates"),
                rows: 0,
                offset: 0,
            },
            vec!["country,rate"],
        ),
        (
            "a sample of everything",
            Step::Sample(SampleStep {
                from: from("rates"),
                size: SampleSize::Share(1.0),
                seed: Some(1),
            }),
            vec!["country,rate", "DE,1", "FR,2", "IT,3"],
        ),
    ];
    for (name, step, expected) in table {
        let got = folder
            .outcome(step)
            .await
            .unwrap_or_else(|error| panic!("{name}: {}", causes(&error)));
        assert_eq!(got, expected, "{name}");
    }
}

#[tokio::test]
async fn sorted_rows_stay_sorted_on_their_way_to_a_file() {
    let folder = Folder::new();
    let sort = Step::Sort {
        from: from("orders"),
        by: words(&["amount desc"]),
    };
    let job = folder
        .job()
        .step("sorted", sort)
        .sink("out", "sorted", WriteConfig::new(folder.url("out.csv")));
    engine().run(&job, &Progress::default()).await.expect("it runs");
    let text = folder.text("out.csv");
    let ids: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids, ["2", "1", "4", "3", "5"]);
}

#[tokio::test]
async fn a_sample_with_a_seed_is_drawn_again() {
    let folder = Folder::new();
    let text: String = std::iter::once("id\n".to_owned())
        .chain((0..10_000).map(|id| format!("{id}\n")))
        .collect();
    fs::write(folder.0.path().join("orders.csv"), text).expect("written");
    let sample = |size, seed| {
        Step::Sample(SampleStep {
            from: from("orders"),
            size,
            seed: Some(seed),
        })
    };
    let first = folder
        .outcome(sample(SampleSize::Share(0.3), 7))
        .await
        .expect("it runs");
    assert!((2_700..3_300).contains(&first.len()), "{}", first.len());
    assert_eq!(
        folder
            .outcome(sample(SampleSize::Share(0.3), 7))
            .await
            .expect("it runs"),
        first
    );
    assert_ne!(
        folder
            .outcome(sample(SampleSize::Share(0.3), 8))
            .await
            .expect("it runs"),
        first
    );
    assert_eq!(
        folder
            .outcome(sample(SampleSize::Rows(50), 7))
            .await
            .expect("it runs")
            .len(),
        51
    );
}

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
async fn mistakes_are_told_apart() {
    let folder = Folder::new();
    let sql = |query: &str| Step::Sql {
        query: query.to_owned(),
        inputs: BTreeMap::new(),
    };
    let table = [
        (sql("select * from oders"), "`step` reads `oders`"),
        (sql("select nme from orders"), "nme"),
        (sql("selec 1"), "step `step` cannot be planned"),
        (sql("drop table orders"), "DDL not supported"),
        (sql("copy orders to '/tmp/x.csv'"), "DML not supported"),
        (sql("set x = 1"), "Statement not supported"),
        (sql("select * from information_schema.tables"), "names without a dot"),
        (
            Step::Rename {
                from: from("rates"),
                columns: map(&[("rat", "x")]),
            },
            "there is no column `rat`; the columns are country, rate",
        ),
        (
            Step::Join(JoinStep {
                from: from("orders"),
                with: from("orders"),
                on: vec![("id".to_owned(), "id".to_owned())],
                how: JoinHow::Inner,
            }),
            "both inputs have a column `customer`",
        ),
        (
            Step::Sample(SampleStep {
                from: from("orders"),
                size: SampleSize::Share(2.0),
                seed: None,
            }),
            "from 0 to 1, not 2",
        ),
    ];
    for (step, expected) in table {
        let shown = format!("{step:?}");
        let error = folder.outcome(step).await.expect_err(&shown);
        assert!(causes(&error).contains(expected), "{shown}: {}", causes(&error));
        assert_eq!(error.outcome(), Outcome::Refused, "{shown}");
        assert!(!folder.0.path().join("out.csv").exists(), "{shown}");
    }
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
