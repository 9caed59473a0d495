//! Parts, snapshots, predicates and bookmarks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, Schema};
use futures::TryStreamExt;
use mysql_async::prelude::Queryable;
use tenon_database::{
    Comparison, Discover, Error, Key, Order, Predicate, Pushdown, ReadConfig, Relation, ScanRequest, TableName, Value,
};

use crate::harness::{Fixture, fixture, read, scan, shown};

fn table(name: &str) -> Relation {
    Relation::Table(TableName::new(None, name))
}

fn numbers(fixture: &Fixture, rows: u32) {
    fixture.client(&format!(
        "create table n (id bigint primary key, v bigint not null, day date);
         insert into n select seq, 1, date'2024-01-01' + interval seq % 100 day from seq_1_to_{rows};
         analyze table n;"
    ));
}

async fn request(fixture: &Fixture, relation: Relation, parts: usize) -> ScanRequest {
    let description = fixture
        .database
        .describe(&relation, &ReadConfig::default())
        .await
        .unwrap();
    ScanRequest {
        relation,
        schema: description.schema,
        predicate: None,
        limit: None,
        parts,
        split_by: None,
        batch_rows: 1000,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_see_one_state_and_each_row_once() {
    let Some(fixture) = fixture("parts_see_one_state_and_each_row_once") else {
        return;
    };
    numbers(&fixture, 60_000);
    let url = fixture.server.url_of(&fixture.schema);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // Moves amounts from the first half to the second, so that the sum is always the same.
    let busy = tokio::spawn(async move {
        let mut connection = mysql_async::Conn::from_url(url).await.unwrap();
        let mut moves = 0_u32;
        while !stopped.load(Ordering::Relaxed) {
            let (from, to) = (1 + moves % 20_000, 60_000 - moves % 20_000);
            let sql = format!("update n set v = v + if(id = {from}, -1, 1) where id in ({from}, {to})");
            connection.query_drop(sql).await.unwrap();
            moves += 1;
        }
        moves
    });
    for _ in 0..3 {
        let scan = fixture
            .database
            .scan(request(&fixture, table("n"), 4).await)
            .await
            .unwrap();
        assert_eq!(scan.parts(), 4, "{}", scan.statement(0));
        let (mut sum, mut rows) = (0, 0);
        for part in 0..scan.parts() {
            let batches: Vec<_> = scan.read(part).try_collect().await.unwrap();
            for batch in batches {
                sum += arrow::compute::sum(batch.column(1).as_primitive::<Int64Type>()).unwrap_or(0);
                rows += batch.num_rows();
            }
        }
        assert_eq!((rows, sum), (60_000, 60_000));
    }
    stop.store(true, Ordering::Relaxed);
    assert!(busy.await.unwrap() > 10);
}

#[tokio::test]
async fn splits_by_a_given_column_and_queries_too() {
    let Some(fixture) = fixture("splits_by_a_given_column_and_queries_too") else {
        return;
    };
    numbers(&fixture, 3000);
    fixture.client("update n set day = null where id % 7 = 0");
    for relation in [table("n"), Relation::Query("select * from n where id > 0;".to_owned())] {
        let config = ReadConfig {
            split_by: Some("day".to_owned()),
            ..ReadConfig::default()
        };
        let rows = read(&fixture.database, relation.clone(), &config, 5).await.unwrap();
        assert_eq!(rows.num_rows(), 3000);
        let mut request = request(&fixture, relation, 5).await;
        request.split_by = Some("day".to_owned());
        assert_eq!(fixture.database.scan(request).await.unwrap().parts(), 5);
    }
    // Only the number of rows.
    let mut counted = request(&fixture, table("n"), 1).await;
    counted.schema = Arc::new(Schema::empty());
    let scan = fixture.database.scan(counted).await.unwrap();
    let batches: Vec<_> = scan.read(0).try_collect().await.unwrap();
    assert_eq!(
        batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(),
        3000
    );
}

#[tokio::test]
async fn predicates_are_those_of_arrow() {
    let Some(fixture) = fixture("predicates_are_those_of_arrow") else {
        return;
    };
    fixture.client(
        "create table p (id int primary key, name varchar(40), amount decimal(10,2), at datetime(6), ts timestamp(6) null, f float);
         insert into p values (1, 'Apple', 1.50, '2024-01-01', '2024-01-01', 0.1), (2, 'apple', 2.50, '2024-06-01 12:00:00.5', null, 1),
            (3, 'it''s \\\\ %', 3, null, null, null), (4, null, null, '2025-01-01', '2025-01-01', 2), (5, 'apple ', 5, null, null, 3);",
    );
    let description = fixture
        .database
        .describe(&table("p"), &ReadConfig::default())
        .await
        .unwrap();
    let compare = |column: &str, comparison, value| Predicate::Compare {
        column: column.to_owned(),
        comparison,
        value,
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let starts = |prefix: &str| Predicate::StartsWith {
        column: "name".to_owned(),
        prefix: prefix.to_owned(),
    };
    let noon: i128 = 1_717_243_200_500_000_000;
    for (predicate, expected) in [
        (compare("name", Comparison::Equal, text("apple")), "2"),
        (compare("name", Comparison::NotEqual, text("apple")), "1,3,5"),
        (compare("name", Comparison::Less, text("a")), "1"),
        (compare("name", Comparison::Equal, text("it's \\ %")), "3"),
        (compare("name", Comparison::Equal, text("x' or '1'='1")), ""),
        (starts("App"), "1"),
        (starts("it's \\ %"), "3"),
        (starts("%"), ""),
        (
            compare("amount", Comparison::GreaterOrEqual, Value::Decimal("2.50".to_owned())),
            "2,3,5",
        ),
        (compare("at", Comparison::Equal, Value::Timestamp(noon)), "2"),
        (compare("ts", Comparison::Greater, Value::Instant(noon)), "4"),
        (Predicate::IsNull("name".to_owned()), "4"),
        (
            Predicate::Not(Box::new(Predicate::IsNull("name".to_owned()))),
            "1,2,3,5",
        ),
        (
            Predicate::In {
                column: "id".to_owned(),
                values: vec![Value::Integer(1), Value::Integer(4)],
            },
            "1,4",
        ),
        (
            Predicate::Any(vec![
                compare("id", Comparison::Equal, Value::Integer(5)),
                Predicate::All(vec![
                    compare("id", Comparison::Less, Value::Integer(3)),
                    compare("amount", Comparison::Less, Value::Integer(2)),
                ]),
            ]),
            "1,5",
        ),
    ] {
        assert_eq!(
            fixture.database.pushdown(&predicate, &description),
            Pushdown::Exact,
            "{predicate:?}"
        );
        let mut request = request(&fixture, table("p"), 1).await;
        request.predicate = Some(predicate.clone());
        request.schema = Arc::new(request.schema.project(&[0]).unwrap());
        let rows = scan(&fixture.database, request).await.unwrap();
        let ids: Vec<String> = rows
            .column(0)
            .as_primitive::<arrow::datatypes::Int32Type>()
            .values()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ids.join(","), expected, "{predicate:?}");
    }
    let nan = compare("f", Comparison::Less, Value::Float(1.0));
    assert_eq!(fixture.database.pushdown(&nan, &description), Pushdown::No);
    let finer = compare("at", Comparison::Equal, Value::Timestamp(1));
    assert_eq!(fixture.database.pushdown(&finer, &description), Pushdown::No);
}

#[tokio::test]
async fn the_last_row_is_found_and_limits_hold() {
    let Some(fixture) = fixture("the_last_row_is_found_and_limits_hold") else {
        return;
    };
    numbers(&fixture, 1000);
    fixture.client("create table empty (id int)");
    let description = fixture
        .database
        .describe(&table("n"), &ReadConfig::default())
        .await
        .unwrap();
    let key = |column: &str, order| Key {
        column: column.to_owned(),
        order,
    };
    let keys = [key("day", Order::Ascending), key("id", Order::Descending)];
    let last = fixture.database.last(&table("n"), &keys, &description).await.unwrap();
    assert_eq!(last, Some(vec![Value::Date(19_822), Value::Integer(99)]));
    let description = fixture
        .database
        .describe(&table("empty"), &ReadConfig::default())
        .await
        .unwrap();
    let last = fixture
        .database
        .last(&table("empty"), &[key("id", Order::Ascending)], &description)
        .await;
    assert_eq!(last.unwrap(), None);
    assert_eq!(fixture.read("empty").await.num_rows(), 0);
    let mut limited = request(&fixture, table("n"), 4).await;
    limited.limit = Some(7);
    assert_eq!(scan(&fixture.database, limited).await.unwrap().num_rows(), 7);
}

#[tokio::test]
async fn what_there_is_is_listed() {
    let Some(fixture) = fixture("what_there_is_is_listed") else {
        return;
    };
    numbers(&fixture, 10);
    fixture.client("create view v as select id from n; create table _tenon_x (a int); create table other (a int) comment 'of no use'");
    let what = Discover {
        schema: Some(fixture.schema.clone()),
        table: None,
        columns: true,
    };
    let found = fixture.database.discover(&what).await.unwrap();
    let names: Vec<String> = found
        .iter()
        .map(|found| format!("{} {:?}", found.name.table, found.kind))
        .collect();
    assert_eq!(names, ["n Table", "other Table", "v View"]);
    assert_eq!(found[0].primary_key, ["id"]);
    assert_eq!(found[0].columns[2].arrow_type, "Date32");
    assert_eq!(found[1].comment.as_deref(), Some("of no use"));
    let error = fixture.read_as("othr", &ReadConfig::default()).await.unwrap_err();
    assert!(
        matches!(&error, Error::NoTable { nearest: Some(name), .. } if name == "other"),
        "{error}"
    );
    assert!(fixture.database.check().await.unwrap().starts_with("MariaDB 1"));
    assert!(shown(&fixture.read("v").await).contains("10"));
}

#[tokio::test]
async fn databases_unique_and_foreign_keys_are_listed() {
    let Some(fixture) = fixture("databases_unique_and_foreign_keys_are_listed") else {
        return;
    };
    fixture.client(
        "create table customers (number int, country varchar(9), email varchar(99) unique, note varchar(99), \
           primary key (country, number), unique key part (note(3))); \
         create table orders (id int primary key, number int, country varchar(9), unique key two (number, country), \
           constraint buyer foreign key (country, number) references customers (country, number))",
    );
    let schemas = fixture.database.schemas().await.unwrap();
    assert!(schemas.contains(&fixture.schema), "{schemas:?}");
    assert!(!schemas.contains(&"mysql".to_owned()), "{schemas:?}");
    let what = Discover {
        schema: Some(fixture.schema.clone()),
        ..Discover::default()
    };
    let found = fixture.database.discover(&what).await.unwrap();
    let (customers, orders) = (&found[0], &found[1]);
    assert_eq!(customers.unique_keys, [["email"]]);
    assert!(customers.foreign_keys.is_empty());
    assert_eq!(orders.unique_keys, [["number", "country"]]);
    let key = &orders.foreign_keys[0];
    assert_eq!((orders.foreign_keys.len(), key.table.table.as_str()), (1, "customers"));
    assert_eq!(key.table.schema.as_ref(), Some(&fixture.schema));
    assert_eq!(key.columns, ["country", "number"]);
    assert_eq!(key.referenced, ["country", "number"]);
}

#[tokio::test]
async fn a_column_that_has_changed_is_said() {
    let Some(fixture) = fixture("a_column_that_has_changed_is_said") else {
        return;
    };
    numbers(&fixture, 10);
    let request = request(&fixture, table("n"), 1).await;
    fixture.client("alter table n modify v varchar(20)");
    let error = scan(&fixture.database, request.clone()).await.unwrap_err();
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("`v`")),
        "{error}"
    );
    fixture.client("alter table n drop column v");
    let error = scan(&fixture.database, request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { message, .. } if message.contains("'v'")),
        "{error}"
    );
}
