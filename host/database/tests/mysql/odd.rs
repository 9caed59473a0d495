//! Names and values that try to be SQL, and tables of odd shapes.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, StringArray};
use tenon_database::{Mode, ReadConfig, Relation, TableName, WriteConfig};

use crate::harness::{batch, config, fixture, read, shown};

#[tokio::test]
async fn names_are_names() {
    let Some(fixture) = fixture("names_are_names") else {
        return;
    };
    fixture.client("create table victim (a int); insert into victim values (1)");
    let tables = [
        "a`; drop table victim; -- x",
        "it's \"quoted\"",
        "two words",
        "caf\u{e9}",
        "select",
        "tab\tle",
    ];
    let columns = [
        "x`); drop table victim; -- x",
        "'",
        "a b",
        "\u{4f60}\u{597d}",
        "from",
        "\\",
    ];
    for (index, table) in tables.iter().enumerate() {
        let values: ArrayRef = Arc::new(StringArray::from(vec!["'); drop table victim; -- ", "\\'; \\"]));
        let written = batch(columns.iter().map(|column| (*column, Arc::clone(&values))).collect());
        let quoted = format!("\"{}\"", table.replace('"', "\"\""));
        for mode in [Mode::Error, Mode::Append, Mode::Overwrite] {
            fixture
                .write(&config(&quoted, mode), &format!("r{index}{mode:?}"), &written)
                .await
                .unwrap();
        }
        let rows = fixture.read(table).await;
        assert_eq!(rows, written, "{}", shown(&rows));
        let found = fixture
            .database
            .discover(&tenon_database::Discover::default())
            .await
            .unwrap();
        assert!(
            found
                .iter()
                .any(|found| found.name == TableName::new(Some(&fixture.schema), table))
        );
    }
    let keyed = WriteConfig {
        keys: vec![columns[0].to_owned()],
        ..config("keyed", Mode::Upsert)
    };
    let values: ArrayRef = Arc::new(StringArray::from(vec!["'); drop table victim; -- "]));
    let written = batch(columns.iter().map(|column| (*column, Arc::clone(&values))).collect());
    fixture
        .write(&keyed, "run'; drop table victim", &written)
        .await
        .unwrap();
    fixture.write(&keyed, "run2", &written).await.unwrap();
    assert_eq!(fixture.client("select count(*) from victim"), "1");
    assert_eq!(fixture.client("select count(*) from keyed"), "1");
}

#[tokio::test]
async fn a_table_may_have_as_many_columns_as_the_server_allows() {
    let Some(fixture) = fixture("a_table_may_have_as_many_columns_as_the_server_allows") else {
        return;
    };
    let names: Vec<String> = (0..1017).map(|index| format!("column_{index}")).collect();
    let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let written = batch(names.iter().map(|name| (name.as_str(), Arc::clone(&values))).collect());
    fixture
        .write(&config("wide", Mode::Error), "r1", &written)
        .await
        .unwrap();
    assert_eq!(fixture.read("wide").await, written);
    let more: Vec<String> = (0..1018).map(|index| format!("column_{index}")).collect();
    let written = batch(more.iter().map(|name| (name.as_str(), Arc::clone(&values))).collect());
    let error = fixture
        .write(&config("wider", Mode::Error), "r2", &written)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("Too many columns"), "{error}");
}

#[tokio::test]
async fn long_values_come_through() {
    let Some(fixture) = fixture("long_values_come_through") else {
        return;
    };
    // Longer than a packet, and than the buffer of a writer.
    let long = "long \t".repeat(3_500_000);
    let written = batch(vec![(
        "a",
        Arc::new(StringArray::from(vec![long.as_str(), "short", long.as_str()])),
    )]);
    fixture.client("set global max_allowed_packet = 1073741824");
    fixture.write(&config("t", Mode::Error), "r1", &written).await.unwrap();
    let relation = Relation::Table(TableName::new(None, "t"));
    assert_eq!(
        read(&fixture.database, relation, &ReadConfig::default(), 1)
            .await
            .unwrap(),
        written
    );
}
