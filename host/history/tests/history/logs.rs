//! Logs: what is kept, found, followed, and at what cost.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::params;
use tenon_history::{History, Level, LogLine, LogQuery, LogSource, Outcome, Settings, State};

use crate::place::{Place, begun};

fn messages(history: &History, query: &LogQuery) -> Vec<String> {
    let lines = history.logs("run", query).unwrap();
    lines.into_iter().map(|line| line.message).collect()
}

#[test]
fn lines_are_found_by_level_step_and_text() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run", "job");
    let log = history.log_writer("run").unwrap();
    log.write(Level::Info, LogSource::Host, None, "begins");
    log.write(Level::Warn, LogSource::Guest, Some("clean"), "odd row\nsecond line");
    log.write(Level::Debug, LogSource::Guest, Some("mask"), "an odd value, 100%");
    log.write(Level::Error, LogSource::Guest, Some("clean"), "gave up");
    log.flush().unwrap();

    let all = history.logs("run", &LogQuery::default()).unwrap();
    assert_eq!(all.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let LogLine {
        level,
        source,
        step,
        message,
        ..
    } = &all[1];
    assert_eq!(
        (*level, *source, step.as_deref()),
        (Level::Warn, LogSource::Guest, Some("clean"))
    );
    assert_eq!(message, "odd row\nsecond line");
    assert!(all.windows(2).all(|pair| pair[0].time <= pair[1].time));

    let query = LogQuery::default;
    let some = |query: LogQuery| messages(&history, &query);
    assert_eq!(
        some(LogQuery {
            level: Some(Level::Error),
            ..query()
        }),
        ["gave up"]
    );
    assert_eq!(
        some(LogQuery {
            step: Some("mask".into()),
            ..query()
        }),
        ["an odd value, 100%"]
    );
    assert_eq!(
        some(LogQuery {
            text: Some("100%".into()),
            ..query()
        }),
        ["an odd value, 100%"]
    );
    assert_eq!(
        some(LogQuery {
            text: Some("_".into()),
            ..query()
        }),
        [""; 0]
    );
    assert_eq!(
        some(LogQuery {
            tail: Some(1),
            ..query()
        }),
        ["gave up"]
    );
    assert_eq!(
        some(LogQuery {
            limit: Some(1),
            after: 2,
            ..query()
        }),
        ["an odd value, 100%"]
    );
}

#[test]
fn a_log_ends_at_its_limit_and_the_rest_is_counted() {
    let place = Place::new();
    let history = place.with(Settings {
        log_bytes_per_run: 10_000,
        ..Settings::default()
    });
    begun(&history, "run", "job");
    let log = history.log_writer("run").unwrap();
    for _ in 0..300 {
        log.write(Level::Info, LogSource::Guest, None, &"x".repeat(68));
    }
    log.flush().unwrap();
    for _ in 0..50 {
        log.write(Level::Info, LogSource::Guest, None, "short");
    }
    log.close().unwrap();
    // Another writer goes on where the first ended.
    history
        .log_writer("run")
        .unwrap()
        .write(Level::Info, LogSource::Host, None, "late");
    let summary = history.get("run").unwrap().log;
    assert_eq!((summary.lines, summary.bytes, summary.dropped), (100, 10_000, 251));
    assert_eq!(history.logs("run", &LogQuery::default()).unwrap().len(), 100);
}

#[test]
fn a_message_of_a_megabyte_is_clipped() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run", "job");
    let log = history.log_writer("run").unwrap();
    log.write(Level::Info, LogSource::Guest, None, &"ä".repeat(500_000));
    log.close().unwrap();
    let message = messages(&history, &LogQuery::default()).remove(0);
    assert!(message.len() < 66_000 && message.ends_with("ä ... and 934464 bytes more"));
}

#[test]
fn a_log_is_followed_to_its_end() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run", "job");
    let writing = std::thread::spawn({
        let history = place.open();
        move || {
            let log = history.log_writer("run").unwrap();
            for number in 0..30 {
                log.write(Level::Info, LogSource::Guest, None, &number.to_string());
                std::thread::sleep(Duration::from_millis(20));
            }
            log.close().unwrap();
            history.finish("run", &Outcome::new(State::Succeeded)).unwrap();
        }
    });
    let mut seen = Vec::new();
    let mut seen_while_running = 0;
    let each = |line: LogLine| {
        seen_while_running += usize::from(!writing.is_finished());
        seen.push(line.message);
        ControlFlow::Continue(())
    };
    // `last` is the run that was the last when the following began.
    history
        .follow("last", &LogQuery::default(), Some(Duration::from_millis(10)), each)
        .unwrap();
    let expected: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(seen, expected);
    assert!(seen_while_running > 0);
    writing.join().unwrap();
}

#[test]
fn following_pages_through_everything() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run", "job");
    let log = history.log_writer("run").unwrap();
    for number in 0..12_000 {
        log.write(Level::Info, LogSource::Guest, None, &number.to_string());
    }
    log.close().unwrap();
    let count = |query: &LogQuery, stop_after: usize| {
        let mut seen = 0;
        let each = |_| {
            seen += 1;
            if seen == stop_after {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        history.follow("run", query, None, each).unwrap();
        seen
    };
    let query = LogQuery::default;
    assert_eq!(count(&query(), usize::MAX), 12_000);
    assert_eq!(count(&query(), 7_000), 7_000);
    assert_eq!(
        count(
            &LogQuery {
                limit: Some(6_000),
                ..query()
            },
            usize::MAX
        ),
        6_000
    );
    assert_eq!(
        count(
            &LogQuery {
                tail: Some(10),
                ..query()
            },
            usize::MAX
        ),
        10
    );
    assert_eq!(
        count(
            &LogQuery {
                after: 11_990,
                ..query()
            },
            usize::MAX
        ),
        10
    );
}

#[test]
fn a_million_lines_cost_little_more_than_inserting_them() {
    const LINES: usize = 1_000_000;
    let message = |number: usize| format!("row {number} has no carrier");
    let place = Place::new();
    // The plainest way: one statement, one transaction.
    let plain = {
        let mut connection = rusqlite::Connection::open(place.path().join("plain.db")).unwrap();
        connection
            .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
            .unwrap();
        let table = "create table lines (number integer primary key, time integer, level integer, step text, \
                     message text)";
        connection.execute(table, []).unwrap();
        let began = Instant::now();
        let transaction = connection.transaction().unwrap();
        let mut insert = transaction.prepare("insert into lines values (?, ?, ?, ?, ?)").unwrap();
        for number in 0..LINES {
            insert
                .execute(params![number as i64, 0, 2, "clean", message(number)])
                .unwrap();
        }
        drop(insert);
        transaction.commit().unwrap();
        began.elapsed()
    };
    let history = place.open();
    begun(&history, "run", "job");
    let began = Instant::now();
    let log = history.log_writer("run").unwrap();
    for number in 0..LINES {
        log.write(Level::Info, LogSource::Guest, Some("clean"), &message(number));
    }
    log.close().unwrap();
    let ours = began.elapsed();
    assert_eq!(history.get("run").unwrap().log.lines, LINES as u64);
    let ratio = ours.as_secs_f64() / plain.as_secs_f64();
    println!("{ours:.2?} against {plain:.2?}: {ratio:.2}");
    assert!(ratio < 3.0, "{ours:?} against {plain:?}");
}
