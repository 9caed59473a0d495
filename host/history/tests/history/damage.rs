//! Databases that are damaged, newer, foreign, full or not there.

use std::fs;

use tenon_history::{Error, Filter, History, Level, LogSource, NewRun, Settings};

use crate::place::{Place, begun, succeeded};

#[test]
fn what_is_no_database_is_moved_aside() {
    let place = Place::new();
    begun(&place.open(), "run-1", "job");
    place.checkpoint();
    fs::write(place.file(), "this was a database ".repeat(500)).unwrap();
    let history = place.open();
    let aside = history.moved_aside().unwrap();
    assert!(fs::read_to_string(aside).unwrap().starts_with("this was a database"));
    assert!(
        aside
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("history.damaged-")
    );
    assert!(history.list(&Filter::default()).unwrap().is_empty());
    succeeded(&history, "run-2", "job");
    drop(history);
    let history = place.open();
    assert_eq!(
        (history.moved_aside(), history.list(&Filter::default()).unwrap().len()),
        (None, 1)
    );
}

#[test]
fn damage_that_is_met_later_is_moved_aside_by_the_next() {
    let place = Place::new();
    let history = place.open();
    let definition = serde_json::json!("x".repeat(1_000));
    for number in 0..500 {
        let mut run = NewRun::new(format!("run-{number}"), "job");
        run.definition.clone_from(&definition);
        history.begin(&run).unwrap();
    }
    drop(history);
    place.checkpoint();
    // The first pages hold the tables' definitions; a page of the runs is overwritten.
    let mut content = fs::read(place.file()).unwrap();
    let middle = content.len() / 2 / 4096 * 4096;
    content[middle..middle + 40_960].fill(0xa5);
    fs::write(place.file(), content).unwrap();

    let history = place.open();
    assert_eq!(history.moved_aside(), None, "nobody has looked there yet");
    let met = history.list(&Filter {
        limit: 1_000,
        ..Filter::default()
    });
    assert!(matches!(met, Err(Error::Damaged { .. })), "{met:?}");
    drop(history);
    let history = place.open();
    assert!(history.moved_aside().is_some());
    succeeded(&history, "run-0", "job");
    assert!(place.open().moved_aside().is_none());
}

#[test]
fn a_false_alarm_moves_nothing() {
    let place = Place::new();
    succeeded(&place.open(), "run-1", "job");
    fs::write(place.path().join("history.damaged"), "").unwrap();
    let history = place.open();
    assert_eq!(
        (history.moved_aside(), history.get("last").unwrap().id.as_str()),
        (None, "run-1")
    );
    assert!(!place.path().join("history.damaged").exists());
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let place = Place::new();
    succeeded(&place.open(), "run-1", "job");
    place.sqlite().pragma_update(None, "user_version", 99).unwrap();
    let message = History::open(place.path()).unwrap_err().to_string();
    assert!(
        message.contains("has version 99, made by a newer Tenon") && message.contains("TENON_HOME"),
        "{message}"
    );
    let connection = place.sqlite();
    let runs: i64 = connection
        .query_row("select count(*) from runs", [], |row| row.get(0))
        .unwrap();
    assert_eq!(runs, 1);
}

#[test]
fn the_database_of_another_program_is_refused_untouched() {
    let place = Place::new();
    place
        .sqlite()
        .execute_batch("create table recipes (name text); insert into recipes values ('soup')")
        .unwrap();
    assert!(matches!(History::open(place.path()), Err(Error::Foreign { .. })));
    let names: i64 = place
        .sqlite()
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(names, 1);
}

#[test]
fn an_empty_file_is_as_good_as_none() {
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    succeeded(&place.open(), "run-1", "job");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    fs::write(place.path().join("file"), "").unwrap();
    let message = History::open(&place.path().join("file/below")).unwrap_err().to_string();
    assert!(
        message.contains("file/below") && message.contains("TENON_HOME"),
        "{message}"
    );
}

#[test]
fn a_full_disk_is_named_and_what_was_there_stays() {
    let place = Place::new();
    let history = place.with(Settings {
        max_bytes: Some(300_000),
        ..Settings::default()
    });
    succeeded(&history, "run-1", "job");
    let mut large = NewRun::new("run-2", "job");
    large.definition = serde_json::json!("x".repeat(500_000));
    let message = history.begin(&large).unwrap_err().to_string();
    assert!(
        message.starts_with("there is no room for the history ") && message.contains("history.db"),
        "{message}"
    );

    // A log that finds no room says so when asked, and doesn't hold the run up.
    let log = history.log_writer("run-1").unwrap();
    for _ in 0..20_000 {
        log.write(Level::Info, LogSource::Guest, None, &"x".repeat(1_000));
    }
    assert!(matches!(log.close(), Err(Error::Full { .. })));
    succeeded(&history, "run-3", "job");
    assert_eq!(history.list(&Filter::default()).unwrap().len(), 2);
}
