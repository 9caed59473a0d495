//! Kept batches.

use serde_json::{Value, json};
use tenon_history::{Error, History, KeptBatch, Outcome, Retention, Settings, State};

use crate::place::{Place, begun};

fn keep(history: &History, run: &str, data: &[u8]) -> Result<i64, Error> {
    let config = json!({ "late_after": 15 });
    history.keep_batch(
        run,
        &KeptBatch {
            step: "clean",
            partition: 3,
            function: "categorise",
            plugin_digest: "abcd",
            config: &config,
            error: "the plugin trapped",
            schema_fingerprint: "f00",
            arrow_ipc: data,
        },
    )
}

#[test]
fn a_batch_comes_back_with_everything_to_run_it_again() {
    let place = Place::new();
    let history = place.open();
    begun(&history, "run-1", "job");
    let number = keep(&history, "run-1", b"ARROW1").unwrap();
    let loaded = place.open().load_kept(number).unwrap();
    assert_eq!(loaded.arrow_ipc, b"ARROW1");
    let info = loaded.info;
    assert_eq!(
        (info.run.as_str(), info.step.as_str(), info.partition),
        ("run-1", "clean", 3)
    );
    assert_eq!(
        (info.function.as_str(), info.plugin_digest.as_str()),
        ("categorise", "abcd")
    );
    assert_eq!((info.config.clone(), info.bytes), (json!({ "late_after": 15 }), 6));
    assert_eq!(
        (info.error.as_str(), info.schema_fingerprint.as_str()),
        ("the plugin trapped", "f00")
    );
    assert_eq!(history.kept("last").unwrap(), std::slice::from_ref(&info));
    assert_eq!(
        serde_json::to_value(&info).unwrap()["file"],
        Value::Null,
        "where it lies is nobody's business"
    );
    assert!(matches!(keep(&history, "run-2", b"x"), Err(Error::UnknownRun { .. })));
    assert!(matches!(history.load_kept(99), Err(Error::UnknownBatch { number: 99 })));
}

#[cfg(unix)]
#[test]
fn only_their_user_may_look_into_them() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let home = place.path().join("home");
    let history = History::open(&home).unwrap();
    begun(&history, "run-1", "job");
    keep(&history, "run-1", b"personal").unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for folder in ["home", "home/kept"] {
        assert_eq!(mode(&place.path().join(folder)), 0o700, "{folder}");
    }
    for folder in [&home, &home.join("kept")] {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            assert!(entry.is_dir() || mode(&entry) == 0o600, "{}", entry.display());
        }
    }
}

#[test]
fn the_oldest_make_room() {
    let place = Place::new();
    let history = place.with(Settings {
        kept_bytes_per_run: 250,
        kept_bytes: 400,
        ..Settings::default()
    });
    for run in ["run-1", "run-2"] {
        begun(&history, run, "job");
    }
    let numbers = |run: &str| -> Vec<i64> {
        let kept = history.kept(run).unwrap();
        kept.into_iter().map(|info| info.number).collect()
    };
    for _ in 0..3 {
        keep(&history, "run-1", &[0; 100]).unwrap();
    }
    assert_eq!(numbers("run-1"), [2, 3]);
    for _ in 0..2 {
        keep(&history, "run-2", &[0; 125]).unwrap();
    }
    assert_eq!((numbers("run-1"), numbers("run-2")), (vec![3], vec![4, 5]));
    assert_eq!(place.names("kept").len(), 3, "files go with their records");
    assert!(matches!(history.load_kept(1), Err(Error::UnknownBatch { .. })));
    let refused = keep(&history, "run-2", &[0; 251]).unwrap_err();
    assert!(refused.to_string().contains("`kept_bytes_per_run`"), "{refused}");
}

#[test]
fn batches_go_with_their_runs_and_leftovers_are_swept() {
    let place = Place::new();
    let history = place.open();
    for run in ["run-1", "run-2"] {
        begun(&history, run, "job");
        keep(&history, run, b"data").unwrap();
        history.finish(run, &Outcome::new(State::Failed)).unwrap();
    }
    let newest = Retention {
        keep_per_job: Some(1),
        ..Retention::default()
    };
    let removed = history.remove(&newest).unwrap();
    assert_eq!((removed.runs, removed.batches), (1, 1));
    assert_eq!(place.names("kept").len(), 1);

    // A crash while writing left one long ago, another process writes one now.
    let old = std::fs::File::create(place.path().join("kept/.1-old.arrow")).unwrap();
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(7_200))
        .unwrap();
    std::fs::write(place.path().join("kept/.1-new.arrow"), "").unwrap();
    begun(&history, "run-3", "job");
    keep(&history, "run-3", b"data").unwrap();
    let names = place.names("kept");
    assert!(
        names.contains(&".1-new.arrow".to_owned()) && !names.contains(&".1-old.arrow".to_owned()),
        "{names:?}"
    );
}
