//! Rows with the same keys.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use tenon_database::{Error, Mode, WriteConfig};

use crate::data::{batch, people};
use crate::subject::Subject;
use crate::support::{block_on, mode, pairs, write};

fn by_id() -> WriteConfig {
    WriteConfig {
        keys: vec!["id".to_owned()],
        ..mode(Mode::Upsert)
    }
}

/// Replaces rows with the same keys and adds the others, with and without an index on the keys.
pub(crate) fn replaces(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        subject.run("create table no_index (id bigint, name varchar(20), kept varchar(20) default 'new')");
        subject.run("insert into no_index values (1, 'a', 'old')");
        for (name, expected) in [
            ("merged", ["1 A", "2 b", "3 c"]),
            ("no_index", ["1 A old", "2 b new", "3 c new"]),
        ] {
            let rows = people(&[(1, "a"), (2, "x")]);
            write(database.as_ref(), name, by_id(), &[rows]).await.unwrap();
            let rows = people(&[(1, "A"), (2, "b"), (3, "c")]);
            write(database.as_ref(), name, by_id(), &[rows]).await.unwrap();
            assert_eq!(pairs(database.as_ref(), name).await, expected);
        }
        // The table was made with the keys as its primary key, which is what they are from then on.
        write(database.as_ref(), "merged", mode(Mode::Upsert), &[people(&[(3, "C")])])
            .await
            .unwrap();
        assert_eq!(pairs(database.as_ref(), "merged").await, ["1 A", "2 b", "3 C"]);
    });
}

/// Which of two rows with the same key is right can't be known.
pub(crate) fn duplicates(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let written = write(database.as_ref(), "twice", by_id(), &[people(&[(7, "a"), (7, "b")])]).await;
        let error = written.expect_err("refused");
        assert!(
            matches!(&error, Error::Constraint { .. }) && error.to_string().contains('7'),
            "{error}"
        );
    });
}

/// Marked rows go, and the mark is not written.
pub(crate) fn deletes(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(
            database.as_ref(),
            "marked",
            by_id(),
            &[people(&[(1, "a"), (2, "b"), (3, "c")])],
        )
        .await
        .unwrap();
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 4]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["x", "B", "x"]));
        let gone: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(true)]));
        let config = WriteConfig {
            delete_when: Some("gone".to_owned()),
            ..by_id()
        };
        let rows = batch(vec![("id", ids), ("name", names), ("gone", gone)]);
        write(database.as_ref(), "marked", config, &[rows]).await.unwrap();
        assert_eq!(pairs(database.as_ref(), "marked").await, ["2 B", "3 c"]);
    });
}

fn change(changes: &[(&str, &str, i64, i64, &str)]) -> RecordBatch {
    let text = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
    let numbers = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    batch(vec![
        ("_op", text(changes.iter().map(|change| change.0).collect())),
        ("_position", text(changes.iter().map(|change| change.1).collect())),
        ("_sequence", numbers(changes.iter().map(|change| change.2).collect())),
        ("id", numbers(changes.iter().map(|change| change.3).collect())),
        ("name", text(changes.iter().map(|change| change.4).collect())),
    ])
}

/// Of changes of the same row the last one counts, in whatever order they are written.
pub(crate) fn changes(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let config = WriteConfig {
            delete_when: Some("_op".to_owned()),
            ..by_id()
        };
        let first = [
            change(&[
                ("update", "00000000/00000002", 0, 1, "newer"),
                ("insert", "00000000/00000001", 0, 1, "older"),
            ]),
            change(&[
                ("delete", "00000000/00000003", 1, 2, "gone"),
                ("insert", "00000000/00000003", 0, 2, "here"),
            ]),
            change(&[
                ("insert", "00000000/00000003", 3, 3, "back"),
                ("delete", "00000000/00000003", 2, 3, "gone"),
            ]),
        ];
        write(database.as_ref(), "changed", config.clone(), &first)
            .await
            .unwrap();
        assert_eq!(pairs(database.as_ref(), "changed").await, ["1 newer", "3 back"]);
        let second = [change(&[
            ("delete", "00000000/00000004", 0, 1, "x"),
            ("update", "00000000/00000004", 1, 3, "y"),
        ])];
        write(database.as_ref(), "changed", config, &second).await.unwrap();
        assert_eq!(pairs(database.as_ref(), "changed").await, ["3 y"]);
    });
}

/// A change that emptied the source's table empties this one, and what came before it does not count any more.
pub(crate) fn emptied(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(database.as_ref(), "emptied", by_id(), &[people(&[(1, "a"), (2, "b")])])
            .await
            .unwrap();
        let config = WriteConfig {
            delete_when: Some("_op".to_owned()),
            ..by_id()
        };
        let text = |values: [&str; 4]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let rows = batch(vec![
            ("_op", text(["insert", "insert", "truncate", "update"])),
            ("_position", text(["0/17", "0/15", "0/16", "0/14"])),
            ("_sequence", Arc::new(Int64Array::from(vec![0, 0, 0, 0])) as ArrayRef),
            (
                "id",
                Arc::new(Int64Array::from(vec![Some(4), Some(3), None, Some(2)])) as ArrayRef,
            ),
            ("name", text(["d", "c", "", "B"])),
        ]);
        write(database.as_ref(), "emptied", config, &[rows]).await.unwrap();
        assert_eq!(pairs(database.as_ref(), "emptied").await, ["4 d"]);
    });
}
