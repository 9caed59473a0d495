//! Events are read in the order of commits, by cursors that skip none.

use std::sync::mpsc;
use std::time::Duration;

use crate::support::Place;
use futures::StreamExt;
use serde_json::json;
use tenon_events::{
    Cursor, Event, EventFilter, EventRetention, LARGEST_DATA, MIGRATIONS, Start, emit, events, follow, retain, sequence,
};
use tenon_metadata::{Error, Metadata, Migrations, PageRequest, Settings, Value, row};
use tenon_servers::{Postgres, or_skip};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn kinds(place: &Place, cursor: &Cursor) -> Vec<String> {
    let cursor = cursor.clone();
    let found = place
        .metadata
        .write(move |tx| {
            let found = cursor.next(tx, 100)?;
            if let Some(last) = found.last() {
                cursor.advance(tx, last.position)?;
            }
            Ok::<_, tenon_events::Error>(found)
        })
        .await
        .unwrap();
    found.into_iter().map(|event| event.kind).collect()
}

async fn cursor(place: &Place, name: &'static str, start: Start) -> Cursor {
    place
        .metadata
        .write(move |tx| Cursor::open(tx, name, start))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_cursor_reads_each_event_once_and_stays_when_opened_again() {
    let place = Place::new().await;
    place.emit("acme", "a.before", json!({})).await;
    let now = cursor(&place, "now", Start::Now).await;
    let oldest = cursor(&place, "oldest", Start::Oldest).await;
    place.emit("acme", "b.after", json!({})).await;
    assert_eq!(kinds(&place, &now).await, ["b.after"]);
    assert_eq!(kinds(&place, &oldest).await, ["a.before", "b.after"]);
    let again = cursor(&place, "oldest", Start::Now).await;
    assert_eq!(kinds(&place, &again).await, Vec::<String>::new());
    place.emit("other", "c", json!({})).await;
    assert_eq!(kinds(&place, &again).await, ["c"]);
}

#[tokio::test]
async fn a_number_that_appears_late_is_not_skipped() {
    let place = Place::new().await;
    let reader = cursor(&place, "reader", Start::Oldest).await;
    // As where a connection took number 7 first, and commits it last.
    let insert = |number: i64| {
        place.metadata.write(move |tx| {
            tx.execute(
                "insert into events (number, tenant, kind, subject, time, data) values (?1, 'acme', ?2, '', 0, 'null')",
                row![number, format!("number.{number}")],
            )
        })
    };
    insert(8).await.unwrap();
    assert_eq!(kinds(&place, &reader).await, ["number.8"]);
    insert(7).await.unwrap();
    insert(9).await.unwrap();
    assert_eq!(kinds(&place, &reader).await, ["number.7", "number.9"]);
    let page = place
        .metadata
        .read(|tx| events(tx, Some("acme"), &EventFilter::default(), &PageRequest::default()))
        .await
        .unwrap();
    let order: Vec<i64> = page.items.iter().map(|event| event.number).collect();
    assert_eq!(order, [8, 7, 9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_postgresql_that_overlap_are_not_skipped() {
    const TEST: &str = "events::transactions_of_postgresql_that_overlap_are_not_skipped";
    let Some(server) = or_skip(TEST, Postgres::start()) else {
        return;
    };
    let metadata = Metadata::open(&Settings::new(server.url()), &[MIGRATIONS])
        .await
        .unwrap();
    let other_server = Metadata::open(&Settings::new(server.url()), &[MIGRATIONS])
        .await
        .unwrap();
    let reader = metadata
        .write(|tx| Cursor::open(tx, "reader", Start::Oldest))
        .await
        .unwrap();
    let read = |metadata: Metadata| {
        let reader = reader.clone();
        async move {
            let found = metadata.write(move |tx| {
                let found = reader.next(tx, 1000)?;
                if let Some(last) = found.last() {
                    reader.advance(tx, last.position)?;
                }
                Ok::<_, tenon_events::Error>(found)
            });
            let found = found.await.unwrap();
            found.into_iter().map(|event| event.subject).collect::<Vec<_>>()
        }
    };
    let mut seen = Vec::new();
    for round in 0..20 {
        // One takes its number and waits; another one takes the next number, and commits.
        let (has_number, took) = mpsc::channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let slow = metadata.clone();
        let slow = tokio::spawn(async move {
            slow.write(move |tx| {
                let number = emit(tx, &Event::new("k").tenant("acme").subject(format!("slow-{round}")))?;
                let _ = has_number.send(());
                let _ = wait.recv_timeout(Duration::from_secs(20));
                Ok::<_, Error>(number)
            })
            .await
            .unwrap()
        });
        tokio::task::spawn_blocking(move || took.recv_timeout(Duration::from_secs(20)).unwrap())
            .await
            .unwrap();
        let event = Event::new("k").tenant("acme").subject(format!("fast-{round}"));
        let fast = other_server.write(move |tx| emit(tx, &event)).await.unwrap();
        let before = read(other_server.clone()).await;
        assert!(before.contains(&format!("fast-{round}")), "{before:?}");
        seen.extend(before);
        go_on.send(()).unwrap();
        assert!(slow.await.unwrap() < fast, "the numbers do not overlap");
        seen.extend(read(metadata.clone()).await);
    }
    seen.sort();
    let mut expected: Vec<String> = (0..20)
        .flat_map(|n| [format!("slow-{n}"), format!("fast-{n}")])
        .collect();
    expected.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_tenant_reads_its_own_events_page_by_page() {
    let place = Place::new().await;
    for n in 0..7 {
        place.emit("acme", "run.succeeded", json!({ "n": n })).await;
        place.emit("acme", "runner.started", json!({})).await;
        place.emit("other", "run.failed", json!({})).await;
    }
    place
        .metadata
        .write(|tx| emit(tx, &Event::new("server.started")))
        .await
        .unwrap();
    place.metadata.write(sequence).await.unwrap();
    let filter = EventFilter {
        kinds: vec!["run".to_owned()],
        subject: Some("run_1".to_owned()),
    };
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let (filter, page) = (filter.clone(), PageRequest { limit: 3, after });
        let page = place
            .metadata
            .read(move |tx| events(tx, Some("acme"), &filter, &page))
            .await
            .unwrap();
        pages += 1;
        found.extend(page.items.iter().map(|event| event.data["n"].as_i64().unwrap()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, (0..7).collect::<Vec<_>>());
    assert!(pages >= 3);
    let of_server = place
        .metadata
        .read(|tx| events(tx, None, &EventFilter::default(), &PageRequest::default()))
        .await
        .unwrap();
    assert_eq!(of_server.items.len(), 1);
    let wrong = PageRequest {
        limit: 1,
        after: Some("x".to_owned()),
    };
    let wrong = place
        .metadata
        .read(move |tx| events(tx, None, &EventFilter::default(), &wrong))
        .await;
    assert!(matches!(wrong, Err(tenon_events::Error::InvalidPage { .. })));
}

#[tokio::test]
async fn enormous_data_are_left_out() {
    let place = Place::new().await;
    place
        .emit("acme", "run.failed", json!({ "text": "x".repeat(LARGEST_DATA) }))
        .await;
    place.metadata.write(sequence).await.unwrap();
    let page = place
        .metadata
        .read(|tx| events(tx, Some("acme"), &EventFilter::default(), &PageRequest::default()))
        .await
        .unwrap();
    assert_eq!(page.items[0].data["left_out_bytes"], LARGEST_DATA + 11);
}

#[tokio::test]
async fn a_follower_sees_what_happens() {
    let place = Place::new().await;
    place.emit("acme", "run.started", json!({ "n": 0 })).await;
    place.metadata.write(sequence).await.unwrap();
    let mut following = Box::pin(follow(
        &place.metadata,
        Some("acme".to_owned()),
        EventFilter::default(),
        0,
    ));
    let first = following.next().await.unwrap().unwrap();
    assert_eq!(first.data["n"], 0);
    place.emit("other", "run.started", json!({})).await;
    place.emit("acme", "run.ended", json!({ "n": 1 })).await;
    // By a notice.
    place.metadata.write(sequence).await.unwrap();
    let second = tokio::time::timeout(Duration::from_secs(20), following.next())
        .await
        .unwrap();
    assert_eq!(second.unwrap().unwrap().kind, "run.ended");
    // Without one, since nobody has put it in order.
    place.emit("acme", "run.late", json!({})).await;
    let third = tokio::time::timeout(Duration::from_secs(20), following.next())
        .await
        .unwrap();
    let third = third.unwrap().unwrap();
    assert_eq!(third.kind, "run.late");
    // Where one left off.
    let mut again = Box::pin(follow(
        &place.metadata,
        Some("acme".to_owned()),
        EventFilter::default(),
        third.position - 1,
    ));
    assert_eq!(again.next().await.unwrap().unwrap(), third);
}

#[tokio::test]
async fn events_are_kept_until_all_cursors_have_passed_or_they_are_too_old() {
    let place = Place::new().await;
    let reader = cursor(&place, "reader", Start::Oldest).await;
    // A target of a tenant to which nothing happens holds nothing back.
    place.webhook("quiet", "hook", "https://example.com/").await;
    for _ in 0..20 {
        place.emit("acme", "run.succeeded", json!({})).await;
    }
    place.metadata.write(sequence).await.unwrap();
    let retention = EventRetention {
        batch: 8,
        ..EventRetention::default()
    };
    let retained = || place.metadata.write(move |tx| retain(tx, &retention));
    place.pass(DAY * 8);
    assert_eq!(retained().await.unwrap(), 0);
    assert_eq!(kinds(&place, &reader).await.len(), 20);
    place.emit("acme", "run.new", json!({})).await;
    assert_eq!(
        [
            retained().await.unwrap(),
            retained().await.unwrap(),
            retained().await.unwrap()
        ],
        [8, 8, 4]
    );
    assert_eq!(retained().await.unwrap(), 0);
    assert_eq!(kinds(&place, &reader).await, ["run.new"]);
    place.emit("acme", "run.unread", json!({})).await;
    place.metadata.write(sequence).await.unwrap();
    place.pass(DAY * 31);
    while retained().await.unwrap() > 0 {}
    assert_eq!(kinds(&place, &reader).await, Vec::<String>::new());
}

/// The tables of an earlier program, whose events had no positions yet when it ended.
#[tokio::test]
async fn events_of_an_earlier_program_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::new(folder.path().join("events.db").to_string_lossy());
    let earlier = Migrations {
        steps: &MIGRATIONS.steps[..2],
        ..MIGRATIONS
    };
    let metadata = Metadata::open(&settings, &[earlier]).await.unwrap();
    let insert =
        "insert into events (tenant, kind, subject, time, data, position) values ('shop', ?1, '', 1, '{}', ?2)";
    let written = metadata.write(move |tx| {
        tx.execute(insert, row!["read", 1])?;
        tx.execute("update event_sequence set position = 1", row![])?;
        tx.execute(insert, row!["unread", Value::Null])?;
        tx.execute(insert, row!["last", Value::Null])
    });
    written.await.unwrap();
    drop(metadata);

    let metadata = Metadata::open(&settings, &[MIGRATIONS]).await.unwrap();
    let read = metadata.write(|tx| {
        emit(tx, &Event::new("new").tenant("shop"))?;
        events(tx, Some("shop"), &EventFilter::default(), &PageRequest::default())
    });
    let found = read.await.unwrap().items;
    let found: Vec<(i64, &str)> = found
        .iter()
        .map(|event| (event.position, event.kind.as_str()))
        .collect();
    assert_eq!(found, [(1, "read"), (2, "unread"), (3, "last"), (4, "new")]);
}
