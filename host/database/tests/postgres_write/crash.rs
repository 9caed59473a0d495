//! Runs that end at any step, and what the next one finds.

use tenon_database::{Committed, Error, Mode, OnError, WriteConfig};

use super::support::{Fixture, Kept, NoneRejected, ready, request, rows, to, write_parts};

fn modes() -> Vec<WriteConfig> {
    let keyed = |mode, table: &str| WriteConfig {
        keys: vec!["id".into()],
        ..to(table, mode)
    };
    vec![
        to("a", Mode::Error),
        to("b", Mode::Append),
        to("c", Mode::Overwrite),
        keyed(Mode::Upsert, "d"),
        WriteConfig {
            on_error: OnError::Reject,
            ..keyed(Mode::Append, "e")
        },
    ]
}

#[tokio::test]
async fn whatever_step_a_run_ends_at_nothing_is_seen_and_nothing_stays() {
    let Some(on) = Fixture::new("steps") else { return };
    for config in modes() {
        let table = config.table.clone();
        let is_there = format!("select coalesce(to_regclass('{table}')::text, 'none')");
        for step in ["begun", "writing", "written", "prepared"] {
            let batch = rows(&[1, 2]);
            let run = format!("{table}-{step}");
            let mut load = ready(
                on.database()
                    .begin(request(&run, config.clone(), &batch))
                    .await
                    .expect("begun"),
            );
            match step {
                "begun" => {}
                "writing" => {
                    let mut writer = load.writer(0);
                    writer.write(&batch).await.expect("written");
                }
                _ => {
                    let parts = write_parts(&*load, &[batch]).await.expect("written");
                    if step == "prepared" {
                        load.prepare(parts, &Kept::default()).await.expect("prepared");
                    }
                }
            }
            drop(load);
            assert_eq!(on.psql(&is_there), "none", "{table} {step}");
        }
        settled(&on).await;
        // The next run sweeps what was not prepared; what was could still be committed.
        on.write(&format!("{table}-next"), config, &[rows(&[3])])
            .await
            .expect("written");
        assert_eq!(on.psql(&format!("select id from {table}")), "3");
        assert_eq!(
            on.psql("select count(*) from _tenon_commits where state = 'staging'"),
            "0"
        );
        assert_eq!(on.leftovers().lines().count(), 1, "{table}");
        on.psql("update _tenon_commits set created_at = created_at - interval '25 hours' where state = 'prepared'");
        on.write(&format!("{table}-later"), to("sweeper", Mode::Append), &[rows(&[3])])
            .await
            .expect("written");
        assert_eq!(on.leftovers(), "", "{table}");
    }
}

#[tokio::test]
async fn commits_of_long_ago_are_forgotten() {
    let Some(on) = Fixture::new("old_commits") else { return };
    let write = async |run: &str| {
        let config = to("kept", Mode::Append);
        on.write(run, config, &[rows(&[1])]).await.expect("written");
    };
    write("first").await;
    write("second").await;
    on.psql("update _tenon_commits set created_at = created_at - interval '91 days' where token like '%first%'");
    write("third").await;
    assert_eq!(
        on.psql("select count(*) from _tenon_commits where state = 'committed'"),
        "2"
    );
    assert_eq!(on.psql("select count(*) from kept"), "3");
}

/// Waits until the server has noticed that sessions have ended.
async fn settled(on: &Fixture) {
    for _ in 0..100 {
        if on.psql("select count(*) from pg_locks where locktype = 'advisory'") == "0" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("a lock is still held");
}

#[tokio::test]
async fn what_was_prepared_is_committed_by_another_once() {
    let Some(on) = Fixture::new("recovered") else { return };
    for config in modes() {
        let table = config.table.clone();
        for there in [false, true] {
            if config.mode == Mode::Error && there {
                continue;
            }
            let run = format!("{table}-{there}");
            let id = if there { 2 } else { 1 };
            let (load, prepared) = on
                .prepare(&run, config.clone(), &[rows(&[id])], &NoneRejected)
                .await
                .expect("prepared");
            drop(load);
            let prepared = serde_json::from_str(&serde_json::to_string(&prepared).expect("JSON")).expect("the same");
            let committed = on.database().commit(&prepared).await.expect("committed");
            let expected = Committed {
                table: format!("public.{table}"),
                rows: 1,
                bytes: prepared.bytes,
            };
            assert_eq!(committed, expected);
            assert_eq!(on.database().commit(&prepared).await, Ok(expected));
            let decided = on.database().abort(&prepared).await.expect_err("it is decided");
            assert!(matches!(decided, Error::Decided { .. }), "{decided}");
            let again = on
                .database()
                .begin(request(&run, config.clone(), &rows(&[id])))
                .await
                .err();
            assert!(
                config.mode == Mode::Error || matches!(again, Some(Error::Decided { .. })),
                "{again:?}"
            );
            assert_eq!(on.psql(&format!("select count(*) from {table} where id = {id}")), "1");
        }
    }
    assert_eq!(on.leftovers(), "");
}

#[tokio::test]
async fn what_is_committed_is_committed_again() {
    let Some(on) = Fixture::new("again") else { return };
    let (load, prepared) = on
        .prepare("r1", to("t", Mode::Append), &[rows(&[1, 2])], &NoneRejected)
        .await
        .expect("prepared");
    let committed = load.commit().await.expect("committed");
    assert_eq!(on.database().commit(&prepared).await, Ok(committed));
    assert_eq!(on.psql("select count(*) from t"), "2");
}

#[tokio::test]
async fn what_is_given_up_is_gone() {
    let Some(on) = Fixture::new("given_up") else { return };
    for config in modes() {
        let (load, prepared) = on
            .prepare(&config.table, config.clone(), &[rows(&[1])], &NoneRejected)
            .await
            .expect("prepared");
        drop(load);
        on.database().abort(&prepared).await.expect("given up");
        on.database().abort(&prepared).await.expect("as before");
        let gone = on.database().commit(&prepared).await.expect_err("gone");
        assert!(
            matches!(&gone, Error::Gone { run, .. } if *run == config.table),
            "{gone}"
        );
        let (load, prepared) = on
            .prepare("given", config.clone(), &[rows(&[1])], &NoneRejected)
            .await
            .expect("prepared");
        load.abandon().await;
        assert!(on.database().commit(&prepared).await.is_err());
    }
    assert_eq!(on.leftovers(), "");
    assert_eq!(on.psql("select count(*) from _tenon_commits"), "0");
}

#[tokio::test]
async fn a_run_that_is_alive_is_left_alone() {
    let Some(on) = Fixture::new("alive") else { return };
    let batch = rows(&[1]);
    let mut load = ready(
        on.database()
            .begin(request("r1", to("t", Mode::Append), &batch))
            .await
            .expect("begun"),
    );
    let second = on
        .database()
        .begin(request("r1", to("t", Mode::Append), &batch))
        .await
        .expect_err("it is taken");
    assert!(second.to_string().contains("another attempt"), "{second}");
    on.write("r2", to("t", Mode::Append), &[rows(&[2])])
        .await
        .expect("written");
    let parts = write_parts(&*load, &[batch]).await.expect("not swept");
    load.prepare(parts, &NoneRejected).await.expect("prepared");
    load.commit().await.expect("committed");
    assert_eq!(on.psql("select id from t order by id"), "1\n2");
}

#[tokio::test]
async fn what_could_not_be_prepared_is_swept_at_once() {
    let Some(on) = Fixture::new("unprepared") else {
        return;
    };
    on.psql("create table t (id bigint primary key, name text); insert into t values (1, 'old')");
    let batch = rows(&[1]);
    let begun = on
        .database()
        .begin(request("r1", to("t", Mode::Append), &batch))
        .await
        .expect("begun");
    let mut load = ready(begun);
    let parts = write_parts(&*load, &[batch]).await.expect("written");
    let refused = load.prepare(parts, &NoneRejected).await.expect_err("it is there");
    assert!(matches!(refused, Error::Constraint { .. }), "{refused}");
    drop(load);
    settled(&on).await;
    on.write("r2", to("t", Mode::Append), &[rows(&[2])])
        .await
        .expect("written");
    assert_eq!(on.leftovers(), "");
}
