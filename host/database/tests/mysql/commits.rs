//! Commits that are decided right whenever a process dies.

use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch};
use tenon_database::{Error, Mode, WriteConfig};

use crate::harness::{Fixture, Nobody, batch, begin, config, fixture, prepare, request};

fn rows(ids: std::ops::Range<i32>) -> RecordBatch {
    batch(vec![("id", Arc::new(Int32Array::from(ids.collect::<Vec<i32>>())))])
}

fn modes() -> Vec<WriteConfig> {
    let keyed = WriteConfig {
        keys: vec!["id".to_owned()],
        ..config("merged", Mode::Upsert)
    };
    vec![
        config("new", Mode::Error),
        config("swapped", Mode::Overwrite),
        config("child", Mode::Overwrite),
        config("added", Mode::Append),
        keyed,
    ]
}

fn tables(fixture: &Fixture) {
    fixture.client(
        "create table swapped (id int); insert into swapped values (100);
         create table parent (id int primary key); insert into parent select seq from seq_0_to_9;
         create table child (id int, foreign key (id) references parent (id)); insert into child values (1);
         create table added (id int); insert into added values (100);
         create table merged (id int primary key); insert into merged values (1), (100);",
    );
}

fn counts(fixture: &Fixture) -> String {
    let count = |table: &str| {
        let there = fixture.client(&format!("show tables like '{table}'"));
        if there.is_empty() {
            "-".to_owned()
        } else {
            fixture.client(&format!("select count(*) from {table}"))
        }
    };
    ["new", "swapped", "child", "added", "merged"].map(count).join(" ")
}

#[tokio::test]
async fn a_commit_is_done_again_by_another_process() {
    let Some(fixture) = fixture("a_commit_is_done_again_by_another_process") else {
        return;
    };
    tables(&fixture);
    let mut all = Vec::new();
    for config in modes() {
        let batch = rows(0..10);
        let (load, prepared) = prepare(
            &fixture.database,
            request(&config, &format!("{}1", config.table), &batch),
            &batch,
            &Nobody,
        )
        .await
        .unwrap();
        // The process ends here: its connection goes, and what was open is rolled back.
        drop(load);
        all.push(prepared);
    }
    assert_eq!(counts(&fixture), "- 1 1 1 2", "nothing is visible before the commit");
    for prepared in &all {
        for _ in 0..3 {
            let committed = fixture.database.commit(prepared).await.unwrap();
            assert_eq!((committed.rows, committed.table), (10, prepared.table.to_string()));
        }
        let error = fixture.database.abort(prepared).await.unwrap_err();
        assert!(matches!(error, Error::Decided { .. }), "{error}");
    }
    assert_eq!(counts(&fixture), "10 10 10 11 11");
    assert_eq!(fixture.client("show tables like '\\_tenon\\_%'"), "_tenon_commits");
}

#[tokio::test]
async fn a_commit_whose_end_was_not_seen_is_known() {
    let Some(fixture) = fixture("a_commit_whose_end_was_not_seen_is_known") else {
        return;
    };
    tables(&fixture);
    for config in modes() {
        let batch = rows(0..10);
        let (load, prepared) = prepare(
            &fixture.database,
            request(&config, &format!("{}1", config.table), &batch),
            &batch,
            &Nobody,
        )
        .await
        .unwrap();
        load.commit().await.unwrap();
        let again = fixture.database.commit(&prepared).await.unwrap();
        assert_eq!(again.rows, 10);
    }
    assert_eq!(counts(&fixture), "10 10 10 11 11");
    // After a rename, the process ends before it has noted so.
    for config in [config("late", Mode::Error), config("swapped", Mode::Overwrite)] {
        let batch = rows(0..3);
        let (load, prepared) = prepare(
            &fixture.database,
            request(&config, &format!("{}3", config.table), &batch),
            &batch,
            &Nobody,
        )
        .await
        .unwrap();
        drop(load);
        let (table, staging) = (&prepared.table.table, &prepared.staging.table);
        if fixture.client(&format!("show tables like '{table}'")).is_empty() {
            fixture.client(&format!("rename table {staging} to {table}"));
        } else {
            let aside = staging.replace("_tenon_", "_tenon_aside_");
            fixture.client(&format!("rename table {table} to {aside}, {staging} to {table}"));
        }
        let error = fixture.database.abort(&prepared).await.unwrap_err();
        assert!(matches!(error, Error::Decided { .. }), "{error}");
        assert_eq!(fixture.database.commit(&prepared).await.unwrap().rows, 3);
        assert_eq!(fixture.client(&format!("select count(*) from {table}")), "3");
        assert_eq!(fixture.client("show tables like '\\_tenon\\_%'"), "_tenon_commits");
    }
}

#[tokio::test]
async fn what_was_given_up_is_gone() {
    let Some(fixture) = fixture("what_was_given_up_is_gone") else {
        return;
    };
    tables(&fixture);
    for config in modes() {
        let batch = rows(0..10);
        let (load, prepared) = prepare(
            &fixture.database,
            request(&config, &format!("{}1", config.table), &batch),
            &batch,
            &Nobody,
        )
        .await
        .unwrap();
        drop(load);
        fixture.database.abort(&prepared).await.unwrap();
        fixture.database.abort(&prepared).await.unwrap();
        let error = fixture.database.commit(&prepared).await.unwrap_err();
        assert!(matches!(error, Error::Gone { .. }), "{error}");
        let (load, prepared) = prepare(
            &fixture.database,
            request(&config, &format!("{}2", config.table), &batch),
            &batch,
            &Nobody,
        )
        .await
        .unwrap();
        load.abandon().await;
        let error = fixture.database.commit(&prepared).await.unwrap_err();
        assert!(matches!(error, Error::Gone { .. }), "{error}");
    }
    assert_eq!(counts(&fixture), "- 1 1 1 2");
    assert_eq!(fixture.client("show tables like '\\_tenon\\_%'"), "_tenon_commits");
}

#[tokio::test]
async fn dead_runs_are_swept() {
    let Some(fixture) = fixture("dead_runs_are_swept") else {
        return;
    };
    let batch = rows(0..10);
    let of = |run: &str, table: &str| request(&config(table, Mode::Append), run, &batch);
    let dead = begin(&fixture.database, of("dead", "t")).await.unwrap();
    let alive = begin(&fixture.database, of("alive", "t")).await.unwrap();
    let (load, young) = prepare(&fixture.database, of("young", "t"), &batch, &Nobody)
        .await
        .unwrap();
    drop((dead, load));
    let (load, old) = prepare(&fixture.database, of("old", "t"), &batch, &Nobody)
        .await
        .unwrap();
    drop(load);
    fixture.client("update _tenon_commits set created_at = now() - interval 2 day where token = 'old/sink'");
    // Connections end a moment after they are dropped.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    fixture
        .write(&config("other", Mode::Append), "now", &batch)
        .await
        .unwrap();
    let left = fixture.client("select token from _tenon_commits where state <> 'committed' order by 1");
    assert_eq!(left, "alive/sink\nyoung/sink");
    assert_eq!(fixture.client("show tables like '\\_tenon\\_%'").lines().count(), 3);
    assert!(matches!(fixture.database.commit(&old).await, Err(Error::Gone { .. })));
    assert_eq!(fixture.database.commit(&young).await.unwrap().rows, 10);
    alive.abandon().await;
}

#[tokio::test]
async fn two_runs_at_once_commit_one_after_the_other() {
    let Some(fixture) = fixture("two_runs_at_once_commit_one_after_the_other") else {
        return;
    };
    let batch = rows(0..10);
    let of = |run: &str, mode| request(&config("t", mode), run, &batch);
    let (first, _) = prepare(&fixture.database, of("a", Mode::Error), &batch, &Nobody)
        .await
        .unwrap();
    let (second, _) = prepare(&fixture.database, of("b", Mode::Error), &batch, &Nobody)
        .await
        .unwrap();
    let twice = fixture.database.begin(of("a", Mode::Error)).await.unwrap_err();
    assert!(matches!(twice, Error::Config { .. }), "{twice}");
    first.commit().await.unwrap();
    let late = second.commit().await.unwrap_err();
    assert!(matches!(late, Error::Exists { .. }), "{late}");
    let (first, _) = prepare(&fixture.database, of("c", Mode::Append), &batch, &Nobody)
        .await
        .unwrap();
    let (second, _) = prepare(&fixture.database, of("d", Mode::Append), &batch, &Nobody)
        .await
        .unwrap();
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(fixture.client("select count(*) from t"), "30");
}
