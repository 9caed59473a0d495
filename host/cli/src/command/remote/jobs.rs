//! `job`: jobs and their bookmarks.

use serde_json::{Value, json};
use tenon_client::Tenant;
use tenon_host::job::Format;

use super::session::{Session, found, print_json, unless_changed};
use super::table::{Column, number, text, time};
use super::{follow, input};
use crate::args::{JobBookmarkCommand, JobCommand, PutJob, StartJob};
use crate::exit::Failure;
use crate::output::print;

const JOBS: &[Column] = &[
    text("NAME", "/name"),
    number("VERSION", "/version"),
    text("FORMAT", "/format"),
    number("RETRIES", "/settings/max_retries"),
    time("CHANGED", "/updated"),
];
const VERSIONS: &[Column] = &[
    number("VERSION", "/version"),
    text("FORMAT", "/format"),
    time("CREATED", "/created"),
];
const BOOKMARKS: &[Column] = &[
    text("SOURCE", "/source"),
    time("TIME", "/time"),
    text("RUN", "/run"),
    text("VALUE", "/value"),
];

/// `job`
pub(super) async fn job(session: &Session, command: JobCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        JobCommand::Put(arguments) => put(session, &tenant, &arguments).await,
        JobCommand::List(listed) => session.list(tenant.list_jobs(), listed.limit, JOBS).await,
        JobCommand::Show(named) => session.show(&tenant.get_job(&named.name).send().await?),
        JobCommand::Versions(of) => {
            let call = tenant.list_job_versions(&of.name);
            session.list(call, of.listed.limit, VERSIONS).await
        }
        JobCommand::Delete(named) => {
            tenant.delete_job(&named.name).send().await?;
            session.did(format!("deleted the job `{}`", named.name))
        }
        JobCommand::Start(arguments) => start(session, &tenant, &arguments).await,
        JobCommand::Bookmark(command) => bookmark(session, &tenant, command).await,
        JobCommand::ClearState(named) => {
            tenant.clear_state(&named.name).send().await?;
            session.did(format!("what the plugins of `{}` kept is forgotten", named.name))
        }
    }
}

async fn put(session: &Session, tenant: &Tenant, arguments: &PutJob) -> Result<(), Failure> {
    let name = input::name(arguments.name.as_deref(), &arguments.file)?;
    let format = match input::format(&arguments.file)? {
        Format::Toml => "toml",
        Format::Yaml => "yaml",
        Format::Json => "json",
    };
    let definition = input::text(&arguments.file)?;
    let before = found(tenant.get_job(&name)).await?;
    let settings = match (&arguments.settings, &before) {
        (Some(file), _) => input::definition(file)?,
        (None, Some(before)) => before.value["settings"].clone(),
        (None, None) => Value::Null,
    };
    let mut settings = settings.as_object().cloned().unwrap_or_default();
    settings.extend(input::object(&arguments.set));
    let job = json!({ "definition": definition, "format": format, "settings": settings });
    let put = unless_changed(tenant.put_job(&name, &job), before.as_ref());
    let put = put.send().await?;
    let version = &put["version"];
    session.done(&put, format!("stored the job `{name}`, version {version}"))
}

async fn start(session: &Session, tenant: &Tenant, arguments: &StartJob) -> Result<(), Failure> {
    let mut body = json!({ "arguments": input::object(&arguments.arg) });
    if let Some(time) = &arguments.not_before {
        body["not_before"] = Value::from(input::time(time)?);
    }
    let mut call = tenant.start_run(&arguments.name, &body);
    if let Some(key) = &arguments.idempotency_key {
        call = call.idempotency_key(key);
    }
    follow::started(session, tenant, &call.send().await?, arguments.follow).await
}

async fn bookmark(session: &Session, tenant: &Tenant, command: JobBookmarkCommand) -> Result<(), Failure> {
    match command {
        JobBookmarkCommand::Show(named) => {
            let bookmarks = tenant.list_bookmarks(&named.name).value().send().await?;
            if session.json {
                return print_json(&bookmarks);
            }
            let bookmarks: Vec<Value> = bookmarks
                .as_object()
                .into_iter()
                .flatten()
                .map(|pair| pair.1.clone())
                .collect();
            session.rows(&bookmarks, BOOKMARKS)
        }
        JobBookmarkCommand::History { name, source } => {
            let history = tenant.list_bookmark_history(&name, &source).send().await?;
            if session.json {
                return print_json(&Value::Array(history));
            }
            // Where it was reset there is none.
            let history: Vec<Value> = history
                .into_iter()
                .map(|bookmark| {
                    if bookmark.is_null() {
                        json!({ "source": source, "value": "reset" })
                    } else {
                        bookmark
                    }
                })
                .collect();
            session.rows(&history, BOOKMARKS)
        }
        JobBookmarkCommand::Reset { name, source } => {
            let call = tenant.reset_bookmarks(&name).query_if("source", source);
            call.send().await?;
            session.did(format!("the next run of `{name}` begins from the start"))
        }
        JobBookmarkCommand::Rewind { name, run } => {
            let sources = tenant.rewind_bookmarks(&name, &json!({ "run": run })).send().await?;
            if session.json {
                return print_json(&sources);
            }
            session.say(format!(
                "the next run of `{name}` goes on from where {run} ended, with these sources:"
            ));
            for source in sources["sources"].as_array().into_iter().flatten() {
                print(&crate::printable::one_line(
                    source.as_str().unwrap_or_default(),
                    usize::MAX,
                ))?;
            }
            Ok(())
        }
    }
}
