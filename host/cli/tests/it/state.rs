//! What guests keep from one run to the next.

use std::fs;

use crate::place::{Place, guest};

const JOB: &str = r#"
name = "counting"
[sources.rows]
url = "rows.csv"
[steps.counted]
from = "rows"
plugin = "{echo}"
function = "services"
config = { state = "runs" }
[steps.shown]
sql = "{query}"
[sinks.out]
from = "shown"
url = "out.csv"
mode = "overwrite"
"#;

fn write_job(place: &Place, query: &str) {
    let job = JOB.replace("{echo}", &guest("echo"));
    fs::write(place.path("job.toml"), job.replace("{query}", query)).expect("written");
}

#[test]
fn a_guest_finds_what_the_last_committed_run_kept() {
    let place = Place::new();
    fs::write(place.path("rows.csv"), "id\n1\n").expect("written");
    write_job(&place, "select * from counted");
    // The text that was there before the run, which counts it up.
    let before = || {
        place.tenon(&["run", "job.toml"]).succeeded();
        let out = fs::read_to_string(place.path("out.csv")).expect("written");
        let row = out.lines().nth(1).expect("a row").to_owned();
        row.split(',').nth(3).expect("a column").to_owned()
    };
    assert_eq!((before(), before()), (String::new(), "1".to_owned()));

    // The query divides by zero after the guest has counted: a run that commits nothing keeps nothing.
    write_job(&place, "select *, 1 / (id - 1) as broken from counted");
    place.tenon(&["run", "job.toml"]).failed(1);
    write_job(&place, "select * from counted");
    assert_eq!(before(), "2");
}
