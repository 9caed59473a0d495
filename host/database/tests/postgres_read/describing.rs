//! What is found and how it is described.

use arrow::datatypes::DataType;
use tenon_database::{Discover, Error, FoundKind, Key, Order, ReadConfig, Value};

use crate::support::{Fixture, cast, describe, query, read, table};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_found_with_columns_keys_and_comments() {
    let Some(fixture) = Fixture::new("postgres_read::discover") else {
        return;
    };
    fixture.psql(
        "create schema \"odd; schema\";
         create type mood as enum ('sad');
         create domain short as varchar(5);
         create table orders (b int, a int, m mood, s short, ms mood[], n numeric(12,2) not null, primary key (a, b));
         comment on table orders is 'All orders'; comment on column orders.a is 'The first';
         insert into orders select i, i, 'sad', 'x', '{sad}', i from generate_series(1, 1000) i; analyze orders;
         create view \"odd; schema\".\"a view\" as select * from orders;
         create materialized view stored as select a from orders;
         create table events (day date, x int) partition by range (day);
         create table events_1 partition of events for values from ('2024-01-01') to ('2025-01-01');
         insert into events select '2024-05-05', i from generate_series(1, 500) i; analyze events, events_1;
         create table _tenon_commits (token text); create temp table passing (a int)",
    );
    let database = fixture.open();
    let everything = Discover {
        columns: true,
        ..Discover::default()
    };
    let found = database.discover(&everything).await.expect("tables");
    let names: Vec<String> = found.iter().map(|found| found.name.to_string()).collect();
    assert_eq!(
        names,
        ["odd; schema.a view", "public.events", "public.orders", "public.stored"]
    );
    let orders = &found[2];
    assert_eq!(
        (orders.rows, orders.comment.as_deref()),
        (Some(1000), Some("All orders"))
    );
    assert!(orders.bytes > Some(8192));
    assert_eq!(orders.primary_key, ["a", "b"]);
    let types: Vec<&str> = orders.columns.iter().map(|column| column.arrow_type.as_str()).collect();
    assert_eq!(types[..4], ["Int32", "Int32", "Utf8", "Utf8"]);
    assert!(types[4].starts_with("List"), "{types:?}");
    assert_eq!(types[5], "Decimal128(12, 2)");
    assert!(!orders.columns[5].nullable && orders.columns[2].nullable);
    assert_eq!(orders.columns[1].comment.as_deref(), Some("The first"));
    assert_eq!(orders.columns[3].database_type, "short");
    assert_eq!(
        (found[0].kind, found[3].kind),
        (FoundKind::View, FoundKind::MaterializedView)
    );
    assert_eq!(found[1].rows, Some(500));
    let some = Discover {
        schema: Some("public".into()),
        table: Some("*ER*".into()),
        columns: false,
    };
    assert_eq!(database.discover(&some).await.expect("some").len(), 1);

    let orders = describe(&database, &table("orders")).await;
    assert_eq!(orders.primary_key, ["a", "b"]);
    assert_eq!(orders.rows, Some(1000));
    assert_eq!(
        orders.schema.field(1).metadata().get("comment").map(String::as_str),
        Some("The first")
    );
    assert_eq!(orders.columns[5].database_type, "numeric(12,2)");
    assert!(!orders.schema.field(5).is_nullable());
    assert_eq!(describe(&database, &table("events")).await.rows, Some(500));
    let view = describe(&database, &table("\"odd; schema\".\"a view\"")).await;
    assert_eq!((view.schema.fields().len(), view.rows), (6, Some(1000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_unique_and_foreign_keys_are_found() {
    let Some(fixture) = Fixture::new("postgres_read::keys") else {
        return;
    };
    fixture.psql(
        "create schema sales; create schema nothing;
         create table sales.customers (number int, country text, email text unique, primary key (country, number));
         create table lines (id int primary key, number int, country text, parent int references lines, note text,
           foreign key (number, country) references sales.customers (number, country));
         create unique index on lines (note, country) include (number);
         create unique index on lines (parent) where parent > 0;
         create unique index on lines (lower(note))",
    );
    let database = fixture.open();
    assert_eq!(
        database.schemas().await.expect("schemas"),
        ["nothing", "public", "sales"]
    );
    let found = database.discover(&Discover::default()).await.expect("tables");
    let (lines, customers) = (&found[0], &found[1]);
    assert_eq!(
        (lines.name.table.as_str(), customers.name.table.as_str()),
        ("lines", "customers")
    );
    assert_eq!(customers.unique_keys, [["email"]]);
    assert!(customers.foreign_keys.is_empty());
    assert_eq!(lines.unique_keys, [["note", "country"]]);
    let keys = lines.foreign_keys.iter().map(|key| {
        let (columns, referenced) = (key.columns.join(","), key.referenced.join(","));
        format!("{columns} -> {} {referenced}", key.table)
    });
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "number,country -> sales.customers number,country",
            "parent -> public.lines id"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_named_with_what_is_near() {
    let Some(fixture) = Fixture::new("postgres_read::nearest") else {
        return;
    };
    fixture.psql("create schema sales; create table sales.orders (a int); create table customers (a int)");
    let database = fixture.open();
    for (name, expected) in [
        ("orders", "sales.orders"),
        ("custmers", "customers"),
        ("sale.orders", "sales.orders"),
    ] {
        let error = database
            .describe(&table(name), &ReadConfig::default())
            .await
            .expect_err(name);
        assert!(
            matches!(&error, Error::NoTable { nearest: Some(near), .. } if near == expected),
            "{error}"
        );
    }
    let error = database
        .describe(&table("zzz"), &ReadConfig::default())
        .await
        .expect_err("zzz");
    assert!(matches!(&error, Error::NoTable { nearest: None, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_are_tables() {
    let Some(fixture) = Fixture::new("postgres_read::queries") else {
        return;
    };
    fixture.psql("create table t (a int, b numeric(10,2)); insert into t values (1, 2)");
    let database = fixture.open();
    for sql in [
        "select * from t",
        "with x as (select * from t) select * from x; ",
        "values (1, 2.0) -- two",
        "table t",
    ] {
        assert_eq!(
            read(&database, &query(sql), &ReadConfig::default())
                .await
                .expect(sql)
                .num_rows(),
            1,
            "{sql}"
        );
    }
    let description = describe(&database, &query("select b as \"a \"\" b\" from t")).await;
    assert_eq!(*description.schema.field(0).data_type(), DataType::Decimal128(10, 2));
    assert_eq!(description.columns[0].database_type, "numeric(10,2)");
    for sql in [
        "delete from t",
        "select 1; drop table t",
        "select 1) as q; drop table t; --",
        "select $1::int as a",
        "selec 1",
        "select 1) to program 'touch /tmp/x' --",
        "with x as (delete from t returning *) select * from x",
    ] {
        let error = database
            .describe(&query(sql), &ReadConfig::default())
            .await
            .expect_err(sql);
        assert!(
            matches!(error, Error::Refused { .. } | Error::Config { .. }),
            "{sql}: {error:?}"
        );
    }
    let twice = query("select 1 as a, 2 as a");
    let error = read(&database, &twice, &ReadConfig::default())
        .await
        .expect_err("twice");
    assert!(error.to_string().contains("a name of its own"), "{error}");
    assert_eq!(fixture.psql("select count(*) from t").trim(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_end_no_quotes() {
    let Some(fixture) = Fixture::new("postgres_read::odd_names") else {
        return;
    };
    let odd = "a\"; drop table victim; -- 😀 'x' $1 \\";
    let quoted = format!("\"{}\"", odd.replace('"', "\"\""));
    fixture.psql(&format!(
        "create table victim (a int); create schema {quoted}; create table {quoted}.{quoted} ({quoted} int primary key);
         insert into {quoted}.{quoted} select generate_series(1, 10)"
    ));
    let database = fixture.open();
    let relation = tenon_database::Relation::Table(tenon_database::TableName::new(Some(odd), odd));
    let batch = read(&database, &relation, &cast(&[(odd, "text")])).await.expect("rows");
    assert_eq!((batch.num_rows(), batch.schema().field(0).name().as_str()), (10, odd));
    let description = describe(&database, &relation).await;
    assert_eq!(description.primary_key, [odd]);
    let key = Key {
        column: odd.to_owned(),
        order: Order::Ascending,
    };
    assert_eq!(
        database.last(&relation, &[key], &description).await.expect("a row"),
        Some(vec![Value::Integer(10)])
    );
    let mut request = crate::support::request(&relation, &description);
    (request.split_by, request.parts) = (Some(odd.to_owned()), 2);
    assert_eq!(database.scan(request).await.expect("two parts").parts(), 2);
    assert_eq!(fixture.psql("select count(*) from victim").trim(), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_row_is_that_of_the_keys() {
    let Some(fixture) = Fixture::new("postgres_read::last") else {
        return;
    };
    fixture.psql(
        "create table t (id int primary key, day date, at timestamptz, name text, n numeric(10,2));
         insert into t values (1, '2024-01-02', '2024-01-01 00:00:00.000001Z', 'b', 1.5), (2, '2024-01-02', null, 'B', -2),
           (3, '2024-01-01', '2023-01-01Z', 'ä', 0), (4, null, null, 'a', 0)",
    );
    let database = fixture.open();
    let relation = table("t");
    let description = describe(&database, &relation).await;
    let key = |column: &str, order| Key {
        column: column.to_owned(),
        order,
    };
    let cases = [
        (vec![key("id", Order::Ascending)], vec![Value::Integer(4)]),
        (vec![key("id", Order::Descending)], vec![Value::Integer(1)]),
        (
            vec![key("day", Order::Ascending), key("id", Order::Ascending)],
            vec![Value::Date(19_724), Value::Integer(2)],
        ),
        (
            vec![key("at", Order::Ascending)],
            vec![Value::Instant(1_704_067_200_000_001_000)],
        ),
        (vec![key("name", Order::Ascending)], vec![Value::Text("ä".into())]),
        (vec![key("n", Order::Ascending)], vec![Value::Decimal("1.50".into())]),
    ];
    for (keys, expected) in cases {
        assert_eq!(
            database.last(&relation, &keys, &description).await.expect("a row"),
            Some(expected),
            "{keys:?}"
        );
    }
    fixture.psql("truncate t");
    assert_eq!(
        database
            .last(&relation, &[key("id", Order::Ascending)], &description)
            .await,
        Ok(None)
    );
}
