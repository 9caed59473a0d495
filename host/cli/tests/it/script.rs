//! Scripts: components that drive a whole job.

use std::fs;

use crate::place::{FLIGHTS, Place, REJECTED, example, guest, rows};

/// The flights example as a script, with its data in the working folder.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("data")).expect("made");
    for file in ["flights.csv.gz", "airlines.csv", "planes.csv"] {
        fs::copy(example(file), place.path("data").join(file)).expect("copied");
    }
    place
}

#[test]
fn the_example_reads_and_writes_by_itself() {
    let (place, script) = (place(), guest("flights-script"));
    let report = place.tenon(&["run", &script, "--param", "data=data", "--json"]);
    let report = report.succeeded().json();
    assert_eq!(report["job"], "flights-script");
    assert_eq!(report["rows_rejected"].as_u64(), Some(REJECTED));
    let carriers = place.names("out/flights-by-carrier");
    let carriers: Vec<&String> = carriers.iter().filter(|name| name.starts_with("carrier=")).collect();
    assert_eq!(carriers.len(), 16, "{carriers:?}");
    let folders = carriers
        .iter()
        .map(|carrier| place.path("out/flights-by-carrier").join(carrier));
    assert_eq!(folders.map(|folder| rows(&folder)).sum::<u64>(), FLIGHTS - REJECTED);
    let rejected = fs::read_to_string(place.path("out/flights-rejected.ndjson")).expect("readable");
    assert_eq!(rejected.lines().count() as u64, REJECTED);
    assert!(rejected.contains("\"rejected_by\":\"categorise\""), "{rejected}");

    let shown = place.tenon(&["runs", "--json"]).succeeded().json();
    assert_eq!(shown[0]["job"], "flights-script", "{shown}");
}

#[test]
fn a_script_stays_in_the_working_folder_unless_it_is_let_out() {
    let (place, script) = (place(), guest("flights-script"));
    let data = format!("data={}", example(""));
    let said = place.tenon(&["run", &script, "--param", &data]).failed(3);
    assert!(
        said.contains("may not use") && said.contains("flights.csv.gz"),
        "{said}"
    );
    assert_eq!(place.names(""), ["data"]);
    place
        .tenon(&["run", &script, "--param", &data, "--allow", &example("")])
        .succeeded();
}

#[test]
fn options_of_plugins_are_no_options_of_scripts() {
    let (place, script) = (place(), guest("flights-script"));
    let said = place.tenon(&["run", &script, "--set", "late_after=3"]).failed(2);
    assert!(said.contains("--set") && said.contains("--param"), "{said}");
    let said = place.tenon(&["run", &guest("flights")]).failed(2);
    assert!(said.contains("--from") && said.contains("no"), "{said}");
    let said = place.tenon(&["run", &script, "--param", "late_after=soon"]).failed(3);
    assert!(said.contains("late_after"), "{said}");
}
