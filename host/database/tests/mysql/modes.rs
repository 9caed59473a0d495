//! How rows get into tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use tenon_database::{Begun, Error, Evolution, Mode, OnError, WriteConfig};

use crate::harness::{Nobody, Rejects, batch, config, fixture, request, shown, write};

fn rows(ids: &[i32], names: &[&str]) -> RecordBatch {
    batch(vec![
        ("id", Arc::new(Int32Array::from(ids.to_vec()))),
        ("name", Arc::new(StringArray::from(names.to_vec()))),
    ])
}

#[tokio::test]
async fn modes_do_what_they_say() {
    let Some(fixture) = fixture("modes_do_what_they_say") else {
        return;
    };
    let two = rows(&[1, 2], &["a", "b"]);
    let committed = fixture.write(&config("t", Mode::Error), "r1", &two).await.unwrap();
    assert_eq!((committed.rows, committed.table), (2, format!("{}.t", fixture.schema)));
    let error = fixture.write(&config("t", Mode::Error), "r2", &two).await.unwrap_err();
    assert!(matches!(error, Error::Exists { .. }));
    let ignored = fixture
        .database
        .begin(request(&config("t", Mode::Ignore), "r3", &two))
        .await
        .unwrap();
    assert!(matches!(ignored, Begun::Ignored));
    fixture.write(&config("t", Mode::Append), "r4", &two).await.unwrap();
    assert_eq!(fixture.client("select count(*) from t"), "4");
    fixture
        .write(&config("t", Mode::Overwrite), "r5", &rows(&[9], &["z"]))
        .await
        .unwrap();
    assert_eq!(fixture.client("select * from t"), "9\tz");
    fixture
        .write(&config("new", Mode::Overwrite), "r6", &two)
        .await
        .unwrap();
    fixture.write(&config("newer", Mode::Append), "r7", &two).await.unwrap();
    fixture
        .write(&config("newest", Mode::Ignore), "r8", &two)
        .await
        .unwrap();
    assert_eq!(
        fixture.client("select (select count(*) from new), (select count(*) from newer)"),
        "2\t2"
    );
    assert_eq!(fixture.client("show tables like '\\_tenon\\_%'"), "_tenon_commits");
    assert_eq!(fixture.client("select distinct state from _tenon_commits"), "committed");
    // No rows are rows too.
    fixture
        .write(&config("t", Mode::Overwrite), "r9", &two.slice(0, 0))
        .await
        .unwrap();
    assert_eq!(fixture.client("select count(*) from t"), "0");
}

#[tokio::test]
async fn overwriting_keeps_what_belongs_to_the_table() {
    let Some(fixture) = fixture("overwriting_keeps_what_belongs_to_the_table") else {
        return;
    };
    fixture.client(
        "create table t (id int primary key auto_increment, name varchar(9) default 'x', extra int default 7, key (name));
         insert into t (id) values (1);
         create view v as select * from t;
         create table parent (id int primary key, name text);
         create table child (id int, foreign key (id) references parent (id));
         insert into parent values (1, 'old'); ",
    );
    let two = rows(&[5, 6], &["a", "b"]);
    fixture.write(&config("t", Mode::Overwrite), "r1", &two).await.unwrap();
    assert_eq!(fixture.client("select * from v"), "5\ta\t7\n6\tb\t7");
    assert!(fixture.client("show create table t").contains("KEY `name`"));
    fixture
        .write(&config("parent", Mode::Overwrite), "r2", &two)
        .await
        .unwrap();
    assert!(fixture.client("show create table child").contains("`parent`"));
    fixture.client("insert into child values (5)");
    let error = fixture
        .write(&config("parent", Mode::Overwrite), "r3", &two)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Constraint { message, .. } if message.contains("foreign key")),
        "{error}"
    );
    assert_eq!(fixture.client("select count(*) from parent"), "2");
}

#[tokio::test]
async fn upsert_replaces_by_keys() {
    let Some(fixture) = fixture("upsert_replaces_by_keys") else {
        return;
    };
    fixture.client(
        "create table keyed (id int primary key, name text, kept int default 3);
         insert into keyed values (1, 'old', 1), (2, 'stays', 2);
         create table plain (id int, name text, kept int default 3);
         insert into plain values (1, 'old', 1), (2, 'stays', 2), (null, 'null', 0);",
    );
    for table in ["keyed", "plain"] {
        let upsert = WriteConfig {
            keys: vec!["ID".to_owned()],
            ..config(table, Mode::Upsert)
        };
        fixture
            .write(&upsert, &format!("{table}1"), &rows(&[3, 1], &["new", "changed"]))
            .await
            .unwrap();
        assert_eq!(
            fixture.client(&format!("select * from {table} where id is not null order by id")),
            "1\tchanged\t1\n2\tstays\t2\n3\tnew\t3"
        );
        let twice = fixture
            .write(&upsert, &format!("{table}2"), &rows(&[4, 4], &["x", "y"]))
            .await
            .unwrap_err();
        assert!(
            matches!(&twice, Error::Constraint { message, .. } if message.contains("id = 4")),
            "{twice}"
        );
    }
    let by_default = fixture
        .write(&config("keyed", Mode::Upsert), "r3", &rows(&[2], &["by its key"]))
        .await;
    by_default.unwrap();
    assert_eq!(fixture.client("select name from keyed where id = 2"), "by its key");
    let error = fixture
        .write(&config("plain", Mode::Upsert), "r4", &rows(&[2], &["x"]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Config { .. }), "{error}");
    let made = WriteConfig {
        keys: vec!["name".to_owned()],
        ..config("made", Mode::Upsert)
    };
    fixture.write(&made, "r5", &rows(&[1, 2], &["a", "A"])).await.unwrap();
    fixture.write(&made, "r6", &rows(&[3], &["a"])).await.unwrap();
    assert_eq!(fixture.client("select id, name from made order by id"), "2\tA\n3\ta");
}

#[tokio::test]
async fn marked_rows_are_deleted() {
    let Some(fixture) = fixture("marked_rows_are_deleted") else {
        return;
    };
    fixture.client("create table t (id int primary key, name text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')");
    let marked = batch(vec![
        ("id", Arc::new(Int32Array::from(vec![1, 2, 9]))),
        ("name", Arc::new(StringArray::from(vec![None, Some("changed"), None]))),
        ("gone", Arc::new(BooleanArray::from(vec![Some(true), None, Some(true)]))),
    ]);
    let upsert = WriteConfig {
        delete_when: Some("gone".to_owned()),
        ..config("t", Mode::Upsert)
    };
    fixture.write(&upsert, "r1", &marked).await.unwrap();
    assert_eq!(fixture.client("select * from t order by id"), "2\tchanged\n3\tc");
    // Changes have an order, and the last of each key counts.
    let changes = batch(vec![
        (
            "_op",
            Arc::new(StringArray::from(vec![
                "insert", "update", "delete", "delete", "insert",
            ])),
        ),
        (
            "_position",
            Arc::new(StringArray::from(vec!["0/A", "0/10", "0/10", "0/9", "1/0"])),
        ),
        ("_sequence", Arc::new(Int64Array::from(vec![0, 0, 1, 0, 0]))),
        ("id", Arc::new(Int32Array::from(vec![4, 4, 3, 5, 5]))),
        (
            "name",
            Arc::new(StringArray::from(vec![Some("x"), Some("y"), None, None, Some("back")])),
        ),
    ]);
    let apply = WriteConfig {
        delete_when: Some("_op".to_owned()),
        keys: vec!["id".to_owned()],
        ..config("t", Mode::Upsert)
    };
    fixture.write(&apply, "r2", &changes).await.unwrap();
    assert_eq!(
        fixture.client("select * from t order by id"),
        "2\tchanged\n4\ty\n5\tback"
    );
    let made = WriteConfig {
        table: "made".to_owned(),
        ..apply
    };
    fixture.write(&made, "r3", &changes).await.unwrap();
    assert_eq!(fixture.client("select * from made order by id"), "4\ty\n5\tback");
}

#[tokio::test]
async fn tables_change_by_policy() {
    let Some(fixture) = fixture("tables_change_by_policy") else {
        return;
    };
    fixture.client("create table t (id smallint not null default 4 comment 'it''s'); insert into t values (1)");
    let wide = batch(vec![
        ("ID", Arc::new(Int64Array::from(vec![1_i64 << 40]))),
        ("note", Arc::new(StringArray::from(vec!["x"]))),
    ]);
    let with = |evolution, mode| WriteConfig {
        evolution,
        ..config("t", mode)
    };
    let error = fixture
        .write(&with(Evolution::Refuse, Mode::Append), "r1", &wide)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Mismatch { reason, .. } if reason.contains("note")),
        "{error}"
    );
    let error = fixture
        .write(&with(Evolution::Add, Mode::Append), "r2", &wide)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Constraint { message, .. } if message.contains("Out of range")),
        "{error}"
    );
    fixture
        .write(&with(Evolution::Widen, Mode::Append), "r3", &wide)
        .await
        .unwrap();
    assert_eq!(
        fixture.client("select * from t order by id"),
        format!("1\tNULL\n{}\tx", 1_i64 << 40)
    );
    let made = fixture.client("show create table t");
    assert!(made.contains("bigint(20) NOT NULL DEFAULT 4 COMMENT 'it''s'"), "{made}");
    let more = batch(vec![("more", Arc::new(Int32Array::from(vec![1])))]);
    fixture
        .write(&with(Evolution::Add, Mode::Overwrite), "r4", &more)
        .await
        .unwrap();
    assert_eq!(fixture.client("select * from t"), "4\tNULL\t1");
    fixture.client("create table strict (id int, must int not null)");
    let error = fixture
        .write(&config("strict", Mode::Append), "r5", &rows(&[1], &["x"]))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn given_types_are_taken() {
    let Some(fixture) = fixture("given_types_are_taken") else {
        return;
    };
    let typed = WriteConfig {
        types: BTreeMap::from([("name".to_owned(), "varchar(40)".to_owned())]),
        keys: vec!["id".to_owned()],
        ..config("t", Mode::Error)
    };
    fixture.write(&typed, "r1", &rows(&[1], &["x"])).await.unwrap();
    let made = fixture.client("show create table t");
    assert!(
        made.contains("`name` varchar(40)") && made.contains("PRIMARY KEY (`id`)"),
        "{made}"
    );
    let unknown = WriteConfig {
        table: "u".to_owned(),
        types: BTreeMap::from([("nmae".to_owned(), "int".to_owned())]),
        ..typed
    };
    let error = fixture.write(&unknown, "r2", &rows(&[1], &["x"])).await.unwrap_err();
    assert!(
        matches!(&error, Error::NoColumn { column, .. } if column == "nmae"),
        "{error}"
    );
    let twice = WriteConfig {
        keys: vec!["id".to_owned()],
        ..config("twice", Mode::Error)
    };
    let error = fixture
        .write(&twice, "r3", &rows(&[7, 7], &["x", "y"]))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Constraint { message, .. } if message.contains("Duplicate entry '7'")),
        "{error}"
    );
}

#[tokio::test]
async fn refused_rows_are_rejected() {
    let Some(fixture) = fixture("refused_rows_are_rejected") else {
        return;
    };
    fixture.client(
        "create table t (id int primary key, name varchar(5) not null, check (id <> 13));
         insert into t values (1, 'there')",
    );
    let written = batch(vec![
        ("id", Arc::new(Int32Array::from((0..200).collect::<Vec<i32>>()))),
        (
            "name",
            Arc::new(StringArray::from(
                (0..200).map(|id| (id != 50).then_some("n")).collect::<Vec<_>>(),
            )),
        ),
    ]);
    for (mode, left) in [(Mode::Append, 3), (Mode::Upsert, 2)] {
        let rejecting = WriteConfig {
            on_error: OnError::Reject,
            ..config("t", mode)
        };
        let rejects = Rejects::default();
        let committed = write(&fixture.database, &rejecting, &format!("{mode:?}"), &written, &rejects)
            .await
            .unwrap();
        assert_eq!(committed.rows, 200 - left);
        let rejected = rejects.0.into_inner().unwrap();
        let (batch, reasons) = &rejected[0];
        assert_eq!(batch.schema(), written.schema());
        assert_eq!(batch.num_rows() as u64, left);
        let all = reasons.join("; ");
        assert!(
            all.contains("CONSTRAINT") && all.contains("'name' cannot be null"),
            "{all}"
        );
        assert_eq!(all.contains("Duplicate entry '1'"), mode == Mode::Append, "{all}");
        assert!(
            shown(batch).contains("| 50 |      |") || shown(batch).contains("50"),
            "{}",
            shown(batch)
        );
        assert_eq!(fixture.client("select count(*) from t"), "198");
        fixture.client("delete from t where id <> 1");
    }
    let new = WriteConfig {
        on_error: OnError::Reject,
        keys: vec!["id".to_owned()],
        ..config("new", Mode::Error)
    };
    let rejects = Rejects::default();
    write(
        &fixture.database,
        &new,
        "new",
        &rows(&[1, 1, 2], &["a", "b", "c"]),
        &rejects,
    )
    .await
    .unwrap();
    assert_eq!(fixture.client("select count(*) from new"), "2");
    assert_eq!(
        rejects.0.into_inner().unwrap()[0].1,
        ["Duplicate entry '1' for key 'PRIMARY'"]
    );
    // Without rejects, one bad row keeps all of them out.
    let error = write(&fixture.database, &config("t", Mode::Append), "bad", &written, &Nobody)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Constraint { .. }), "{error}");
    assert_eq!(fixture.client("select count(*) from t"), "1");
}
