//! Neither lost nor doubled.

use std::slice::from_ref;
use tenon_database::{Error, Mode, Prepared};

use crate::data::{many, people};
use crate::subject::Subject;
use crate::support::{Rejected, begin, block_on, fill, mode, pairs, request, write};

async fn prepare(subject: &Subject, name: &str, write_mode: Mode) -> (Box<dyn tenon_database::Load>, Prepared) {
    let (database, rows) = (subject.database(), people(&[(1, "a"), (2, "b")]));
    let mut load = begin(database.as_ref(), request(name, mode(write_mode), rows.schema()))
        .await
        .unwrap();
    let parts = fill(load.as_ref(), &[rows]).await.unwrap();
    let prepared = load.prepare(parts, &Rejected::default()).await.unwrap();
    (load, prepared)
}

/// Committing again gives the same answer and no more rows.
pub(crate) fn commit_twice(subject: &Subject) {
    block_on(async {
        let (load, prepared) = prepare(subject, "twice_committed", Mode::Append).await;
        let first = load.commit().await.unwrap();
        assert_eq!(first.rows, 2);
        for _ in 0..2 {
            assert_eq!(subject.database().commit(&prepared).await.unwrap(), first);
        }
        let aborted = subject.database().abort(&prepared).await;
        assert!(matches!(aborted, Err(Error::Decided { .. })), "{aborted:?}");
        assert_eq!(
            pairs(subject.database().as_ref(), "twice_committed").await,
            ["1 a", "2 b"]
        );
    });
}

/// What was prepared is committed by whoever has the ledger, after the process that prepared it has died.
pub(crate) fn commit_elsewhere(subject: &Subject) {
    block_on(async {
        for (name, write_mode) in [
            ("elsewhere_new", Mode::Error),
            ("elsewhere_append", Mode::Append),
            ("elsewhere_over", Mode::Overwrite),
        ] {
            if write_mode != Mode::Error {
                write(
                    subject.database().as_ref(),
                    name,
                    mode(Mode::Append),
                    &[people(&[(0, "z")])],
                )
                .await
                .unwrap();
            }
            let (load, prepared) = prepare(subject, name, write_mode).await;
            drop(load);
            let text = serde_json::to_string(&prepared).unwrap();
            let prepared: Prepared = serde_json::from_str(&text).unwrap();
            let committed = subject.database().commit(&prepared).await.unwrap();
            assert_eq!(committed.rows, 2);
            assert_eq!(subject.database().commit(&prepared).await.unwrap(), committed);
            let expected: &[&str] = match write_mode {
                Mode::Append => &["0 z", "1 a", "2 b"],
                _ => &["1 a", "2 b"],
            };
            assert_eq!(pairs(subject.database().as_ref(), name).await, expected);
        }
    });
}

/// After a run is given up nothing of it is left, and it can't be committed.
pub(crate) fn abort(subject: &Subject) {
    block_on(async {
        let before = subject.leftovers();
        let (load, prepared) = prepare(subject, "given_up", Mode::Append).await;
        drop(load);
        subject.database().abort(&prepared).await.unwrap();
        subject.database().abort(&prepared).await.unwrap();
        let committed = subject.database().commit(&prepared).await;
        assert!(matches!(committed, Err(Error::Gone { .. })), "{committed:?}");
        let (load, prepared) = prepare(subject, "given_up", Mode::Append).await;
        load.abandon().await;
        assert!(matches!(
            subject.database().commit(&prepared).await,
            Err(Error::Gone { .. })
        ));
        assert!(subject.leftovers() <= before);
    });
}

/// A run sweeps what runs have left that died while writing, and nothing of those that are alive.
pub(crate) fn leftovers(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        let (rows, before) = (many(0..100), subject.leftovers());
        let dead = begin(
            database.as_ref(),
            request("leftovers", mode(Mode::Append), rows.schema()),
        )
        .await
        .unwrap();
        fill(dead.as_ref(), from_ref(&rows)).await.unwrap();
        let mut alive = begin(
            database.as_ref(),
            request("leftovers", mode(Mode::Append), rows.schema()),
        )
        .await
        .unwrap();
        let parts = fill(alive.as_ref(), from_ref(&rows)).await.unwrap();
        drop(dead);
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        write(database.as_ref(), "leftovers", mode(Mode::Append), &[rows])
            .await
            .unwrap();
        alive.prepare(parts, &Rejected::default()).await.unwrap();
        alive.commit().await.unwrap();
        if subject.knows_dead_runs {
            assert!(subject.leftovers() <= before);
        } else {
            subject.lacks("what dead runs leave is swept after a day");
        }
        assert_eq!(pairs(database.as_ref(), "leftovers").await.len(), 200);
    });
}

/// Two runs write at the same time, and both have all their rows.
pub(crate) fn two_runs(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(database.as_ref(), "shared", mode(Mode::Error), &[people(&[(0, "z")])])
            .await
            .unwrap();
        let run = |start: i64| {
            let database = subject.database();
            tokio::spawn(async move {
                let batches = [many(start..start + 500), many(start + 500..start + 1000)];
                write(database.as_ref(), "shared", mode(Mode::Append), &batches).await
            })
        };
        let (one, two) = (run(1_000), run(2_000));
        one.await.unwrap().unwrap();
        two.await.unwrap().unwrap();
        assert_eq!(pairs(database.as_ref(), "shared").await.len(), 2_001);
    });
}

/// Of two runs that both want to make a table one does.
pub(crate) fn two_makers(subject: &Subject) {
    block_on(async {
        let (database, rows) = (subject.database(), people(&[(1, "a")]));
        let make = || {
            begin(
                database.as_ref(),
                request("made_once", mode(Mode::Error), rows.schema()),
            )
        };
        let (mut one, mut two) = (make().await.unwrap(), make().await.unwrap());
        let (ones, twos) = (
            fill(one.as_ref(), from_ref(&rows)).await.unwrap(),
            fill(two.as_ref(), from_ref(&rows)).await.unwrap(),
        );
        one.prepare(ones, &Rejected::default()).await.unwrap();
        one.commit().await.unwrap();
        let second = match two.prepare(twos, &Rejected::default()).await {
            Ok(_) => two.commit().await.map(drop),
            Err(error) => Err(error),
        };
        assert!(matches!(second, Err(Error::Exists { .. })), "{second:?}");
        assert_eq!(pairs(database.as_ref(), "made_once").await, ["1 a"]);
    });
}
