//! Older databases become newer ones.

use futures::future::join_all;
use tenon_metadata::{Error, ErrorKind, Metadata, Migrations, row};

use crate::{Place, TABLES, on_both};

on_both![
    a_newer_database_is_refused,
    a_step_that_fails_leaves_the_old_version,
    many_open_at_once
];

const OLD: Migrations = Migrations {
    component: "tests",
    steps: &["create table counters (name text primary key, value bigint not null)"],
};
const BROKEN: Migrations = Migrations {
    component: "tests",
    steps: &[
        OLD.steps[0],
        "create table more (name text); insert into counters (name) values ('a')",
    ],
};
const NEW: Migrations = Migrations {
    component: "tests",
    steps: &[
        OLD.steps[0],
        "create table more (name text)",
        "alter table more add column size bigint",
    ],
};

async fn a_newer_database_is_refused(place: Place) {
    let settings = place.settings();
    drop(Metadata::open(&settings, &[NEW]).await.unwrap());
    let error = Metadata::open(&settings, &[OLD]).await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 3, known: 1, .. }), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Internal);
    let said = error.to_string();
    assert!(
        said.contains("has version 3 of `tests`") && !said.contains("tenon_test"),
        "{said}"
    );
    Metadata::open(&settings, &[NEW]).await.unwrap();
}

async fn a_step_that_fails_leaves_the_old_version(place: Place) {
    let settings = place.settings();
    let old = Metadata::open(&settings, &[OLD]).await.unwrap();
    old.write(|tx| tx.execute("insert into counters values ('kept', 1)", row![]))
        .await
        .unwrap();
    let other = Migrations {
        component: "other",
        steps: &["create table other (name text)"],
    };
    let error = Metadata::open(&settings, &[other, BROKEN]).await.unwrap_err();
    assert!(matches!(error, Error::Constraint { .. }), "{error:?}");
    let new = Metadata::open(&settings, &[NEW]).await.unwrap();
    let kept: i64 = new
        .read(|tx| {
            let names = tx.query("select component from migrations", row![])?;
            assert_eq!(names.len(), 1, "no component of the failed ones");
            tx.query("select size from more", row![])?;
            tx.one("select count(*) from counters", row![])?.get(0)
        })
        .await
        .unwrap();
    assert_eq!(kept, 1);
}

async fn many_open_at_once(place: Place) {
    let settings = place.settings();
    let opened = join_all((0..8).map(|_| Metadata::open(&settings, &[TABLES]))).await;
    for result in opened {
        let metadata = result.unwrap();
        metadata
            .write(|tx| tx.execute("insert into things (name) values ('a')", row![]))
            .await
            .unwrap();
    }
    let metadata = place.open().await;
    let count: i64 = metadata
        .read(|tx| tx.one("select count(*) from things", row![])?.get(0))
        .await
        .unwrap();
    assert_eq!(count, 8);
}
