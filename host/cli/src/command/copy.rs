use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus};

use anyhow::Context;
use tenon_generate::{Copy, CopyTarget, Selection, Table};
use tenon_host::connect::database::Connections;
use tenon_host::database::{Discover, Driver, TableName};

use super::endpoint::{self, Place, Variables};
use crate::args::CopyArguments;
use crate::connections::{Stored, refused};
use crate::exit::Failure;
use crate::output::say;

/// `tenon copy`
pub async fn copy(arguments: CopyArguments, quiet: bool) -> Result<(), Failure> {
    if arguments.job.exists() && !arguments.replace {
        let shown = arguments.job.display();
        let reason =
            format!("{shown} is there already: run it with `tenon run {shown}`, or give --replace or another --job");
        return Err(Failure::usage(reason));
    }
    let mut variables = Variables::new();
    let source = endpoint::database(&arguments.source, "SOURCE_URL", &mut variables)?;
    let tables = chosen(&arguments, &source, quiet).await?;
    let name = arguments
        .job
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let job = match target(&arguments.target) {
        None => Copy::new(
            name,
            source.endpoint,
            CopyTarget::folder(super::generate::plain(&arguments.target)),
        ),
        Some(database) => {
            let target = endpoint::database(database, "TARGET_URL", &mut variables)?;
            let mut copy = Copy::new(name, source.endpoint, CopyTarget::database(target.endpoint.clone()));
            let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
            for name in copy.targets(&names) {
                if let Some(columns) = target.columns(&name).await?
                    && let CopyTarget::Database { existing, .. } = &mut copy.target
                {
                    existing.insert(name, columns);
                }
            }
            copy
        }
    };
    let number = tables.len();
    let text = job
        .job(tables)
        .and_then(|job| job.text())
        .map_err(|error| Failure::refused(error.into()))?;
    write(&arguments.job, &text)?;
    let shown = arguments.job.display();
    if !quiet {
        say!("{number} tables are in {shown}, which is yours to edit");
        for variable in variables.keys() {
            say!("it reads a URL with a password from the variable {variable}");
        }
    }
    if arguments.dry_run {
        return Ok(());
    }
    let status = run(&arguments.job, &variables, quiet)?;
    match status.code() {
        Some(0) => Ok(()),
        // It has said why.
        code => Err(Failure::said(code)),
    }
}

/// A database to copy to; none for a folder.
fn target(text: &str) -> Option<&str> {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let is_database = scheme.is_some_and(|scheme| scheme == "connection" || Driver::of_scheme(scheme).is_some());
    // A plain word may be a connection; with a slash, or where there is none of that name, it is a folder.
    let is_connection = || !text.contains(['/', '\\', '.', ':']) && Stored.find(text).is_ok();
    (is_database || is_connection()).then_some(text)
}

async fn chosen(arguments: &CopyArguments, source: &Place, quiet: bool) -> Result<Vec<Table>, Failure> {
    let selection = Selection {
        schema: arguments.schema.clone(),
        tables: arguments.table.clone(),
        exclude: arguments.exclude.clone(),
    };
    let what = Discover {
        schema: arguments.schema.clone(),
        ..Discover::default()
    };
    let found = source
        .database
        .discover(&what)
        .await
        .map_err(|error| refused(error.into()))?;
    for pattern in selection.unused(&found) {
        if !quiet {
            say!("no table fits `{pattern}`");
        }
    }
    let mut tables = Vec::new();
    for found in found.iter().filter(|found| selection.chooses(found)) {
        let mut table = source.described(&found.name).await?;
        table.comment.clone_from(&found.comment);
        tables.push(table);
    }
    Ok(tables)
}

/// Writes a file that is whole or not there.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let written = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let draft = tempfile::NamedTempFile::new_in(folder)?;
        fs::write(draft.path(), text)?;
        draft.persist(path)?;
        Ok(())
    };
    written()
        .with_context(|| format!("cannot write {}", path.display()))
        .map_err(Failure::failed)
}

/// Runs the job file as `tenon run` does, with the variables that it reads.
fn run(job: &Path, variables: &Variables, quiet: bool) -> Result<ExitStatus, Failure> {
    let program = std::env::current_exe();
    let started = program.and_then(|program| {
        let mut command = Command::new(program);
        command.arg("run").arg(job).envs(variables);
        if quiet {
            command.arg("--quiet");
        }
        command.status()
    });
    started.context("cannot start the run").map_err(Failure::failed)
}
