//! What a project in Rust that `tenon new` has just made takes to build, and to build again.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use tenon_tests::bench::{Figures, tenon_program};

/// Nothing of the project has been compiled before. Its crates need no download: the repository's guests, which are built
/// before any benchmark, have the same lockfile.
pub fn measure(figures: &mut Figures) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    tenon(folder.path(), &["new", "shop", "--lang", "rust"])?;
    let first = build(folder.path())?;
    figures.at_most("Rust: first build of a new project", first, "s", 20.0);
    let source = folder.path().join("shop/src/lib.rs");
    let mut source = OpenOptions::new()
        .append(true)
        .open(&source)
        .with_context(|| format!("cannot open {}", source.display()))?;
    writeln!(source, "// Changed.")?;
    drop(source);
    let again = build(folder.path())?;
    figures.note(
        "Rust: build of it after a change, time against the first",
        again / first,
        "x",
    );
    Ok(())
}

/// Seconds of a build.
fn build(folder: &Path) -> anyhow::Result<f64> {
    let started = Instant::now();
    tenon(folder, &["build", "shop"])?;
    Ok(started.elapsed().as_secs_f64())
}

/// Runs the command.
fn tenon(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let program = tenon_program()?;
    let output = Command::new(&program).current_dir(folder).args(arguments).output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "tenon {} failed: {said}", arguments.join(" "));
    Ok(())
}
