//! The ready-made steps, each by itself.

use std::collections::BTreeMap;
use std::fs;

use tenon_connect::file::WriteConfig;
use tenon_engine::{JoinHow, JoinStep, Outcome, Progress, SampleSize, SampleStep, Step};

use super::{Folder, from, map, words};
use crate::stage::{causes, engine};

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
            "sql in capitals",
            Step::Sql {
                query: "SELECT COUNT(*) AS n FROM ORDERS AS o JOIN R ON o.country = R.country".to_owned(),
                inputs: map(&[("r", "rates")]),
            },
            vec!["n", "4"],
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
