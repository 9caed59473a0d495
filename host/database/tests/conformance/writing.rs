//! Modes, fitting rows to a table, and rows that it refuses.

use std::slice::from_ref;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use tenon_database::{Begun, Driver, Error, Evolution, Mode, OnError, WriteConfig};

use crate::data::{batch, people};
use crate::subject::Subject;
use crate::support::{Rejected, begin, block_on, mode, pairs, request, write, write_rejecting};

/// Fails where there is a table, before anything is read.
pub(crate) fn error_mode(subject: &Subject) {
    block_on(async {
        let (database, rows) = (subject.database(), people(&[(1, "a")]));
        write(database.as_ref(), "once", mode(Mode::Error), from_ref(&rows))
            .await
            .unwrap();
        let again = begin(database.as_ref(), request("once", mode(Mode::Error), rows.schema())).await;
        assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
        assert_eq!(pairs(database.as_ref(), "once").await, ["1 a"]);
    });
}

/// Leaves a table that is there.
pub(crate) fn ignore_mode(subject: &Subject) {
    block_on(async {
        let (database, rows) = (subject.database(), people(&[(1, "a")]));
        write(database.as_ref(), "ignored", mode(Mode::Ignore), from_ref(&rows))
            .await
            .unwrap();
        let again = database
            .begin(request("ignored", mode(Mode::Ignore), rows.schema()))
            .await;
        assert!(matches!(again, Ok(Begun::Ignored)));
    });
}

/// Adds rows, to a table that need not be there.
pub(crate) fn append_mode(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(
            database.as_ref(),
            "appended",
            mode(Mode::Append),
            &[people(&[(1, "a")])],
        )
        .await
        .unwrap();
        let batches = [people(&[(2, "b")]), people(&[(3, "c")]), people(&[(3, "c")])];
        let committed = write(database.as_ref(), "appended", mode(Mode::Append), &batches)
            .await
            .unwrap();
        assert_eq!(committed.rows, 3);
        assert_eq!(pairs(database.as_ref(), "appended").await, ["1 a", "2 b", "3 c", "3 c"]);
    });
}

/// Replaces rows; whatever depends on the table stays.
pub(crate) fn overwrite_mode(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(
            database.as_ref(),
            "replaced",
            mode(Mode::Overwrite),
            &[people(&[(1, "a")])],
        )
        .await
        .unwrap();
        subject.run("create view of_replaced as select * from replaced");
        let rows = people(&[(2, "b"), (3, "c")]);
        write(database.as_ref(), "replaced", mode(Mode::Overwrite), &[rows])
            .await
            .unwrap();
        assert_eq!(pairs(database.as_ref(), "replaced").await, ["2 b", "3 c"]);
        assert_eq!(pairs(database.as_ref(), "of_replaced").await, ["2 b", "3 c"]);
    });
}

/// Columns that the table lacks are refused or added.
pub(crate) fn evolution(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(database.as_ref(), "grown", mode(Mode::Error), &[people(&[(1, "a")])])
            .await
            .unwrap();
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![2]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["b"]));
        let rows = batch(vec![("id", Arc::clone(&ids)), ("name", names), ("age", ids)]);
        let refused = begin(database.as_ref(), request("grown", mode(Mode::Append), rows.schema())).await;
        let error = refused.expect_err("refused");
        assert!(
            matches!(error, Error::Mismatch { .. }) && error.to_string().contains("age"),
            "{error}"
        );
        let config = WriteConfig {
            evolution: Evolution::Add,
            ..mode(Mode::Append)
        };
        write(database.as_ref(), "grown", config, &[rows]).await.unwrap();
        assert_eq!(pairs(database.as_ref(), "grown").await, ["1 a -", "2 b 2"]);
    });
}

/// Columns that the rows lack get what the table says; names fit but for upper and lower case.
pub(crate) fn defaults(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        subject.run("create table defaulted (id bigint, name varchar(20) default 'nobody', age int)");
        let rows = batch(vec![("ID", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
        write(database.as_ref(), "defaulted", mode(Mode::Append), &[rows])
            .await
            .unwrap();
        assert_eq!(pairs(database.as_ref(), "defaulted").await, ["1 nobody -"]);
    });
}

/// A type that does not fit is said with the column's name.
pub(crate) fn mismatches(subject: &Subject) {
    if !subject.has_types {
        return subject.lacks("a column takes values of every type");
    }
    block_on(async {
        let database = subject.database();
        subject.run("create table mistyped (id bigint, day date)");
        let rows = batch(vec![(
            "day",
            Arc::new(arrow::array::Float64Array::from(vec![0.5])) as ArrayRef,
        )]);
        let begun = begin(
            database.as_ref(),
            request("mistyped", mode(Mode::Append), rows.schema()),
        )
        .await;
        let error = begun.expect_err("refused");
        assert!(
            matches!(error, Error::Mismatch { .. }) && error.to_string().contains("day"),
            "{error}"
        );
    });
}

const GUARDED: &str = "(id bigint primary key, name varchar(20) not null, check (id < 100))";

fn guarded_rows() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 100, 4]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![
        Some("a"),
        Some("b"),
        None,
        Some("d"),
        Some("e"),
    ]));
    batch(vec![("id", ids), ("name", names)])
}

/// By default a refused row ends the run, and nothing is written.
pub(crate) fn constraints(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        subject.run(&format!("create table guarded {GUARDED}"));
        let written = write(database.as_ref(), "guarded", mode(Mode::Append), &[guarded_rows()]).await;
        assert!(matches!(&written, Err(Error::Constraint { .. })), "{written:?}");
        assert!(pairs(database.as_ref(), "guarded").await.is_empty());
    });
}

/// Refused rows are handed over as they were, each with the database's message, and the others are written.
pub(crate) fn rejects(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        subject.run(&format!("create table sieve {GUARDED}"));
        subject.run("insert into sieve values (1, 'already')");
        let config = WriteConfig {
            on_error: OnError::Reject,
            ..mode(Mode::Append)
        };
        let rejected = Rejected::default();
        let rows = [guarded_rows()];
        let committed = write_rejecting(database.as_ref(), "sieve", config, &rows, &rejected)
            .await
            .unwrap();
        assert_eq!(committed.rows, 2);
        assert_eq!(pairs(database.as_ref(), "sieve").await, ["1 already", "2 b", "4 e"]);
        let rejected = rejected.0.into_inner();
        let mut refused: Vec<i64> = Vec::new();
        for (rows, reasons) in &rejected {
            assert_eq!(rows.schema(), guarded_rows().schema());
            refused.extend(rows.column(0).as_primitive::<arrow::datatypes::Int64Type>().values());
            assert!(reasons.iter().all(|reason| !reason.is_empty()));
        }
        refused.sort_unstable();
        assert_eq!(refused, [1, 3, 100]);
    });
}

/// Values that this database, or another, cannot hold.
fn odd_rows() -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4]));
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), Some(f64::NAN), Some(2.5), None]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c\0", "d"]));
    batch(vec![("id", ids), ("number", numbers), ("name", names)])
}

/// A row with a value that the database cannot hold is handed over like those that constraints refuse.
pub(crate) fn misfits(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let strict = write(database.as_ref(), "odd", mode(Mode::Error), &[odd_rows()]).await;
        match strict {
            Err(Error::Value { .. }) => {}
            Ok(_) => return subject.lacks("it holds all of these values"),
            // Its own driver refuses them, when they have been sent.
            Err(_) if matches!(subject.driver, Driver::Odbc | Driver::Adbc) => return,
            Err(error) => panic!("{error}"),
        }
        let config = WriteConfig {
            on_error: OnError::Reject,
            ..mode(Mode::Error)
        };
        let rejected = Rejected::default();
        let committed = write_rejecting(database.as_ref(), "odd", config, &[odd_rows()], &rejected)
            .await
            .unwrap();
        let rejected = rejected.0.into_inner();
        let count: usize = rejected.iter().map(|(rows, _)| rows.num_rows()).sum();
        assert!(
            count > 0 && committed.rows + count as u64 == 4,
            "{count} rejected, {committed:?}"
        );
        for (rows, reasons) in &rejected {
            assert_eq!(rows.schema(), odd_rows().schema());
            let ids = rows.column(0).as_primitive::<arrow::datatypes::Int64Type>().values();
            assert!(ids.iter().all(|id| [2, 3].contains(id)), "{ids:?}");
            let named = |reason: &String| reason.contains("number") || reason.contains("name");
            assert!(reasons.iter().all(named), "{reasons:?}");
        }
        let kept = pairs(database.as_ref(), "odd").await;
        assert_eq!(kept.len() as u64, committed.rows, "{kept:?}");
    });
}
