//! What a job has written, as DuckDB reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tenon_servers::{PYTHON, or_skip};
use tenon_toolchain::Tools;

use crate::job::example_job;
use crate::place::{Ended, FLIGHTS, Place, REJECTED, flights};

/// Prints rows and sums by carrier: of the source, of what was written, and of what was rejected.
const COUNT: &str = r#"
import json, sys, duckdb

source, lake, rejected = sys.argv[1:]
tables = {
    "source": ("read_csv(?, nullstr = 'NA')", source),
    "lake": ("read_parquet(?, hive_partitioning = true, hive_types_autocast = false)", lake + "/*/*.parquet"),
    "rejected": ("read_json(?, format = 'newline_delimited')", rejected),
}
connection = duckdb.connect()
counted = {}
for name, (table, path) in tables.items():
    query = f"select carrier, count(*), sum(distance), sum(arr_delay) from {table} group by carrier"
    rows = connection.execute(query, [path]).fetchall()
    counted[name] = {carrier: [int(value or 0) for value in values] for carrier, *values in rows}
print(json.dumps(counted))
"#;

/// Flights, miles and minutes behind schedule.
type Counts = BTreeMap<String, [i64; 3]>;

fn python() -> anyhow::Result<PathBuf> {
    let programs = Tools::from_env(|line| eprintln!("    {line}"))?.python_packages(&PYTHON)?;
    Ok(programs.join("python"))
}

#[test]
fn duckdb_reads_what_the_example_has_written() {
    let Some(python) = or_skip("what DuckDB reads of the flights", python()) else {
        return;
    };
    let place = Place::new();
    let job = example_job(&place);
    place.tenon(&["run", &job]).succeeded();

    let mut command = Command::new(python);
    command.args(["-c", COUNT, &flights()]);
    command.arg(place.path("out/flights-by-carrier"));
    command.arg(place.path("out/flights-rejected.ndjson"));
    let counted = Ended::from(command.output().expect("started")).succeeded().json();
    let table = |name: &str| -> Counts { serde_json::from_value(Value::clone(&counted[name])).expect("counts") };
    let (mut expected, read) = (table("source"), table("lake"));
    for (carrier, rejected) in table("rejected") {
        let of_carrier = expected.get_mut(&carrier).expect("a carrier of the source");
        for (value, rejected) in of_carrier.iter_mut().zip(rejected) {
            *value -= rejected;
        }
    }
    assert_eq!(read, expected);
    assert_eq!(read.len(), 16);
    let all: i64 = read.values().map(|[flights, ..]| flights).sum();
    assert_eq!(u64::try_from(all), Ok(FLIGHTS - REJECTED));
}
