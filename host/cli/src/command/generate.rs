use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tenon_generate::{Column, Files, Flow, Job, Project, Source, Target, TargetFiles, TargetTable};
use tenon_host::connect::SourceConfig;
use tenon_host::connect::file::ReadConfig;
use tenon_host::database::Mode;
use tenon_host::engine::Preview;

use super::endpoint::{self, Variables};
use super::{copy, new};
use crate::args::{GenerateArguments, Kind, Language, ModeArgument, NewArguments};
use crate::exit::Failure;
use crate::output;

/// `tenon generate`
pub async fn generate(arguments: GenerateArguments, quiet: bool) -> Result<(), Failure> {
    let mut variables = Variables::new();
    let flow = Flow {
        source: source(&arguments.from, &mut variables).await?,
        target: target(&arguments.to, arguments.mode, &mut variables).await?,
    };
    let made = match arguments.lang {
        None => {
            let file = PathBuf::from(format!("{}.toml", arguments.name));
            if file.exists() {
                let reason = format!("{} is there already; give another name", file.display());
                return Err(Failure::usage(reason));
            }
            let text = Job::new(&arguments.name, vec![flow])
                .text()
                .map_err(|error| Failure::refused(error.into()))?;
            copy::write(&file, &text)?;
            file
        }
        Some(language) => project(Path::new(&arguments.name), language, &flow)?,
    };
    if !quiet {
        let mut lines = vec![format!("made {}, which is yours to edit", made.display())];
        let variables = variables.keys();
        lines.extend(variables.map(|variable| format!("it reads a URL with a password from the variable {variable}")));
        lines.push(match arguments.lang {
            None => format!("next:\n  tenon run {}", made.display()),
            Some(_) => format!("next:\n  cd {}\n  tenon run job.toml", made.display()),
        });
        output::print(&lines.join("\n"))?;
    }
    Ok(())
}

async fn source(text: &str, variables: &mut Variables) -> Result<Source, Failure> {
    if let Some((place, name)) = endpoint::table(text, "SOURCE_URL", variables)? {
        let table = place.described(&name).await?;
        return Ok(Source::Table {
            at: place.endpoint,
            table,
        });
    }
    let preview = Preview::open(&SourceConfig::from(ReadConfig::new(text))).await?;
    let schema = preview.schema();
    let columns = schema.fields().iter().map(|field| Column::of(field, None)).collect();
    Ok(Source::Files(Files {
        url: plain(text),
        columns,
    }))
}

async fn target(text: &str, mode: ModeArgument, variables: &mut Variables) -> Result<Target, Failure> {
    let mode = match mode {
        ModeArgument::Error => Mode::Error,
        ModeArgument::Overwrite => Mode::Overwrite,
        ModeArgument::Append => Mode::Append,
        ModeArgument::Ignore => Mode::Ignore,
    };
    if let Some((place, name)) = endpoint::table(text, "TARGET_URL", variables)? {
        let columns = place.columns(&name).await?;
        return Ok(Target::Table(TargetTable {
            at: place.endpoint,
            name,
            mode,
            keys: Vec::new(),
            columns,
        }));
    }
    Ok(Target::Files(TargetFiles {
        url: plain(text),
        format: None,
        partition_by: Vec::new(),
        mode,
    }))
}

/// A project as `tenon new` makes it, with the mapping in its function's place.
fn project(folder: &Path, language: Language, flow: &Flow) -> Result<PathBuf, Failure> {
    let name = new::package_name(folder).map_err(Failure::usage)?;
    let flow = from_within(flow);
    let project = Project::of(&name, generated_in(language), &flow).map_err(|error| Failure::refused(error.into()))?;
    new::make(&NewArguments {
        folder: folder.to_owned(),
        lang: language,
        kind: Kind::Transform,
    })?;
    for file in &project.removed {
        let path = folder.join(file);
        let removed = fs::remove_file(&path);
        removed
            .with_context(|| format!("cannot remove {}", path.display()))
            .map_err(Failure::failed)?;
    }
    for (file, text) in &project.files {
        copy::write(&folder.join(file), text)?;
    }
    Ok(folder.to_owned())
}

/// A path as a job file says it, in which `${` begins a reference.
pub(super) fn plain(path: &str) -> String {
    path.replace("${", "$${")
}

/// The project's job is run in the project's folder, from where relative paths lead elsewhere.
fn from_within(flow: &Flow) -> Flow {
    let mut flow = flow.clone();
    if let Source::Files(files) = &mut flow.source {
        files.url = absolute(&files.url);
    }
    if let Target::Files(files) = &mut flow.target {
        files.url = absolute(&files.url);
    }
    flow
}

fn absolute(url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    let end = if url.ends_with('/') { "/" } else { "" };
    std::path::absolute(url).map_or_else(
        |_| url.to_owned(),
        |path| format!("{}{end}", path.display().to_string().trim_end_matches('/')),
    )
}

fn generated_in(language: Language) -> tenon_generate::Language {
    match language {
        Language::Rust => tenon_generate::Language::Rust,
        Language::Python => tenon_generate::Language::Python,
        Language::Js => tenon_generate::Language::Js,
        Language::Ts => tenon_generate::Language::Ts,
        Language::Go => tenon_generate::Language::Go,
        Language::C => tenon_generate::Language::C,
        Language::Cpp => tenon_generate::Language::Cpp,
        Language::Zig => tenon_generate::Language::Zig,
    }
}
