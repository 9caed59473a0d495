use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Error, Result, anyhow, bail};

use crate::counts::Counts;
use crate::drivers;
use crate::plugins;
use crate::services;
use crate::steps::step;
use crate::suites;
use crate::workspace::{cargo, guest_manifest, guest_target};

/// Builds the guests and runs every test. The last line says how many passed, failed and were skipped.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    run_after(arguments, |_| {}, Vec::new())
}

/// As [`run`], with `prepare` applied to the cargo command of the main workspace, and problems that came up before.
pub(crate) fn run_after(arguments: &[String], prepare: impl Fn(&mut Command), mut problems: Vec<Error>) -> Result<()> {
    let mut counts = Counts::default();
    // Tests of crates that need no guest are worth running when one does not build.
    if let Err(problem) = plugins::run(&[]) {
        problems.push(problem);
    }
    services::install_for_tests();

    let selection = if arguments.is_empty() {
        &["--workspace".to_owned()]
    } else {
        arguments
    };
    let mut tests = cargo();
    tests.args(["test", "--no-fail-fast"]).args(selection);
    prepare(&mut tests);
    problems.extend(step("running the tests", || count(&mut tests, &mut counts)).err());

    if arguments.is_empty() {
        // Other programs' tests keep one processor busy, while cargo builds and tests what is left for the others.
        let others = thread::spawn(|| {
            let mut counts = Counts::default();
            let problems = suites::test(&mut counts);
            (counts, problems)
        });
        let mut tests = drivers::tests(&mut counts);
        prepare(&mut tests);
        let name = "running the tests of drivers that the default build leaves out";
        problems.extend(step(name, || count(&mut tests, &mut counts)).err());

        let mut tests = cargo();
        tests
            .args(["test", "--workspace", "--no-fail-fast", "--manifest-path"])
            .arg(guest_manifest());
        tests.arg("--target-dir").arg(guest_target()?);
        let name = "running the guests' own tests, natively";
        problems.extend(step(name, || count(&mut tests, &mut counts)).err());

        match others.join() {
            Ok((tested, found)) => {
                counts += tested;
                problems.extend(found);
            }
            Err(_) => problems.push(anyhow!("what runs the tests that are not cargo's has panicked")),
        }
    }
    report(&counts, &problems);
    Ok(())
}

/// Runs the tests, passing on what they print, and adds up their results.
fn count(tests: &mut Command, counts: &mut Counts) -> Result<()> {
    let mut child = tests.stdout(Stdio::piped()).spawn().context("could not start cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut stdout = std::io::stdout();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("could not read cargo's output")?;
        let line = String::from_utf8_lossy(&line);
        counts.read(&line);
        // A closed stdout, as of `| head`, must not stop the tests.
        let _ = writeln!(stdout, "{line}");
    }
    let status = child.wait().context("could not wait for cargo")?;
    if !status.success() {
        bail!("`cargo test` failed ({status})");
    }
    Ok(())
}

/// Ends the process where anything went wrong.
fn report(counts: &Counts, problems: &[Error]) {
    for skipped in &counts.skipped_names {
        println!("SKIPPED {skipped}");
    }
    for failed in &counts.failed_names {
        println!("FAILED {failed}");
    }
    for problem in problems {
        println!("PROBLEM {problem:#}");
    }
    println!("{counts}");
    if counts.failed > 0 || !problems.is_empty() {
        // Returning an error would print it below the counts.
        std::process::exit(1);
    }
}
