use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};
use tenon_servers::PYTHON;
use tenon_toolchain::Tools;

use crate::counts::Counts;
use crate::setup;
use crate::steps::{finish_within, step, succeed};
use crate::templates;
use crate::workspace::{cargo, guest_target, root};

/// How long a suite may take. The first one in Zig compiles the C SDK and Zig's own library for three minutes.
const LIMIT: Duration = Duration::from_mins(15);

/// Tests that are not cargo's.
struct Suite {
    what: &'static str,
    folder: &'static str,
    runner: Runner,
}

/// What runs tests, and how its output is read.
#[derive(Clone, Copy)]
pub(crate) enum Runner {
    /// For projects outside the repository's workspaces. What they depend on is fetched first.
    Cargo,
    Pytest,
    /// Node's own. What the project depends on is installed first, where it depends on something.
    Node,
    Go,
    Make,
    Zig,
}

const SUITES: [Suite; 13] = [
    suite("the SDK in Python", "sdk/python", Runner::Pytest),
    suite("the interpreter of Python", "plugins/python", Runner::Pytest),
    suite("flights in Python", "examples/flights-python/plugin", Runner::Pytest),
    suite("the SDK in JavaScript", "sdk/js", Runner::Node),
    suite("the interpreter of JavaScript", "plugins/javascript", Runner::Node),
    suite(
        "flights in TypeScript",
        "examples/flights-typescript/plugin",
        Runner::Node,
    ),
    suite("the SDK in Go", "sdk/go", Runner::Go),
    suite("flights in Go", "examples/flights-go/plugin", Runner::Go),
    suite("the SDK in C and C++", "sdk/c", Runner::Make),
    suite("flights in C", "examples/flights-c/plugin", Runner::Make),
    suite("flights in C++", "examples/flights-cpp/plugin", Runner::Make),
    suite("the SDK in Zig", "sdk/zig", Runner::Zig),
    suite("flights in Zig", "examples/flights-zig/plugin", Runner::Zig),
];

const fn suite(what: &'static str, folder: &'static str, runner: Runner) -> Suite {
    Suite { what, folder, runner }
}

impl Runner {
    /// The command that runs the tests in a folder.
    fn command(self, folder: &Path, tools: &mut Tools<'_>) -> Result<Command> {
        Ok(match self {
            Self::Cargo => {
                succeed(cargo().arg("fetch").current_dir(folder))?;
                let mut tests = cargo();
                // With the guests' own tests, whose dependencies are the same.
                tests.arg("test").arg("--target-dir").arg(guest_target()?);
                tests
            }
            Self::Pytest => {
                let mut pytest = Command::new(tools.python_packages(&PYTHON)?.join("python"));
                pytest.args(["-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]);
                pytest
            }
            Self::Node => {
                let manifest = fs::read_to_string(folder.join("package.json")).context("there is no package.json")?;
                if manifest.contains("\"dependencies\"") {
                    let mut npm = Command::new("npm");
                    npm.args([
                        "install",
                        "--no-package-lock",
                        "--no-audit",
                        "--no-fund",
                        "--loglevel=error",
                    ]);
                    succeed(npm.current_dir(folder))?;
                }
                let mut npm = Command::new("npm");
                npm.args(["test", "--silent"])
                    .env("NODE_OPTIONS", "--test-reporter=tap");
                npm
            }
            Self::Go => {
                let mut go = tools.go()?;
                go.args(["test", "-count=1", "-v", "./..."]);
                go
            }
            Self::Make => {
                let mut make = Command::new("make");
                make.args(["-s", "test"]);
                make
            }
            Self::Zig => {
                let mut zig = tools.zig()?;
                zig.args(["build", "test", "--summary", "all"]);
                zig
            }
        })
    }

    /// Passed, failed and skipped tests, as a line of the output says.
    fn read(self, line: &str) -> [usize; 3] {
        match self {
            // `test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out`
            Self::Cargo if line.starts_with("test result: ") => {
                [" passed", " failed", " ignored"].map(|words| before(line, words))
            }
            // `83 passed, 1 skipped in 2.13s`
            Self::Pytest if line.contains(" in ") && line.ends_with('s') => {
                [" passed", " failed", " skipped"].map(|words| before(line, words))
            }
            Self::Node => ["# pass ", "# fail ", "# skipped "].map(|words| after(line, words)),
            Self::Go => ["--- PASS: ", "--- FAIL: ", "--- SKIP: "].map(|mark| usize::from(line.starts_with(mark))),
            // `24 tests, 0 failed`
            Self::Make => {
                let failed = before(line, " failed");
                [before(line, " tests, ").saturating_sub(failed), failed, 0]
            }
            // `Build Summary: 3/3 steps succeeded; 12/12 tests passed`
            Self::Zig if line.contains("Build Summary") => {
                let counts = line.split_once(" tests passed");
                let counts = counts.and_then(|(text, _)| text.rsplit(' ').next()?.split_once('/'));
                let (passed, all) = counts.unwrap_or(("0", "0"));
                let [passed, all] = [passed, all].map(|number| number.parse().unwrap_or(0));
                [passed, all.saturating_sub(passed), 0]
            }
            Self::Cargo | Self::Pytest | Self::Zig => [0; 3],
        }
    }
}

/// Runs the tests of SDKs, interpreters and examples that are not in Rust, and of what `tenon new` makes, natively. Those
/// whose tools cannot be had count as skipped.
pub(crate) fn test(counts: &mut Counts) -> Vec<Error> {
    let mut problems = Vec::new();
    for suite in &SUITES {
        let folder = || Ok(root().join(suite.folder));
        problems.extend(tested(suite.what, suite.runner, folder, counts));
    }
    for kind in templates::KINDS {
        for (language, shown, runner) in templates::LANGUAGES {
            let what = format!("a new {kind} in {shown}");
            let folder = || templates::make(language, kind);
            problems.extend(tested(&what, runner, folder, counts));
        }
    }
    problems
}

/// Runs the tests in a folder, which may have to be made first. What went wrong, if something did.
fn tested(what: &str, runner: Runner, folder: impl FnOnce() -> Result<PathBuf>, counts: &mut Counts) -> Option<Error> {
    let tests = format!("the tests of {what}");
    let tested = step(&format!("running {tests}"), || run(what, runner, &folder()?, counts));
    tested.err().map(|error| error.context(tests))
}

fn run(what: &str, runner: Runner, folder: &Path, counts: &mut Counts) -> Result<()> {
    let prepared = setup::tools().and_then(|mut tools| runner.command(folder, &mut tools));
    let started = prepared.and_then(|mut command| {
        command.current_dir(folder).stdin(Stdio::null());
        // Zig and Go say some of it on stderr.
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        child.with_context(|| format!("cannot start {}", command.get_program().display()))
    });
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            let skipped = format!("tests of {what}, {error:#}");
            println!("SKIPPED {skipped}");
            counts.skipped += 1;
            counts.skipped_names.push(skipped);
            return Ok(());
        }
    };
    let (status, text) = finish_within(child, LIMIT)?;
    let [passed, failed, skipped] = tally(runner, &text);
    counts.passed += passed;
    counts.failed += failed;
    counts.skipped += skipped;
    // `SKIPPED [1] tests/test_columns.py:96: numpy is not installed`
    for reason in text.lines().filter_map(|line| line.strip_prefix("SKIPPED ")) {
        println!("SKIPPED in tests of {what}, {reason}");
        counts.skipped_names.push(format!("in tests of {what}, {reason}"));
    }
    eprintln!("    {passed} passed, {failed} failed, {skipped} skipped");
    if !status.success() || failed > 0 || passed == 0 {
        println!("{text}");
        counts.failed_names.extend((failed > 0).then(|| what.to_owned()));
        bail!("they failed ({status}), {passed} passed");
    }
    Ok(())
}

fn tally(runner: Runner, text: &str) -> [usize; 3] {
    let lines = text.lines().map(|line| runner.read(line.trim()));
    lines.fold([0; 3], |sum, line| {
        [sum[0] + line[0], sum[1] + line[1], sum[2] + line[2]]
    })
}

/// The number before these words.
fn before(line: &str, words: &str) -> usize {
    let number = line
        .split_once(words)
        .and_then(|(text, _)| text.rsplit([' ', '=']).next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The number after these words, which begin the line.
fn after(line: &str, words: &str) -> usize {
    line.strip_prefix(words)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runners_print_is_understood() {
        let printed = [
            (
                Runner::Cargo,
                "test tests::a ... ok\ntest result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; \
                 finished in 0.00s\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n",
                [1, 1, 2],
            ),
            (
                Runner::Pytest,
                "....\n1 failed, 82 passed, 2 skipped in 2.13s\n",
                [82, 1, 2],
            ),
            (Runner::Node, "ok 1 - x\n# pass 40\n# fail 1\n# skipped 0\n", [40, 1, 0]),
            (
                Runner::Go,
                "--- PASS: TestA (0.00s)\n    --- PASS: TestA/b\n--- FAIL: TestB\nFAIL\n",
                [2, 1, 0],
            ),
            (
                Runner::Make,
                "ok a\n24 tests, 1 failed\n1 tests, 0 failed\n",
                [24, 1, 0],
            ),
            (
                Runner::Zig,
                "Build Summary: 3/3 steps succeeded; 11/12 tests passed\n",
                [11, 1, 0],
            ),
        ];
        for (runner, text, counted) in printed {
            assert_eq!(tally(runner, text), counted, "{text}");
        }
    }
}
