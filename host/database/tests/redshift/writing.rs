//! Writing, by copying and by inserting.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, Int32Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::array::{Int64Array, ListArray};
use arrow::datatypes::Int32Type;
use tenon_database::{ConnectOptions, Error, Evolution, Mode, OnError, WriteConfig};

use crate::support::{Fixture, Kept, batch, begin, marked, prepare, rows, to, write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mode_by_copy_and_by_insert() {
    let Some(fixture) = Fixture::new("every_mode_by_copy_and_by_insert") else {
        return;
    };
    for (name, database) in [("copied", fixture.database()), ("inserted", fixture.plain())] {
        let run = |number: u32| format!("{name}-{number}");
        let count = || fixture.psql(&format!("select count(*), min(id), max(id) from {name}"));
        let made = write(&database, &run(1), to(name, Mode::Error), &[rows(&[1, 2]), rows(&[3])])
            .await
            .expect("made");
        assert_eq!((made.rows, count().as_str()), (3, "3|1|3"));
        let again = write(&database, &run(2), to(name, Mode::Error), &[rows(&[1])]).await;
        assert!(matches!(again, Err(Error::Exists { .. })), "{again:?}");
        write(&database, &run(3), to(name, Mode::Append), &[rows(&[4])])
            .await
            .expect("added");
        assert_eq!(count(), "4|1|4");
        write(&database, &run(4), to(name, Mode::Overwrite), &[rows(&[7, 8, 9])])
            .await
            .expect("replaced");
        assert_eq!(count(), "3|7|9");
        let upsert = WriteConfig {
            keys: vec!["id".into()],
            delete_when: Some("gone".into()),
            ..to(name, Mode::Upsert)
        };
        let changes = marked(&[(8, true), (9, false), (10, false), (99, true)]);
        write(&database, &run(5), upsert.clone(), &[changes])
            .await
            .expect("merged");
        let names = fixture.psql(&format!(
            "select string_agg(id || ' ' || name, ',' order by id) from {name}"
        ));
        assert_eq!(names, "7 name 7,9 new 9,10 new 10");
        let twice = write(&database, &run(6), upsert, &[marked(&[(1, false), (1, false)])]).await;
        assert!(
            matches!(&twice, Err(Error::Constraint { message, .. }) if message.contains("(id)=(1)")),
            "{twice:?}"
        );
        let committed = write(&database, &run(5), to(name, Mode::Append), &[rows(&[1])]).await;
        assert!(matches!(committed, Err(Error::Decided { .. })), "{committed:?}");
    }
    assert_eq!((fixture.leftovers().as_str(), fixture.files()), ("", 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_arrive_as_they_were_sent() {
    let Some(fixture) = Fixture::new("types_arrive_as_they_were_sent") else {
        return;
    };
    let rows = batch(vec![
        (
            "odd \"name\" 😀; drop",
            Arc::new(StringArray::from(vec![Some("it's \\ \t\n"), None])) as ArrayRef,
        ),
        (
            "n",
            Arc::new(
                Decimal128Array::from(vec![-1250, 1])
                    .with_precision_and_scale(12, 2)
                    .expect("it fits"),
            ),
        ),
        ("bytes", Arc::new(BinaryArray::from(vec![&b"\x01\xff"[..], b""]))),
        ("noon", Arc::new(Time64MicrosecondArray::from(vec![43_200_000_001, 0]))),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![1, 2]).with_timezone("+02:00")),
        ),
        ("plain", Arc::new(TimestampMicrosecondArray::from(vec![1, 2]))),
        (
            "items",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
                Some(vec![Some(1), None]),
                None,
            ])),
        ),
    ]);
    for (name, database) in [("copied", fixture.database()), ("inserted", fixture.plain())] {
        write(&database, name, to(name, Mode::Error), std::slice::from_ref(&rows))
            .await
            .expect("written");
        let types = fixture.psql(&format!(
            "select string_agg(format_type(atttypid, atttypmod), ',' order by attnum) from pg_attribute where attrelid = '{name}'::regclass and attnum > 0"
        ));
        assert_eq!(
            types,
            "character varying(65535),numeric(12,2),varbyte(1024000),time without time zone,timestamp with time zone,\
             timestamp without time zone,super"
        );
        let first = fixture.psql(&format!(
            "set timezone = 'UTC'; select \"odd \"\"name\"\" 😀; drop\" = E'it''s \\\\ \\t\\n', n, bytes, noon, at, plain, items from {name} where n < 0"
        ));
        assert_eq!(
            first,
            "t|-12.50|\\x01ff|12:00:00.000001|1970-01-01 00:00:00.000001+00|1970-01-01 00:00:00.000001|[1,null]"
        );
    }
    let long = batch(vec![(
        "c",
        Arc::new(StringArray::from(vec!["x".repeat(65_536)])) as ArrayRef,
    )]);
    let error = write(&fixture.database(), "long", to("long", Mode::Error), &[long]).await;
    assert!(
        matches!(&error, Err(Error::Value { column, .. }) if column == "c"),
        "{error:?}"
    );
    assert_eq!(fixture.files(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_dies_commits_once() {
    let Some(fixture) = Fixture::new("a_run_that_dies_commits_once") else {
        return;
    };
    let database = fixture.database();
    for mode in [Mode::Error, Mode::Append, Mode::Overwrite] {
        let run = format!("dying-{mode:?}");
        let (load, prepared) = prepare(&database, &run, to("t", mode), &[rows(&[1, 2])], &Kept::default())
            .await
            .expect("prepared");
        assert_eq!(fixture.files(), 0, "what was copied is gone");
        // As if the process had ended between the two.
        drop(load);
        let other = fixture.database();
        let first = other.commit(&prepared).await.expect("committed");
        let count = fixture.psql("select count(*) from t");
        assert_eq!(other.commit(&prepared).await.expect("committed"), first);
        assert_eq!(fixture.psql("select count(*) from t"), count);
        assert!(matches!(other.abort(&prepared).await, Err(Error::Decided { .. })));
    }
    let (load, prepared) = prepare(
        &database,
        "given-up",
        to("t", Mode::Append),
        &[rows(&[3])],
        &Kept::default(),
    )
    .await
    .expect("prepared");
    drop(load);
    database.abort(&prepared).await.expect("given up");
    assert!(matches!(database.commit(&prepared).await, Err(Error::Gone { .. })));
    // Dead before it was prepared: nothing of its files is left, and the same run begins anew.
    let load = begin(&database, "unprepared", to("t", Mode::Append), &rows(&[1]))
        .await
        .expect("begun");
    let mut writer = load.writer(0);
    writer.write(&rows(&[4])).await.expect("written");
    writer.finish().await.expect("finished");
    assert!(fixture.files() > 0);
    drop(load);
    fixture.until_no_files().await;
    write(&database, "unprepared", to("t", Mode::Append), &[rows(&[4])])
        .await
        .expect("written");
    assert_eq!(fixture.psql("select count(*) from t where id = 4"), "1");
    assert_eq!(fixture.leftovers(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_do_not_fit_fail_or_are_rejected() {
    let Some(fixture) = Fixture::new("rows_that_do_not_fit_fail_or_are_rejected") else {
        return;
    };
    fixture.psql("create table t (id int4 not null, name varchar(3), extra int8 default 7)");
    let database = fixture.database();
    let bad = batch(vec![
        (
            "id",
            Arc::new(Int64Array::from(vec![Some(1), None, Some(1 << 40), Some(2)])) as ArrayRef,
        ),
        (
            "name",
            Arc::new(StringArray::from(vec!["abc", "def", "ghi", "too long"])),
        ),
    ]);
    let failed = write(&database, "fails", to("t", Mode::Append), std::slice::from_ref(&bad)).await;
    assert!(matches!(failed, Err(Error::Constraint { .. })), "{failed:?}");
    let kept = Kept::default();
    let lenient = WriteConfig {
        on_error: OnError::Reject,
        ..to("t", Mode::Append)
    };
    let (load, prepared) = prepare(&database, "rejects", lenient, &[bad], &kept)
        .await
        .expect("prepared");
    assert_eq!(prepared.rows, 1);
    load.commit().await.expect("committed");
    let kept = kept.0.into_inner();
    let reasons: Vec<&String> = kept.iter().flat_map(|(_, reasons)| reasons).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert_eq!(fixture.psql("select id, name, extra from t"), "1|abc|7");
    let wide = batch(vec![
        ("id", Arc::new(Int32Array::from(vec![2])) as ArrayRef),
        ("name", Arc::new(StringArray::from(vec!["much longer"]))),
        ("more", Arc::new(StringArray::from(vec!["added"]))),
    ]);
    let widen = WriteConfig {
        evolution: Evolution::Widen,
        ..to("t", Mode::Append)
    };
    write(&database, "widens", widen, &[wide]).await.expect("widened");
    assert_eq!(
        fixture.psql("select name, more from t where id = 2"),
        "much longer|added"
    );
    assert_eq!((fixture.leftovers().as_str(), fixture.files()), ("", 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_fails_leaves_nothing() {
    let Some(fixture) = Fixture::new("a_copy_that_fails_leaves_nothing") else {
        return;
    };
    let database = fixture.database();
    // The staging table is changed behind its back, so that the copy finds another type.
    let mut load = begin(&database, "fails", to("t", Mode::Append), &rows(&[1]))
        .await
        .expect("begun");
    let mut writer = load.writer(0);
    writer.write(&rows(&[1])).await.expect("written");
    let part = writer.finish().await.expect("finished");
    let staging = fixture.leftovers();
    fixture.psql(&format!("alter table {staging} alter column id type int4"));
    let error = load
        .prepare(vec![part], &Kept::default())
        .await
        .expect_err("of another type");
    assert!(error.to_string().contains("incompatible Parquet schema"), "{error}");
    load.abandon().await;
    assert_eq!((fixture.leftovers().as_str(), fixture.files()), ("", 0));
    let elsewhere = ConnectOptions {
        temp_dir: Some("s3://elsewhere/tmp".into()),
        ..fixture.options()
    };
    let error = write(
        &fixture.database_with(elsewhere),
        "elsewhere",
        to("t", Mode::Append),
        &[rows(&[1])],
    )
    .await;
    assert!(error.is_err_and(|error| error.to_string().contains("temp_dir")));
}
