//! Functions of plugins in SQL.

use std::fs;
use std::path::Path;

use tenon_connect::file::{ReadConfig, WriteConfig};
use tenon_engine::{Error, Job, OnRefusal, Outcome, Progress, Report, ScalarFunction, Step};

use crate::stage::{causes, engine, plugin};

const NUMBERS: &str = "id,n,d\n1,10,2\n2,7,0\n3,9,3\n4,,1\n";
const NAMES: &str = "quotient,name\n5,five\n3,three\n";

fn function(name: &str) -> ScalarFunction {
    ScalarFunction {
        function: Some(name.to_owned()),
        ..ScalarFunction::new(plugin("echo"))
    }
}

fn job(folder: &Path, step: Step) -> Job {
    let url = |name: &str| folder.join(name).to_string_lossy().into_owned();
    fs::write(folder.join("numbers.csv"), NUMBERS).expect("written");
    fs::write(folder.join("names.csv"), NAMES).expect("written");
    let divide = ScalarFunction {
        on_error: OnRefusal::Null,
        ..function("divide")
    };
    Job::new("functions")
        .source("numbers", ReadConfig::new(url("numbers.csv")))
        .source("names", ReadConfig::new(url("names.csv")))
        .function("divide", divide)
        .function("strict", function("divide"))
        .function("Next", function("add_one"))
        .step("step", step)
        .sink("out", "step", WriteConfig::new(url("out.csv")))
}

async fn ran(step: Step) -> Result<(Vec<String>, Report), Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let report = engine().run(&job(folder.path(), step), &Progress::default()).await?;
    let text = fs::read_to_string(folder.path().join("out.csv")).expect("readable");
    Ok((text.lines().skip(1).map(str::to_owned).collect(), report))
}

fn sql(query: &str) -> Step {
    Step::Sql {
        query: query.to_owned(),
        inputs: std::collections::BTreeMap::new(),
    }
}

#[tokio::test]
async fn functions_stand_wherever_expressions_do() {
    let cases: &[(&str, &[&str])] = &[
        // Twice in one query, once refused, once without a value, and one in another.
        (
            "select id, divide(n, d) as q, Next(next(id)) as later from numbers order by id",
            &["1,5,3", "2,,4", "3,3,5", "4,,6"],
        ),
        (
            "select id from numbers where divide(n, d) > 4 or divide(n, d) = 3 order by id",
            &["1", "3"],
        ),
        (
            "select name, n.id from numbers n join names m on divide(n.n, n.d) = m.quotient order by n.id",
            &["five,1", "three,3"],
        ),
        (
            "select n.id from numbers n, names m where divide(m.quotient * n.d, n.d) = n.n / n.d and n.d > 0 order by 1",
            &["1", "3"],
        ),
        (
            "select divide(n, d) is null as none, sum(next(id)) as total from numbers group by divide(n, d) is null \
             having sum(next(id)) > 2 order by none",
            &["false,6", "true,8"],
        ),
        (
            "select id from numbers where id in (select divide(n, d) from numbers) order by next(id) desc",
            &["3"],
        ),
        (
            "select id, row_number() over (order by next(n) desc) as place from numbers where n is not null order by id",
            &["1,1", "2,3", "3,2"],
        ),
    ];
    for (query, expected) in cases {
        let (lines, report) = ran(sql(query))
            .await
            .unwrap_or_else(|error| panic!("{query}: {}", causes(&error)));
        assert_eq!(lines, *expected, "{query}");
        assert!(report.sandboxes > 1, "{query}");
    }
    let filter = Step::Filter {
        from: "numbers".to_owned(),
        predicate: "divide(n, d) = 3".to_owned(),
    };
    let (lines, report) = ran(filter).await.expect("it runs");
    assert_eq!(lines, ["3,9,3"]);
    let used: Vec<(&str, &str)> = report
        .plugins
        .iter()
        .map(|used| (used.step.as_str(), used.function.as_str()))
        .collect();
    assert_eq!(used, [("divide()", "divide")]);
    assert_eq!(report.steps[0].rows_in, 4);
}

#[tokio::test]
async fn mistakes_name_the_function() {
    let cases = [
        (
            "select divide(n, name) from numbers join names on true",
            Outcome::Refused,
            "the function `divide` cannot be called with (dividend: Int64, divisor: Utf8)",
        ),
        (
            "select divide(n) from numbers",
            Outcome::Refused,
            "the function `divide` takes 2 values (`dividend`, `divisor`), but is called with 1",
        ),
        (
            "select id, strict(n, d) from numbers",
            Outcome::Failed,
            "the function `strict`, which the step `step` calls, refused a row: division by 0",
        ),
        (
            "select 1 from numbers n join names m on divide(n.n, m.quotient) = 2",
            Outcome::Refused,
            "with columns of both sides; call the function in `where`",
        ),
    ];
    for (query, outcome, expected) in cases {
        let error = ran(sql(query)).await.expect_err(query);
        let text = causes(&error);
        assert!(text.contains(expected), "{query}: {text}");
        assert_eq!(error.outcome(), outcome, "{text}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let job = job(folder.path(), sql("select 1 as x from numbers"));
    for (name, function, expected) in [
        ("upper", function("add_one"), "has the name of one of SQL's own"),
        (
            "pass",
            function("pass"),
            "SQL needs a function that computes one value per row",
        ),
        ("none", function("none"), "has no function `none`"),
    ] {
        let job = job.clone().function(name, function);
        let error = engine().run(&job, &Progress::default()).await.expect_err(name);
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.outcome(), Outcome::Refused);
    }
}

#[tokio::test]
async fn every_partition_has_sandboxes_of_its_own_and_only_the_rows_that_are_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: String = (0..100_000)
        .map(|id| format!("{id},{id},1\n"))
        .collect::<Vec<_>>()
        .concat();
    let mut job = job(
        folder.path(),
        sql("select count(*) as c, sum(next(n)) as s from numbers where id < 50000 and divide(n, d) = n"),
    );
    fs::write(folder.path().join("numbers.csv"), format!("id,n,d\n{rows}")).expect("written");
    job.partitions = Some(3);
    let explained = engine().explain(&job).await.expect("explained");
    let plan = &explained.iter().find(|(name, _)| name == "out").expect("the sink").1;
    let (calls, condition) = (plan.find("=divide("), plan.find("id@0 < 50000"));
    assert!(
        calls.is_some() && calls < condition,
        "the plain condition comes first: {plan}"
    );
    assert!(plan.contains("columns=[id, n, d]"), "{plan}");

    let report = engine().run(&job, &Progress::default()).await.expect("it runs");
    let text = fs::read_to_string(folder.path().join("out.csv")).expect("readable");
    assert_eq!(text, format!("c,s\n50000,{}\n", (1..=50_000_i64).sum::<i64>()));
    let of = |name: &str| {
        report
            .steps
            .iter()
            .find(|flow| flow.name == name)
            .expect("counted")
            .rows_in
    };
    assert_eq!((of("divide()"), of("Next()")), (50_000, 50_000));
    assert!(report.sandboxes >= 2 + 2 * 2, "{}", report.sandboxes);
}
