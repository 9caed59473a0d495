use std::process::Command;

use anyhow::Result;

use crate::plugins;
use crate::steps::{step, succeed};
use crate::workspace::{Profile, build_program, root, target};

/// Runs the flights example as its README says, with everything built that it needs.
pub(crate) fn run() -> Result<()> {
    plugins::run(&["flights".to_owned()])?;
    let tenon = step("building tenon", || build_program("tenon", Profile::Dev, |_| {}))?;
    let mut job = Command::new(tenon);
    job.current_dir(root())
        .arg("run")
        .arg(target()?.join("plugins/flights.wasm"))
        .args([
            "--from",
            "examples/flights/flights.csv.gz",
            "--to",
            "out/flights",
            "--null",
            "NA",
            "--rejects",
            "out/rejected.ndjson",
            "--mode",
            "overwrite",
        ]);
    step("running the job", || succeed(&mut job))
}
