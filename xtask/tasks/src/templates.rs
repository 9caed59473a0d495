//! Projects as `tenon new` makes them, whose own tests are run.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::steps::output;
use crate::suites::Runner;
use crate::workspace::target;

/// The languages, as `tenon new` and as people call them, and what runs the tests of their projects.
pub(crate) const LANGUAGES: [(&str, &str, Runner); 8] = [
    ("rust", "Rust", Runner::Cargo),
    ("python", "Python", Runner::Pytest),
    ("js", "JavaScript", Runner::Node),
    ("ts", "TypeScript", Runner::Node),
    ("go", "Go", Runner::Go),
    ("c", "C", Runner::Make),
    ("cpp", "C++", Runner::Make),
    ("zig", "Zig", Runner::Zig),
];
/// The kinds of projects that there are in each of them.
pub(crate) const KINDS: [&str; 2] = ["transform", "job"];

/// Makes a project anew, by the command that the tests before have built. It is always the same folder, so that compilers
/// find again what they keep by its name.
pub(crate) fn make(language: &str, kind: &str) -> Result<PathBuf> {
    let target = target()?;
    let tenon = target.join("debug").join(format!("tenon{EXE_SUFFIX}"));
    ensure!(
        tenon.is_file(),
        "{} is not there, which `cargo test --workspace` builds",
        tenon.display()
    );
    let projects = target.join("templates");
    fs::create_dir_all(&projects).with_context(|| format!("could not create {}", projects.display()))?;
    let project = projects.join(format!("{language}-{kind}"));
    if project.exists() {
        fs::remove_dir_all(&project).with_context(|| format!("could not remove {}", project.display()))?;
    }
    let mut new = Command::new(tenon);
    new.arg("new").arg(&project).args(["--lang", language, "--kind", kind]);
    output(&mut new)?;
    Ok(project)
}
