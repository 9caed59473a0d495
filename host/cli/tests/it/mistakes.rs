//! Mistakes, their exit codes and sentences.

use std::fs;

use serde_json::Value;

use crate::place::{Place, flights, plugin};

const BAD_CSV: &str = "dep_delay,arr_delay,tailnum,air_time,distance\n1,2,N1,3,4\nx,2,N1,3,4\n";

#[test]
fn mistakes_have_their_exit_codes_and_sentences() {
    let place = Place::new();
    let (plugin, flights) = (plugin(), flights());
    fs::write(place.path("bad.csv"), BAD_CSV).expect("written");
    fs::write(place.path("junk.wasm"), "no component").expect("written");

    let fails = |code: i32, arguments: String, sentence: &str| {
        let message = place.tenon(&arguments.split(' ').collect::<Vec<_>>()).failed(code);
        assert!(message.contains(sentence), "{arguments}: {message}");
        assert!(message.starts_with("error: "), "{message}");
        assert_eq!(place.names(""), ["bad.csv", "junk.wasm"], "{arguments}");
    };
    let run = format!("run {plugin} --from {flights} --null NA");

    fails(2, run.clone(), "--to PATH");
    fails(2, format!("{run} --to o/ --set late"), "expected KEY=VALUE");
    fails(2, format!("{run} --to o/ --config [1]"), "expected a JSON object");
    fails(
        2,
        format!("{run} --to o/ --secret k=v"),
        "does not belong on a command line",
    );
    fails(
        2,
        format!("{run} --to o/ --secret k=env:TENON_NO_SUCH"),
        "TENON_NO_SUCH",
    );
    fails(2, format!("{run} --to o/ --memory-limit much"), "expected a size");
    fails(2, format!("{run} --to o/ --type flight=number"), "number");

    fails(
        3,
        format!("run none.wasm --from {flights} --to o/"),
        "there is no plugin none.wasm",
    );
    fails(
        3,
        format!("run junk.wasm --from {flights} --to o/"),
        "neither a WebAssembly component",
    );
    fails(
        3,
        format!("run {plugin} --from none.csv --to o/"),
        "there is no file or folder none.csv",
    );
    fails(
        3,
        format!("run {plugin} --from junk.wasm --to o/"),
        "cannot tell the format of junk.wasm",
    );
    fails(3, format!("{run} --to o.xlsx"), "cannot tell the format of o.xlsx");
    fails(3, format!("{run} --to o/ --function x"), "`categorise`");
    fails(3, format!("{run} --to o/ --set nonsense=1"), "nonsense");
    fails(3, format!("{run} --to ftp://host/o/"), "ftp");

    let line = "bad.csv, line 3: column `dep_delay` holds `x`, but its type is bigint";
    fails(1, format!("run {plugin} --from bad.csv --to o/ --infer-rows 1"), line);
    fails(1, format!("{run} --to bad.csv/o/"), "cannot create the folder");

    fails(4, format!("{run} --to o/ --timeout 1ms"), "timeout of 1ms");
    fails(2, format!("{run} --to o/ --max-rejects many"), "expected a count");
    fails(4, format!("{run} --to o/ --max-rejects 2"), "more than 2 rows");
    let share = "5 of 336776 rows were rejected, more than the share of 0.00001";
    fails(4, format!("{run} --to o/ --max-rejects 0.001%"), share);
    fails(4, format!("{run} --to o/ --memory-limit 64KiB"), "`memory`");
}

#[test]
fn a_failure_is_json_where_json_was_asked_for() {
    let place = Place::new();
    let failed = place.tenon(&["run", "none.wasm", "--from", "x.csv", "--to", "o/", "--json"]);
    let report = failed.json();
    assert_eq!(
        (&report["status"], &report["exit_code"]),
        (&Value::from("failed"), &Value::from(3))
    );
    assert_eq!(report["error"], "there is no plugin none.wasm");
}
