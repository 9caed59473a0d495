//! Runs that succeed.

use std::fs;

use serde_json::Value;

use crate::place::{FLIGHTS, Place, REJECTED, parquet, rows};

#[test]
fn the_whole_job() {
    let place = Place::new();
    let ended = place
        .run(&["--to", "out/", "--rejects", "rejected.ndjson", "--json"])
        .succeeded();
    let report = ended.json();
    assert_eq!(report["status"], "succeeded");
    assert_eq!(
        (report["rows_in"].as_u64(), report["rows_rejected"].as_u64()),
        (Some(FLIGHTS), Some(REJECTED))
    );
    assert_eq!(report["rows_out"].as_u64(), Some(FLIGHTS - REJECTED));
    assert!(report["rows_per_second"].as_f64().is_some_and(|rate| rate > 1000.0));
    assert_eq!(
        ended.stderr, "",
        "nothing but the report is printed where there is no terminal"
    );
    assert_eq!(rows(&place.path("out")), FLIGHTS - REJECTED);
    let first = fs::read_dir(place.path("out"))
        .expect("a folder")
        .next()
        .expect("a file")
        .expect("an entry")
        .path();
    let columns: Vec<String> = parquet(&first)[0]
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(
        (columns.len(), columns.last().map(String::as_str)),
        (20, Some("delay_category"))
    );

    let rejected = fs::read_to_string(place.path("rejected.ndjson")).expect("readable");
    let rejected: Vec<Value> = rejected
        .lines()
        .map(|line| serde_json::from_str(line).expect("one object per line"))
        .collect();
    assert_eq!(rejected.len() as u64, REJECTED);
    for row in &rejected {
        assert_eq!(
            (&row["rejected_by"], &row["carrier"]),
            (&Value::from("flights"), &Value::from("DL"))
        );
        assert!(
            row["rejected_because"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty())
        );
    }

    // Again: not over what is there, unless told so.
    let message = place.run(&["--to", "out/"]).failed(3);
    assert!(
        message.contains("out/ already holds data") && message.contains("`overwrite`"),
        "{message}"
    );
    place.run(&["--to", "out/", "--mode", "ignore"]).succeeded();
    place
        .run(&["--to", "out/", "--mode", "overwrite", "--rejects", "rejected.ndjson"])
        .succeeded();
    assert_eq!(rows(&place.path("out")), FLIGHTS - REJECTED);
    place
        .run(&[
            "--to",
            "out/",
            "--mode",
            "append",
            "--compression",
            "snappy",
            "--partitions",
            "1",
        ])
        .succeeded();
    assert_eq!(rows(&place.path("out")), 2 * (FLIGHTS - REJECTED));
    assert_eq!(place.names(""), ["out", "rejected.ndjson"]);
}

#[test]
fn one_file_and_a_table_for_people() {
    let place = Place::new();
    let ended = place
        .run(&["--to", "out.parquet", "--set", "late_after=30"])
        .succeeded();
    for text in [
        "336,776",
        "336,771",
        "REJECTED",
        "rows/s",
        "out.parquet",
        "sandbox",
        "peak memory",
    ] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\x1b'), "no colours where there is no terminal");
    let batches = parquet(&place.path("out.parquet"));
    assert_eq!(
        batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(),
        FLIGHTS - REJECTED
    );
    assert_eq!(place.names(""), ["out.parquet"]);

    let quiet = place.run(&["--to", "out.csv", "--quiet"]).succeeded();
    assert_eq!((quiet.stdout, quiet.stderr), (String::new(), String::new()));
    let text = fs::read_to_string(place.path("out.csv")).expect("readable");
    assert_eq!(text.lines().count() as u64, FLIGHTS - REJECTED + 1);
}
