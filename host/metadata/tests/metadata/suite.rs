//! What both databases do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use futures::future::join_all;
use tenon_metadata::{Error, ErrorKind, Metadata, Transaction, row};

use crate::{Place, on_both};

on_both![
    commits_and_rolls_back,
    one_that_fails_leaves_the_others,
    one_that_panics_leaves_the_others,
    a_statement_that_fails_fails_all,
    an_attempt_that_fails_leaves_the_rest,
    notices_come_after_the_commit,
    a_look_sees_one_moment,
    a_glance_is_a_look,
    a_look_changes_nothing,
    many_writers_on_one_thread,
    what_may_be_lost_waits_for_no_disk,
    those_who_change_the_same_row_meet,
    the_clock_is_the_given_one,
    a_dropped_future_takes_nothing_back,
    the_last_one_closes,
];

fn add(tx: &mut Transaction<'_>, name: &str, value: i64) -> Result<u64, Error> {
    tx.execute(
        "insert into counters (name, value) values (?1, ?2)
         on conflict (name) do update set value = counters.value + excluded.value",
        row![name, value],
    )
}

#[expect(clippy::unnecessary_wraps, reason = "a change answers with a result")]
fn tell(tx: &mut Transaction<'_>, text: &str) -> Result<(), Error> {
    tx.notify("tests", text);
    Ok(())
}

async fn total(metadata: &Metadata) -> (i64, i64) {
    let look = |tx: &mut Transaction<'_>| {
        let row = tx.one("select count(*), coalesce(sum(value), 0) from counters", row![])?;
        Ok::<_, Error>((row.get(0)?, row.get(1)?))
    };
    metadata.read(look).await.unwrap()
}

async fn commits_and_rolls_back(place: Place) {
    let metadata = place.open().await;
    metadata.write(|tx| add(tx, "a", 1)).await.unwrap();
    let refused = metadata
        .write(|tx| {
            add(tx, "a", 10)?;
            add(tx, "b", 10)?;
            Err::<(), _>(Error::NoRow)
        })
        .await;
    assert_eq!(refused, Err(Error::NoRow));
    assert_eq!(total(&metadata).await, (1, 1));
    drop(metadata);
    assert_eq!(total(&place.open().await).await, (1, 1));
}

async fn one_that_fails_leaves_the_others(place: Place) {
    let metadata = place.open().await;
    let changes = (0..300).map(|number| {
        metadata.write(move |tx| {
            add(tx, &format!("counter {number}"), 1)?;
            match number % 3 {
                0 => Err(Error::NoRow),
                // Not null.
                1 => add_nothing(tx),
                _ => Ok(()),
            }
        })
    });
    let results = join_all(changes).await;
    for (number, result) in results.into_iter().enumerate() {
        match number % 3 {
            0 => assert_eq!(result, Err(Error::NoRow)),
            1 => assert!(matches!(result, Err(Error::Constraint { .. })), "{result:?}"),
            _ => assert_eq!(result, Ok(())),
        }
    }
    assert_eq!(total(&metadata).await, (100, 100));
}

fn add_nothing(tx: &mut Transaction<'_>) -> Result<(), Error> {
    tx.execute("insert into counters (name) values (?1)", row!["nothing"])
        .map(drop)
}

async fn one_that_panics_leaves_the_others(place: Place) {
    let metadata = place.open().await;
    let changes = (0..30).map(|number| {
        metadata.write(move |tx| {
            add(tx, &format!("counter {number}"), 1)?;
            assert_ne!(number % 3, 0, "a change that panics");
            Ok::<_, Error>(())
        })
    });
    let panicked = join_all(changes).await.into_iter().filter(Result::is_err).count();
    assert_eq!(panicked, 10);
    let look = metadata.read(|_| -> Result<(), Error> { panic!("a look that panics") });
    assert_eq!(look.await, Err(Error::Panicked));
    assert_eq!(total(&metadata).await, (20, 20));
}

async fn a_statement_that_fails_fails_all(place: Place) {
    let metadata = place.open().await;
    let result = metadata
        .write(|tx| {
            add(tx, "before", 1)?;
            let failed = add_nothing(tx);
            assert!(matches!(failed, Err(Error::Constraint { .. })), "{failed:?}");
            let after = add(tx, "after", 1);
            assert!(matches!(after, Err(Error::Constraint { .. })), "{after:?}");
            Ok::<_, Error>(())
        })
        .await;
    assert!(matches!(result, Err(Error::Constraint { .. })), "{result:?}");
    for (sql, parameters) in [
        ("select ?1", vec![]),
        ("select ?1, ?2", row![1].to_vec()),
        ("select no_such_column from counters", vec![]),
        ("selekt", vec![]),
    ] {
        let result = metadata.write(move |tx| tx.query(sql, &parameters)).await;
        let error = result.expect_err(sql);
        assert!(matches!(error, Error::Statement { .. }), "{sql}: {error:?}");
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
    assert_eq!(total(&metadata).await, (0, 0));
}

async fn an_attempt_that_fails_leaves_the_rest(place: Place) {
    let metadata = place.open().await;
    let mut told = metadata.subscribe("tests");
    metadata
        .write(|tx| {
            add(tx, "before", 1)?;
            let failed = tx.attempt(|tx| {
                add(tx, "within", 10)?;
                tx.notify("tests", "within");
                add_nothing(tx)
            });
            assert!(matches!(failed, Err(Error::Constraint { .. })), "{failed:?}");
            let swallowed = tx.attempt(|tx| {
                add(tx, "within", 10)?;
                let _ = add_nothing(tx);
                Ok::<_, Error>(())
            });
            assert!(matches!(swallowed, Err(Error::Constraint { .. })), "{swallowed:?}");
            tx.attempt(|tx| {
                add(tx, "outer", 100)?;
                let refused = tx.attempt(|tx| add(tx, "inner", 1000).and(Err::<(), _>(Error::NoRow)));
                assert_eq!(refused, Err(Error::NoRow));
                Ok::<_, Error>(())
            })?;
            tx.notify("tests", "after");
            add(tx, "after", 1)
        })
        .await
        .unwrap();
    assert_eq!(total(&metadata).await, (3, 102));
    assert_eq!(told.next().await.unwrap().text, "after");
}

async fn notices_come_after_the_commit(place: Place) {
    let metadata = place.open().await;
    let other = place.open().await;
    let (mut here, mut elsewhere) = (metadata.subscribe("tests"), other.subscribe("tests"));
    let _ = metadata
        .write(|tx| {
            tx.notify("tests", "undone");
            Err::<(), _>(Error::NoRow)
        })
        .await;
    for number in 0..3 {
        metadata
            .write(move |tx| {
                tx.notify("others", "something else");
                tx.notify("tests", &number.to_string());
                tx.notify("tests", &format!("{number} again"));
                add(tx, "told", 1)
            })
            .await
            .unwrap();
    }
    let expected = ["0", "0 again", "1", "1 again", "2", "2 again"];
    for text in expected {
        assert_eq!(here.next().await.unwrap().text, text, "once, and in order");
    }
    if !place.is_sqlite() {
        for text in expected {
            assert_eq!(elsewhere.next().await.unwrap().text, text, "on other servers as well");
        }
    }
    metadata.write(|tx| tell(tx, "last")).await.unwrap();
    assert_eq!(here.next().await.unwrap().text, "last", "none was told twice");
}

async fn a_look_sees_one_moment(place: Place) {
    let metadata = place.open().await;
    metadata.write(|tx| add(tx, "a", 1)).await.unwrap();
    let (looked, has_looked) = mpsc::channel();
    let (changed, has_changed) = mpsc::channel();
    let value = |tx: &mut Transaction<'_>| {
        tx.one("select value from counters where name = 'a'", row![])?
            .get::<i64>(0)
    };
    let look = metadata.read(move |tx| {
        let before = value(tx)?;
        looked.send(()).unwrap();
        has_changed.recv_timeout(Duration::from_secs(30)).unwrap();
        Ok::<_, Error>((before, value(tx)?))
    });
    let look = std::pin::pin!(look);
    let change = async {
        // On a thread of its own: the look goes on while this one waits.
        tokio::task::spawn_blocking(move || has_looked.recv_timeout(Duration::from_secs(30)))
            .await
            .unwrap()
            .unwrap();
        metadata.write(|tx| add(tx, "a", 1)).await.unwrap();
        changed.send(()).unwrap();
    };
    let (seen, ()) = tokio::join!(look, change);
    assert_eq!(seen, Ok((1, 1)));
    assert_eq!(total(&metadata).await, (1, 2));
}

async fn a_glance_is_a_look(place: Place) {
    let metadata = place.open().await;
    metadata.write(|tx| add(tx, "a", 3)).await.unwrap();
    // More than there are connections for.
    let glances = (0..50).map(|_| metadata.glance(|tx| tx.one("select count(*) from counters", row![])?.get::<i64>(0)));
    for seen in join_all(glances).await {
        assert_eq!(seen, Ok(1));
    }
    let changes = metadata.glance(|tx| add(tx, "b", 1)).await;
    assert!(changes.is_err(), "{changes:?}");
    let panics = metadata.glance(|_| -> Result<(), Error> { panic!("a glance that panics") });
    assert_eq!(panics.await, Err(Error::Panicked));
    let seen = metadata.glance(|tx| tx.one("select count(*) from counters", row![])?.get::<i64>(0));
    assert_eq!(seen.await, Ok(1));
}

async fn a_look_changes_nothing(place: Place) {
    let metadata = place.open().await;
    let refused = metadata.read(|tx| add(tx, "a", 1)).await.unwrap_err();
    let said = "a statement fails: a look at the database cannot change it";
    assert_eq!(refused.to_string(), said);
    metadata.write(|tx| add(tx, "a", 1)).await.unwrap();
    assert_eq!(total(&metadata).await, (1, 1));
}

async fn many_writers_on_one_thread(place: Place) {
    let metadata = place.open().await;
    let before = metadata.statistics();
    let changes = (0..10_000).map(|number| metadata.write(move |tx| add(tx, &format!("counter {number}"), 1)));
    for result in join_all(changes).await {
        assert_eq!(result, Ok(1));
    }
    assert_eq!(total(&metadata).await, (10_000, 10_000));
    let after = metadata.statistics();
    assert_eq!((after.changes - before.changes, after.waiting), (10_000, 0));
    if place.is_sqlite() {
        let commits = after.commits - before.commits;
        assert!(commits < 1_000, "{commits} flushes to the disk for 10,000 changes");
    }
}

async fn what_may_be_lost_waits_for_no_disk(place: Place) {
    let metadata = place.open().await;
    let before = metadata.statistics();
    for _ in 0..20 {
        metadata.write_soon(|tx| add(tx, "a", 1)).await.unwrap();
    }
    assert_eq!(total(&metadata).await, (1, 20));
    let after = metadata.statistics();
    assert_eq!(after.changes - before.changes, 20);
    if place.is_sqlite() {
        assert_eq!(after.commits, before.commits);
    }
    // Among others each of them gets what it needs.
    let changes = (0..1_000).map(|number| {
        let (metadata, name) = (metadata.clone(), format!("counter {number}"));
        async move {
            match number % 3 {
                0 => metadata.write(move |tx| add(tx, &name, 1)).await,
                _ => metadata.write_soon(move |tx| add(tx, &name, 1)).await,
            }
        }
    });
    for result in join_all(changes).await {
        assert_eq!(result, Ok(1));
    }
    if place.is_sqlite() {
        assert!(metadata.statistics().commits > after.commits);
    }
    drop(metadata);
    assert_eq!(total(&place.open().await).await, (1_001, 1_020));
}

async fn those_who_change_the_same_row_meet(place: Place) {
    let servers = [place.open().await, place.open().await, place.open().await];
    let calls = Arc::new(AtomicUsize::new(0));
    let changes = (0..150).map(|number| {
        let calls = Arc::clone(&calls);
        servers[number % 3].write(move |tx| {
            calls.fetch_add(1, Ordering::Relaxed);
            // Read, then written: the last one must not win.
            let row = tx.first("select value from counters where name = 'a' {for_update}", row![])?;
            let value: i64 = row.map_or(Ok(0), |row| row.get(0))?;
            add(tx, "b", 1)?;
            tx.execute(
                "insert into counters (name, value) values ('a', ?1)
                 on conflict (name) do update set value = excluded.value",
                row![value + 1],
            )
        })
    });
    for result in join_all(changes).await {
        assert_eq!(result, Ok(1));
    }
    assert_eq!(total(&servers[0]).await, (2, 300));
    assert!(calls.load(Ordering::Relaxed) >= 150);
}

async fn the_clock_is_the_given_one(place: Place) {
    let metadata = place.open().await;
    let now = metadata.write(|tx| Ok::<_, Error>(tx.now())).await.unwrap();
    let seen = metadata.read(|tx| Ok::<_, Error>(tx.now())).await.unwrap();
    assert_eq!((now, seen, metadata.clock().now()), (1_700_000_000_000_000, now, now));
}

async fn a_dropped_future_takes_nothing_back(place: Place) {
    let metadata = place.open().await;
    let mut told = metadata.subscribe("tests");
    let change = metadata.write(|tx| {
        tx.notify("tests", "done");
        add(tx, "a", 1)
    });
    // Asked once, which is what sends it off, and dropped.
    let mut change = Box::pin(change);
    let asked = std::future::poll_fn(|context| std::task::Poll::Ready(change.as_mut().poll(context).is_ready())).await;
    drop(change);
    let _ = asked;
    assert_eq!(told.next().await.unwrap().text, "done");
    assert_eq!(total(&metadata).await, (1, 1));
}

async fn the_last_one_closes(place: Place) {
    let metadata = place.open().await;
    let mut told = metadata.subscribe("tests");
    let other = metadata.clone();
    drop(metadata);
    other.write(|tx| tell(tx, "open")).await.unwrap();
    assert_eq!(told.next().await.unwrap().text, "open");
    drop(other);
    assert_eq!(told.next().await, None);
}
