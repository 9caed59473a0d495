use anyhow::Result;
use tenon_servers::{PYTHON, SCHEMATHESIS};
use tenon_toolchain::{Language, Tools};

use crate::steps::step;

/// Finds or installs the tools of every language that guests are written in. Without Rust's nothing goes on; without
/// another's its guests, and their tests, are skipped.
pub(crate) fn run() -> Result<()> {
    let mut tools = tools()?;
    for language in Language::ALL {
        let prepared = step(&format!("looking for what builds guests in {language}"), || {
            Ok(tools
                .prepare(language)
                .inspect(|described| eprintln!("    {described}")))
        })?;
        match prepared {
            Ok(_) => {}
            Err(error) if language == Language::Rust => return Err(error.into()),
            Err(error) => println!("SKIPPED guests in {language}, {error}"),
        }
    }
    if let Err(error) = step("looking for what makes requests up", requests) {
        println!("SKIPPED requests made from the server's document, {error:#}");
    }
    if let Err(error) = step("looking for DuckDB", duckdb) {
        println!("SKIPPED what DuckDB reads of a job's output, {error:#}");
    }
    Ok(())
}

/// Finds or installs what tests the server with requests that are made up.
pub(crate) fn requests() -> Result<()> {
    tools()?.python_packages(&[SCHEMATHESIS])?;
    Ok(())
}

/// Finds or installs DuckDB, by which a test reads what a job has written.
pub(crate) fn duckdb() -> Result<()> {
    tools()?.python_packages(&PYTHON)?;
    Ok(())
}

/// The tools, which are looked for when first needed.
pub(crate) fn tools() -> Result<Tools<'static>> {
    Ok(Tools::from_env(|line| eprintln!("    {line}"))?)
}
