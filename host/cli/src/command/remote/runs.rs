//! `run`: runs of jobs, and what they log.

use std::io::{self, Write};
use std::pin::pin;

use anyhow::anyhow;
use serde_json::{Value, json};
use tenon_client::{Call, LogLine, RunEvent, StreamExt, Tenant};

use super::follow::{self, left, line};
use super::input::time_if;
use super::session::Session;
use super::table::{Column, made, number, state, text, time};
use crate::args::{LogsOfRun, RunCommand, RunFilter};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output;
use crate::printable::printable;

/// Names the latest run.
const LAST: &str = "last";

pub(super) const RUNS: &[Column] = &[
    text("RUN", "/id"),
    text("JOB", "/job"),
    state("STATE", "/state"),
    number("TRY", "/attempt"),
    time("CREATED", "/created"),
    time("ENDED", "/ended"),
    number("ROWS IN", "/usage/rows_in"),
    number("OUT", "/usage/rows_out"),
    made("ERROR", |run| sentence(&run["error"])),
];
const ATTEMPTS: &[Column] = &[
    number("ATTEMPT", "/attempt"),
    state("STATE", "/state"),
    text("SERVER", "/server"),
    time("STARTED", "/started"),
    time("ENDED", "/ended"),
    made("ERROR", |run| sentence(&run["error"])),
];

/// `run`
pub(super) async fn run(session: &Session, command: RunCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        RunCommand::List(filter) => list(session, &tenant, &filter).await,
        RunCommand::Show(named) => {
            let run = resolved(&tenant, named.run).await?;
            let mut run = tenant.get_run(&run).value().send().await?;
            // The report says what came of it.
            if !session.json && !run["report"].is_null() {
                run["progress"].take();
            }
            session.show(&run)
        }
        RunCommand::Attempts(named) => {
            let run = resolved(&tenant, named.run).await?;
            session.rows(&tenant.list_attempts(&run).send().await?, ATTEMPTS)
        }
        RunCommand::Stop { run, reason } => {
            let run = resolved(&tenant, run).await?;
            let stands = tenant.stop_run(&run, &json!({ "reason": reason })).send().await?;
            let state = printable(stands["state"].as_str().unwrap_or_default());
            session.done(&stands, format!("run {run} is {state}"))
        }
        RunCommand::Logs(arguments) => logs(session, &tenant, &arguments).await,
        RunCommand::Watch { run, logs } => {
            let run = resolved(&tenant, run).await?;
            follow::watch(session, &tenant, &run, logs).await
        }
        RunCommand::Rerun(repeat) => {
            let run = resolved(&tenant, repeat.run).await?;
            let started = tenant.rerun_run(&run).send().await?;
            follow::started(session, &tenant, &started, repeat.follow).await
        }
        RunCommand::Resume(repeat) => {
            let run = resolved(&tenant, repeat.run).await?;
            let started = tenant.resume_run(&run).send().await?;
            follow::started(session, &tenant, &started, repeat.follow).await
        }
    }
}

async fn list(session: &Session, tenant: &Tenant, filter: &RunFilter) -> Result<(), Failure> {
    let call = tenant
        .list_runs()
        .query_if("job", filter.job.as_ref())
        .query_if("state", filter.state.as_deref().map(str::to_ascii_uppercase))
        .query_if("trigger", filter.trigger.as_ref())
        .query_if("workflow_run", filter.workflow_run.as_ref())
        .query_if("since", time_if(filter.since.as_ref())?)
        .query_if("until", time_if(filter.until.as_ref())?);
    session.list(call, filter.limit, RUNS).await
}

/// The id of a run that may be named as the last.
async fn resolved(tenant: &Tenant, run: String) -> Result<String, Failure> {
    if run != LAST {
        return Ok(run);
    }
    let page = tenant.list_runs().limit(1).send().await?;
    let last = page.items.into_iter().next().map(|run| run.id);
    last.ok_or_else(|| Failure::refused(anyhow!("the tenant `{}` has no runs", tenant.name())))
}

async fn logs(session: &Session, tenant: &Tenant, arguments: &LogsOfRun) -> Result<(), Failure> {
    let run = resolved(tenant, arguments.run.clone()).await?;
    if arguments.follow {
        return followed(session, tenant, &run, arguments).await;
    }
    let call = queried(tenant.list_log_lines(&run), arguments);
    // The last lines are one page; what comes after it is nothing.
    let is_tail = arguments.tail.is_some();
    let mut lines = pin!(call.items());
    let mut left = arguments.tail.map_or(usize::MAX, |tail| tail as usize);
    while left > 0
        && let Some(line) = lines.next().await
    {
        if !printed(session, &line?)? {
            return Ok(());
        }
        left -= usize::from(is_tail);
    }
    dropped(session, tenant, &run).await
}

/// Prints lines as they come, until the run has ended.
async fn followed(session: &Session, tenant: &Tenant, run: &str, arguments: &LogsOfRun) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let mut events = pin!(queried(tenant.follow_run(run), arguments).follow());
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = interrupt.requested() => return Err(left(session, run)),
        };
        match event.transpose()? {
            Some(RunEvent::Log(line)) => {
                if !printed(session, &line)? {
                    return Ok(());
                }
            }
            Some(_) => {}
            None => return dropped(session, tenant, run).await,
        }
    }
}

fn queried<T>(call: Call<T>, arguments: &LogsOfRun) -> Call<T> {
    let call = call
        .query_if("level", arguments.level.as_deref().map(str::to_ascii_lowercase))
        .query_if("step", arguments.step.as_ref())
        .query_if("attempt", arguments.attempt)
        .query_if("text", arguments.grep.as_ref());
    match arguments.tail {
        Some(lines) => call.query("tail", true).query("limit", lines),
        None => call,
    }
}

/// An error with its innermost cause, which tends to say the most.
fn sentence(error: &Value) -> String {
    let sentence = error["sentence"].as_str().unwrap_or_default();
    let innermost = error["chain"].as_array().and_then(|chain| chain.last()?.as_str());
    match innermost {
        Some(cause) if !sentence.contains(cause) => format!("{sentence}: {cause}"),
        _ => sentence.to_owned(),
    }
}

/// Prints a line; false if nobody reads on.
fn printed(session: &Session, log: &LogLine) -> Result<bool, Failure> {
    let text = if session.json {
        serde_json::to_string(log).map_err(|error| Failure::failed(error.into()))?
    } else {
        line(log)
    };
    let mut output = io::stdout().lock();
    match writeln!(output, "{text}").and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        other => output::done(other).map(|()| true),
    }
}

async fn dropped(session: &Session, tenant: &Tenant, run: &str) -> Result<(), Failure> {
    let run: Value = tenant.get_run(run).value().send().await?;
    if run["log"]["removed"].as_bool().unwrap_or_default() {
        session.say("its log was removed: the tenant's runs had logged more than its quota `log_bytes`");
    }
    let dropped = run["log"]["dropped"].as_u64().unwrap_or_default();
    if dropped > 0 {
        session.say(format!(
            "{dropped} more lines were not kept: the log was full, or they came too fast"
        ));
    }
    Ok(())
}
