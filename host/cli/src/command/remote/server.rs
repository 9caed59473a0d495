//! `audit` and `server`: what was changed, and how the server is.

use anyhow::anyhow;
use serde_json::{Value, json};

use super::input::time_if;
use super::session::{Session, print_json};
use super::table::{Column, described, listed, number, state, text, time};
use crate::args::{AuditCommand, ServerCommand};
use crate::exit::Failure;
use crate::output::print;
use crate::printable::printable;

const AUDIT: &[Column] = &[
    number("NUMBER", "/number"),
    time("TIME", "/time"),
    text("TENANT", "/tenant"),
    text("WHO", "/principal"),
    text("ACTION", "/action"),
    text("TARGET", "/target"),
    text("FROM", "/address"),
    text("DETAILS", "/details"),
];
const RUNS: &[Column] = &[
    text("TENANT", "/tenant"),
    state("STATE", "/state"),
    number("RUNS", "/runs"),
];

/// `audit`
pub(super) async fn audit(session: &Session, command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::List { since, until, listed } => {
            let call = match session.tenant_if_any() {
                Some(tenant) => tenant.list_audit(),
                None => session.client.list_all_audit(),
            };
            let call = call
                .query_if("since", time_if(since.as_ref())?)
                .query_if("until", time_if(until.as_ref())?);
            session.list(call, listed.limit, AUDIT).await
        }
        AuditCommand::Verify { number, hash } => {
            let call = session
                .client
                .verify_audit()
                .query_if("number", number)
                .query_if("hash", hash);
            let verified = call.send().await?;
            session.show(&verified)?;
            if verified["ok"] == true {
                return Ok(());
            }
            let reason = printable(verified["error"].as_str().unwrap_or_default());
            let failure = Failure::refused(anyhow!("the audit log is not what it was: {reason}"));
            Err(if session.json { failure.printed() } else { failure })
        }
    }
}

/// `server`
pub(super) async fn server(session: &Session, command: &ServerCommand) -> Result<(), Failure> {
    match command {
        ServerCommand::Show => show(session, session.client.get_server().send().await?),
        ServerCommand::Health => health(session).await,
        ServerCommand::Reload => reload(session, &session.client.reload_server().send().await?),
        ServerCommand::Metrics => print(printable(&session.client.metrics().await?).trim_end()),
        ServerCommand::Document => print_json(&session.client.document().await?),
    }
}

fn show(session: &Session, mut server: Value) -> Result<(), Failure> {
    if session.json {
        return print_json(&server);
    }
    let runs = server["runs"].take();
    print(&described(&server))?;
    match runs.as_array() {
        Some(runs) if !runs.is_empty() => print(&format!("\n{}", listed(runs, RUNS))),
        _ => Ok(()),
    }
}

/// Whether the server lives, and whether it can take work. It fails if it cannot.
async fn health(session: &Session) -> Result<(), Failure> {
    session.client.live().await?;
    match session.client.ready().await {
        Ok(()) => session.show(&json!({ "lives": true, "ready": true })),
        Err(error) => {
            let failure = Failure::failed(anyhow!(
                "the server lives, and is not ready: {}",
                printable(&error.to_string())
            ));
            if !session.json {
                return Err(failure);
            }
            print_json(&json!({ "lives": true, "ready": false, "reason": error.to_string() }))?;
            Err(failure.printed())
        }
    }
}

fn reload(session: &Session, reloaded: &Value) -> Result<(), Failure> {
    if session.json {
        return print_json(reloaded);
    }
    let of = |name: &str| reloaded[name].as_array().cloned().unwrap_or_default();
    for changed in of("changed") {
        print(&format!("changed: {}", printable(changed.as_str().unwrap_or_default())))?;
    }
    for refused in of("refused") {
        session.say(format!(
            "not changed: {}",
            printable(refused.as_str().unwrap_or_default())
        ));
    }
    if of("changed").is_empty() && of("refused").is_empty() {
        session.say("nothing has changed");
    }
    Ok(())
}
