//! Objects of JSON that do not agree with the first ones.

use std::fmt::Write;

use crate::support::{batches, failure, flat, open, rejected, rows, write};
use tenon_connect::file::ReadConfig;

/// Rows before the one that has another key: more than a first look of 1 MiB takes in.
const BEFORE: usize = 9_000;

/// Objects of about 200 bytes, with one at `BEFORE` that has the key `late`, and one behind it.
fn late_key(array: bool) -> String {
    let filler = "x".repeat(180);
    let (start, between, end) = if array { ("[", ",\n", "]") } else { ("", "\n", "\n") };
    let mut text = start.to_owned();
    for id in 0..BEFORE {
        write!(text, "{{\"id\":{id},\"text\":\"{filler}\"}}{between}").expect("written");
    }
    text + "{\"id\":-1,\"text\":\"y\",\"late\":7}" + between + "{\"id\":-2,\"text\":\"z\"}" + end
}

#[tokio::test]
async fn as_many_objects_are_looked_at_as_were_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, array) in [("x.ndjson", false), ("x.json", true)] {
        let config = ReadConfig::new(write(folder.path(), name, late_key(array)));
        let source = open(&config).await;
        assert_eq!(source.schema_report().rows, BEFORE as u64 + 2, "{name}");
        let late = "select id, late from t where late is not null or id < -1 order by id";
        assert_eq!(flat(&batches(&source, late).await), "-2  / -1 7", "{name}");
    }
}

#[tokio::test]
async fn a_key_that_no_column_has_is_a_fault_of_its_row() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, array) in [("x.ndjson", false), ("x.json", true)] {
        let mut config = ReadConfig::new(write(folder.path(), name, late_key(array)));
        config.infer_rows = 100;
        let error = failure(&config).await;
        let expected = format!("{name}, line {}: the key `late` is in none of the objects", BEFORE + 1);
        assert!(error.contains(&expected), "{error}");
        assert!(error.contains("`infer_rows`") && error.contains("`schema`"), "{error}");

        // Also where other columns are read.
        let (read, rejects) = rejected(config.clone(), "select count(*), min(id) from t").await;
        assert_eq!(read, format!("{} -2", BEFORE + 1), "{name}");
        assert!(
            rejects.len() == 1 && rejects[0].starts_with(&format!("{name}:{}: the key `late`", BEFORE + 1)),
            "{rejects:?}"
        );
        assert!(rejects[0].ends_with("\"late\":7}"), "{rejects:?}");

        // It can be named, and has no value where it is missing.
        config.schema.insert("late".to_owned(), "int".parse().expect("a type"));
        let read = rows(
            &config,
            "select count(*), count(late), sum(late), arrow_typeof(max(late)) from t",
        )
        .await;
        assert_eq!(read, format!("{} 1 7 Int32", BEFORE + 2), "{name}");
        assert_eq!(rows(&config, "select min(id) from t").await, "-2", "{name}");
    }
}

#[tokio::test]
async fn keys_inside_of_objects_are_told_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "{\"id\":1,\"by\":{\"name\":\"x\"}}\n{\"id\":2,\"by\":{\"name\":\"y\",\"age\":3}}\n";
    let mut config = ReadConfig::new(write(folder.path(), "x.ndjson", lines));
    assert_eq!(
        rows(&config, "select \"by\" from t where id = 2").await,
        "{name: y, age: 3}"
    );
    config.infer_rows = 1;
    let error = failure(&config).await;
    assert!(
        error.contains("x.ndjson, line 2: the key `by.age` is in none"),
        "{error}"
    );
    // Nothing is lost of what is not read.
    assert_eq!(rows(&config, "select sum(id) from t").await, "3");
}

#[tokio::test]
async fn numbers_are_not_cut_to_whole_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = "{\"n\":1}\n{\"n\":1.5,\"m\":2.5}\n{\"n\":3.0}\n{\"n\":4e0}\n";
    let array = "[{\"n\":1},\n{\"n\":1.5,\"m\":2.5},\n{\"n\":3.0},\n{\"n\":4e0}]";
    for (name, text) in [("x.ndjson", lines), ("x.json", array)] {
        let inferred = ReadConfig::new(write(folder.path(), name, text));
        assert_eq!(rows(&inferred, "select sum(n) from t").await, "9.5", "{name}");

        let mut given = inferred.clone();
        given.schema.insert("n".to_owned(), "bigint".parse().expect("a type"));
        let mut first_only = inferred.clone();
        first_only.infer_rows = 1;
        first_only
            .schema
            .insert("m".to_owned(), "double".parse().expect("a type"));
        for config in [given, first_only] {
            let error = failure(&config).await;
            let expected = format!("{name}, line 2: column `n` holds `1.5`, but its type is bigint");
            assert!(error.contains(&expected), "{error}");
            let (read, rejects) = rejected(config.clone(), "select n from t order by n").await;
            assert_eq!(read, "1 / 3 / 4", "{name}");
            assert!(
                rejects.len() == 1 && rejects[0].starts_with(&format!("{name}:2: ")),
                "{rejects:?}"
            );
            // It is no fault of a row that is read without it.
            assert_eq!(rows(&config, "select sum(m) from t").await, "2.5", "{name}");
        }
    }
}

#[tokio::test]
async fn a_folders_column_hides_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    for year in [2012, 2013] {
        let lines = format!("{{\"id\":{year}}}\n{{\"id\":{year},\"year\":1999}}\n");
        write(folder.path(), &format!("year={year}/x.ndjson"), lines);
    }
    let mut config = ReadConfig::new(format!("{}/", folder.path().display()));
    for infer_rows in [1, 10] {
        config.infer_rows = infer_rows;
        let read = rows(&config, "select count(*), min(year), max(year) from t").await;
        assert_eq!(read, "4 2012 2013", "{infer_rows}");
    }
}
