//! Runs that write to an object store.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tenon_servers::S3;

use super::wire::Wire;
use super::{FEW, MANY, Victim, kills, rows_of, table, visible_rows};
use crate::dice::Dice;
use crate::place::{Ended, Place};

/// A bucket, and jobs that write to it.
struct Lake {
    server: S3,
    wire: Wire,
    place: Place,
}

impl Lake {
    fn start(test: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let server = runtime.block_on(S3::start_or_skip(test))?;
        let place = Place::new();
        fs::write(place.path("many.csv"), table(MANY)).expect("written");
        fs::write(place.path("few.csv"), table(FEW)).expect("written");
        let wire = Wire::before(&server.endpoint);
        Some(Self { server, wire, place })
    }

    /// Says what the job copies: to a folder of many objects and to a single one.
    fn copies(&self, input: &str) {
        let store = format!(
            "endpoint = \"{}\"\nallow_http = true\nregion = \"us-east-1\"\naccess_key_id = \"{}\"\n\
             secret_access_key = \"${{secret:storage_key}}\"\n",
            self.wire.endpoint, self.server.access_key
        );
        let bucket = &self.server.bucket;
        let text = format!(
            "name = \"copy\"\nsources.rows.url = \"{input}\"\n\
             [sinks.lake]\nfrom = \"rows\"\nurl = \"s3://{bucket}/lake/\"\npartition_by = [\"part\"]\nmode = \"overwrite\"\n\
             [sinks.lake.store]\n{store}\
             [sinks.one]\nfrom = \"rows\"\nurl = \"s3://{bucket}/one.parquet\"\nmode = \"overwrite\"\n\
             [sinks.one.store]\n{store}"
        );
        fs::write(self.place.path("copy.toml"), text).expect("written");
    }

    fn command(&self) -> std::process::Command {
        let mut command = self.place.command(&["run", "copy.toml", "--json"]);
        command.env("TENON_SECRET_STORAGE_KEY", &self.server.secret_key);
        command
    }

    fn run(&self) {
        Ended::from(self.command().output().expect("started")).succeeded();
    }

    /// Rows that a reader finds who lists the folder, and those of the single object.
    fn rows(&self) -> (u64, u64) {
        let bucket = self.server.bucket_folder();
        (visible_rows(&bucket.join("lake")), rows_of(&bucket.join("one.parquet")))
    }

    /// What is written down about the runs, for both targets.
    fn notes(&self) -> Vec<PathBuf> {
        let bucket = self.server.bucket_folder();
        let mut found = files_below(&bucket.join("lake/_tenon"));
        found.extend(files_below(&bucket.join("_tenon")));
        found
    }

    /// Whether a manifest says of a folder that its objects are being made visible.
    fn is_committing(&self) -> bool {
        let notes = files_below(&self.server.bucket_folder().join("lake/_tenon"));
        let mut manifests = notes.iter().filter(|note| is_manifest(note));
        manifests.any(|manifest| {
            let text = fs::read(manifest).expect("readable");
            let manifest: Value = serde_json::from_slice(&text).expect("a whole manifest");
            manifest["state"] == "committing"
        })
    }

    /// Parts of uploads, as the server keeps them until the upload is completed or aborted.
    fn parts(&self) -> usize {
        let bucket = self.server.bucket_folder();
        let entries = fs::read_dir(bucket.parent().expect("a folder")).expect("readable");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .filter(|name| name.to_string_lossy().starts_with(".upload_id-"))
            .count()
    }
}

/// Manifests are beside one another; notes about uploads are in a folder for each run.
fn is_manifest(note: &Path) -> bool {
    let folder = note.parent().and_then(Path::file_name).unwrap_or_default();
    (folder == "_tenon" || folder == "one.parquet") && note.extension().is_some_and(|extension| extension == "json")
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_run_that_is_killed_shows_no_half_of_an_object_and_is_repeated() {
    let Some(lake) = Lake::start("a run that writes to S3 is killed") else {
        return;
    };
    let mut dice = Dice::new("a killed run that writes to S3");
    let start = || lake.command();
    let is_prepared = || {
        let notes = files_below(&lake.server.bucket_folder().join("_tenon/one.parquet"));
        notes
            .iter()
            .any(|note| note.extension().is_some_and(|extension| extension == "prepared"))
    };
    lake.copies("many.csv");
    let victim = Victim::measured(&start, &is_prepared);
    assert_eq!(lake.rows(), (MANY, MANY));
    let (kills, mut cut_short) = (kills(), 0);
    for number in 0..kills {
        lake.copies("few.csv");
        lake.run();
        assert_eq!(lake.rows(), (FEW, FEW));
        lake.copies("many.csv");
        victim.kill(number, kills, &mut dice);
        lake.wire.settle();

        // Reading checks that each object is whole.
        let (folder, object) = lake.rows();
        assert!(
            [FEW, MANY].contains(&object),
            "{object} rows in one object, kill {number}"
        );
        if lake.is_committing() {
            cut_short += 1;
        } else {
            assert!(
                [FEW, MANY].contains(&folder),
                "{folder} rows in a folder, kill {number}"
            );
        }

        // At once: nobody has to wait until the lock of the run that was killed expires.
        lake.run();
        assert_eq!(lake.rows(), (MANY, MANY), "kill {number}");
        // Of an upload that was begun and not noted down the server may know still; it has no parts.
        assert_eq!(lake.parts(), 0, "kill {number}");
        let mut left = lake.notes();
        left.retain(|note| !is_manifest(note));
        assert!(left.is_empty(), "kill {number}: {left:?}");
        assert!(!lake.is_committing(), "kill {number}");
    }
    println!("{kills} kills, {cut_short} of them between the decision to commit and its end");
}
