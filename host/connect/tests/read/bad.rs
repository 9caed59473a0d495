//! Input that is broken: errors say where, and rows can be rejected.

use std::path::Path;

use datafusion::error::DataFusionError;

use crate::support::{failure, rejected, rows, session, write};
use tenon_connect::file::{self, OnError, ReadConfig, ReadOptions};

#[tokio::test]
async fn csv_rows_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "id,name,price\n1,a,1.5\n2\n3,c,x\n4,\"open,2\n5,e,2.5\n6,f,3,4\nseven,g,1\n8,h,4.5\n";
    let mut config = ReadConfig::new(write(folder.path(), "x.csv", text));
    config.schema.insert("id".to_owned(), "bigint".parse().expect("a type"));
    config
        .schema
        .insert("price".to_owned(), "decimal(10,2)".parse().expect("a type"));
    let error = failure(&config).await;
    assert!(error.contains("x.csv, line "), "{error}");
    let (read, rejects) = rejected(config, "select * from t order by id").await;
    assert_eq!(read, "1 a 1.50 / 5 e 2.50 / 8 h 4.50");
    let expected = [
        ("x.csv:3: there are 1 values where 3 were expected", "| 2"),
        (
            "x.csv:4: column `price` holds `x`, but its type is decimal(10,2)",
            "| 3,c,x",
        ),
        ("x.csv:5: a quoted value is never closed", "| 4,\"open,2"),
        ("x.csv:7: there are more than the 3 values expected", "| 6,f,3,4"),
        (
            "x.csv:8: column `id` holds `seven`, but its type is bigint",
            "| seven,g,1",
        ),
    ];
    assert_eq!(rejects.len(), expected.len(), "{rejects:?}");
    for (reject, (start, end)) in rejects.iter().zip(expected) {
        assert!(reject.starts_with(start) && reject.ends_with(end), "{reject}");
    }
}

#[tokio::test]
async fn values_that_an_inferred_type_would_cut_do_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = ["1", "2013-01-31 10:00:00", "2013-01-31", "1.5"];
    for (column, value, sql_type, read) in [
        (0, "007", "bigint", "1 / 7"),
        (
            1,
            "2013-01-31 10:00:00+01:00",
            "timestamp",
            "2013-01-31T10:00:00 / 2013-01-31T09:00:00",
        ),
        (
            1,
            "2013-01-31 10:00:00.1234567",
            "timestamp",
            "2013-01-31T10:00:00 / 2013-01-31T10:00:00.123456",
        ),
        (2, "2013-01-31 23:00:00", "date", "2013-01-31 / 2013-01-31"),
        (3, "00.5", "double", "1.5 / 0.5"),
    ] {
        let mut second = first;
        second[column] = value;
        let text = format!("code,at,day,price\n{}\n{}\n", first.join(","), second.join(","));
        let name = ["code", "at", "day", "price"][column];
        let mut config = ReadConfig::new(write(folder.path(), "x.csv", text));
        config.infer_rows = 1;
        let error = failure(&config).await;
        let expected = format!("x.csv, line 3: column `{name}` holds `{value}`, of which {sql_type}, ");
        assert!(error.contains(&expected) && error.contains("`varchar`"), "{error}");
        let (count, rejects) = rejected(config.clone(), &format!("select count(\"{name}\") from t")).await;
        assert_eq!((count.as_str(), rejects.len()), ("1", 1), "{rejects:?}");

        // Who gives the type has it so.
        let select = format!("select \"{name}\" from t");
        config.schema.insert(name.to_owned(), sql_type.parse().expect("a type"));
        assert_eq!(rows(&config, &select).await, read);
        config
            .schema
            .insert(name.to_owned(), "varchar".parse().expect("a type"));
        assert_eq!(rows(&config, &select).await, format!("{} / {value}", first[column]));
    }
}

#[tokio::test]
async fn json_objects_are_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "{\"id\":1}\n{\"id\":\n{\"id\":\"x\"}\n\n{\"id\":4} {\"id\":5}\n{\"id\":6}\n";
    let mut config = ReadConfig::new(write(folder.path(), "x.ndjson", lines));
    config.schema.insert("id".to_owned(), "bigint".parse().expect("a type"));
    let error = failure(&config).await;
    assert!(error.contains("x.ndjson, line 2: "), "{error}");
    let (read, rejects) = rejected(config, "select id from t order by id").await;
    assert_eq!(read, "1 / 6");
    let places: Vec<&str> = rejects
        .iter()
        .map(|reject| reject.split(": ").next().unwrap_or_default())
        .collect();
    assert_eq!(places, ["x.ndjson:2", "x.ndjson:3", "x.ndjson:5"]);

    let array = "[{\"id\":1},\n{\"id\":\"x\"},\n\n{\n\"id\":3}]";
    let mut config = ReadConfig::new(write(folder.path(), "x.json", array));
    config.schema.insert("id".to_owned(), "bigint".parse().expect("a type"));
    let (read, rejects) = rejected(config.clone(), "select id from t order by id").await;
    assert_eq!(read, "1 / 3");
    assert!(
        rejects[0].starts_with("x.json:2: ") && rejects.len() == 1,
        "{rejects:?}"
    );
    config.url = write(folder.path(), "cut.json", "[{\"id\":1},\n{\"id\":2");
    let error = failure(&config).await;
    assert!(error.contains("cut.json, line 2: "), "{error}");
}

#[tokio::test]
async fn many_rejects_in_many_chunks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "id,name\n".to_owned();
    for row in 0..300_000 {
        let id = if row % 1000 == 999 {
            "bad".to_owned()
        } else {
            row.to_string()
        };
        text.push_str(&[id, ",some name\n".to_owned()].concat());
    }
    let config = ReadConfig::new(write(folder.path(), "x.csv", text));
    let mut config = config;
    config.schema.insert("id".to_owned(), "bigint".parse().expect("a type"));
    let (read, rejects) = rejected(config, "select count(*), sum(id) from t").await;
    assert_eq!(rejects.len(), 300);
    let all: i64 = (0..300_000).filter(|row| row % 1000 != 999).sum();
    // The count alone reads no column, but rows with faults are told by the values that are read.
    assert_eq!(read, format!("299700 {all}"));
}

#[tokio::test]
async fn damaged_files_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let flights = format!("{}/../../examples/flights/flights.csv.gz", env!("CARGO_MANIFEST_DIR"));
    let flights = std::fs::read(flights).expect("readable");
    let mut config = ReadConfig::new(write(folder.path(), "cut.csv.gz", &flights[..flights.len() / 2]));
    config.csv.null = vec!["NA".to_owned()];
    let error = failure(&config).await;
    assert!(
        error.contains("cut.csv.gz is damaged behind line ") && error.contains("copied to its end"),
        "{error}"
    );
    config.on_error = OnError::Reject;
    assert!(failure(&config).await.contains("is damaged"));

    for (name, content) in [
        ("cut.parquet", &b"PAR1 and then nothing"[..]),
        ("empty.parquet", b""),
        ("cut.avro", b"Obj\x01\x02"),
        ("cut.arrow", b"ARROW1\0\0cut"),
        ("cut.orc", b"ORC"),
    ] {
        let error = failure(&ReadConfig::new(write(folder.path(), name, content))).await;
        assert!(error.contains(&format!("{name} is damaged ")), "{error}");
    }
    let error = failure(&ReadConfig::new(write(
        folder.path(),
        "csv.parquet",
        "id\n1\n2\n3\n4\n",
    )))
    .await;
    assert!(error.contains("csv.parquet is damaged in its footer"), "{error}");
}

#[tokio::test]
async fn files_that_change_are_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = format!("id\n{}", "1\n".repeat(50_000));
    let error = read_after_change(folder.path(), &before, &format!("{before}2\n")).await;
    let error = error.expect_err("changed");
    let error = tenon_connect::Error::find_in(&error).expect("our own").to_string();
    assert!(error.contains("x.csv was changed while it was read"), "{error}");
}

#[tokio::test]
async fn a_small_file_is_read_as_it_was_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = read_after_change(folder.path(), "id\n1\n", "id\n1\n2\n").await;
    assert_eq!(rows.expect("as it was"), 1);
}

/// Rows of a file that is changed between being listed and being read.
async fn read_after_change(folder: &Path, before: &str, after: &str) -> Result<usize, DataFusionError> {
    let session = session(1);
    let config = ReadConfig::new(write(folder, "x.csv", before));
    let source = file::open(&config, &ReadOptions::default(), &session)
        .await
        .expect("opened");
    write(folder, "x.csv", after);
    session.read_table(source.table()).expect("a table").count().await
}
