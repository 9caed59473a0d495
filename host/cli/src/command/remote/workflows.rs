//! `workflow`: workflows and their runs.

use std::fs;
use std::time::Duration;

use anyhow::{Context, anyhow};
use serde_json::{Map, Value, json};
use tenon_client::Tenant;

use super::input;
use super::session::{Session, found, print_json, unless_changed};
use super::table::{Column, described, listed, number, state, text, time};
use crate::args::{PictureArguments, PropertyCommand, PutWorkflow, StartWorkflow, WorkflowCommand};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output::print;
use crate::printable::printable;

/// How often a run of a workflow is looked at that is followed.
const LOOK: Duration = Duration::from_millis(500);

const WORKFLOWS: &[Column] = &[
    text("NAME", "/name"),
    number("VERSION", "/version"),
    time("CHANGED", "/updated"),
    text("LAST RUN", "/last_run"),
    state("STATE", "/last_state"),
];
const VERSIONS: &[Column] = &[
    number("VERSION", "/version"),
    time("CREATED", "/created"),
    text("DESCRIPTION", "/definition/description"),
];
const RUNS: &[Column] = &[
    text("RUN", "/id"),
    state("STATE", "/state"),
    number("VERSION", "/version"),
    time("STARTED", "/started"),
    time("ENDED", "/ended"),
    number("NODES", "/statistics/total"),
    number("SUCCEEDED", "/statistics/succeeded"),
    number("FAILED", "/statistics/failed"),
    text("ERROR", "/error"),
];
const NODES: &[Column] = &[
    text("NODE", "/node"),
    text("JOB", "/job"),
    state("STATE", "/state"),
    time("STARTED", "/started"),
    time("ENDED", "/ended"),
    text("RUN", "/run"),
    text("REASON", "/reason"),
];
const PROPERTIES: &[Column] = &[text("PROPERTY", "/property"), text("VALUE", "/value")];

/// `workflow`
pub(super) async fn workflow(session: &Session, command: WorkflowCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        WorkflowCommand::Put(arguments) => put(session, &tenant, &arguments).await,
        WorkflowCommand::List(listed) => session.list(tenant.list_workflows(), listed.limit, WORKFLOWS).await,
        WorkflowCommand::Show { name, version } => {
            let call = tenant.get_workflow(&name).query_if("version", version);
            session.show(&call.send().await?)
        }
        WorkflowCommand::Versions(of) => {
            let call = tenant.list_workflow_versions(&of.name);
            session.list(call, of.listed.limit, VERSIONS).await
        }
        WorkflowCommand::Delete(named) => {
            tenant.delete_workflow(&named.name).send().await?;
            session.did(format!("deleted the workflow `{}`", named.name))
        }
        WorkflowCommand::Picture(arguments) => picture(session, &tenant, &arguments).await,
        WorkflowCommand::Start(arguments) => start(session, &tenant, &arguments).await,
        WorkflowCommand::Runs(filter) => {
            let state = filter.state.as_deref().map(str::to_ascii_uppercase);
            let call = tenant.list_workflow_runs(&filter.name).query_if("state", state);
            session.list(call, filter.listed.limit, RUNS).await
        }
        WorkflowCommand::Run(named) => show(session, &tenant.get_workflow_run(&named.run).send().await?),
        WorkflowCommand::Watch(named) => watch(session, &tenant, &named.run).await,
        WorkflowCommand::Stop(named) => {
            let stopped = tenant.stop_workflow_run(&named.run).send().await?;
            let state = printable(stopped["run"]["state"].as_str().unwrap_or_default());
            session.done(&stopped, format!("run {} is {state}", named.run))
        }
        WorkflowCommand::Resume { run, node, follow } => {
            let resumed = tenant
                .resume_workflow_run(&run, &json!({ "nodes": node }))
                .send()
                .await?;
            started(session, &tenant, &resumed, follow).await
        }
        WorkflowCommand::Restart { run, follow } => {
            let restarted = tenant.restart_workflow_run(&run).send().await?;
            started(session, &tenant, &restarted, follow).await
        }
        WorkflowCommand::Property(command) => property(session, &tenant, command).await,
    }
}

async fn put(session: &Session, tenant: &Tenant, arguments: &PutWorkflow) -> Result<(), Failure> {
    let definition = input::definition(&arguments.file)?;
    let mut definition: Map<String, Value> = definition.as_object().cloned().unwrap_or_default();
    let named = definition.get("name").and_then(Value::as_str).map(str::to_owned);
    let name = input::name(arguments.name.as_deref().or(named.as_deref()), &arguments.file)?;
    definition.insert("name".to_owned(), Value::from(name.clone()));
    let before = found(tenant.get_workflow(&name)).await?;
    let put = unless_changed(tenant.put_workflow(&name, &definition), before.as_ref());
    let put = put.send().await?;
    let version = &put["version"];
    session.done(&put, format!("stored the workflow `{name}`, version {version}"))
}

async fn picture(session: &Session, tenant: &Tenant, arguments: &PictureArguments) -> Result<(), Failure> {
    let call = match (&arguments.run, &arguments.name) {
        (Some(run), _) => tenant.draw_workflow_run(run),
        (None, Some(name)) => tenant.draw_workflow(name),
        (None, None) => return Err(Failure::usage("which workflow?".to_owned())),
    };
    let form = match (&arguments.svg, arguments.ascii) {
        (Some(_), _) => "svg",
        (None, true) => "ascii",
        (None, false) => "text",
    };
    let drawn = call.query("format", form).text().await?;
    let Some(file) = &arguments.svg else {
        return print(printable(&drawn).trim_end());
    };
    fs::write(file, drawn)
        .with_context(|| format!("cannot write {}", file.display()))
        .map_err(Failure::failed)?;
    session.say(format!("drawn in {}", file.display()));
    Ok(())
}

async fn start(session: &Session, tenant: &Tenant, arguments: &StartWorkflow) -> Result<(), Failure> {
    let properties: Map<String, Value> = arguments
        .property
        .iter()
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    let mut call = tenant.start_workflow(&arguments.name, &json!({ "properties": properties }));
    if let Some(key) = &arguments.idempotency_key {
        call = call.idempotency_key(key);
    }
    started(session, tenant, &call.send().await?, arguments.follow).await
}

async fn started(session: &Session, tenant: &Tenant, detail: &Value, is_followed: bool) -> Result<(), Failure> {
    let run = detail["run"]["id"].as_str().unwrap_or_default();
    if is_followed {
        return watch(session, tenant, run).await;
    }
    if session.json {
        return print_json(detail);
    }
    print(&printable(run))
}

/// Looks at a run now and then until it has ended, and says which nodes are in other states than before.
async fn watch(session: &Session, tenant: &Tenant, run: &str) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let mut told: Vec<String> = Vec::new();
    loop {
        let detail = tokio::select! {
            detail = tenant.get_workflow_run(run).send() => detail?,
            () = interrupt.requested() => return Err(left(session, run)),
        };
        let now: Vec<String> = detail["nodes"].as_array().into_iter().flatten().map(stands).collect();
        for line in now.iter().filter(|line| !told.contains(line)) {
            session.say(line);
        }
        told = now;
        let state = detail["run"]["state"].as_str().unwrap_or_default();
        if !matches!(state, "RUNNING" | "STOPPING") {
            show(session, &detail)?;
            let came_to = outcome(run, &detail["run"]);
            return if session.json {
                came_to.map_err(Failure::printed)
            } else {
                came_to
            };
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = interrupt.requested() => return Err(left(session, run)),
        }
    }
}

fn left(session: &Session, run: &str) -> Failure {
    let command = &session.command;
    Failure::stopped(anyhow!("interrupted; run {run} goes on")).hinted(format!(
        "`{command} workflow watch {run}` follows it again, `{command} workflow stop {run}` stops it"
    ))
}

fn stands(node: &Value) -> String {
    let text = |name: &str| printable(node[name].as_str().unwrap_or_default());
    format!("{} is {}", text("node"), text("state"))
}

/// A run of a workflow is COMPLETED also if nodes of it failed.
fn outcome(run: &str, ended: &Value) -> Result<(), Failure> {
    let state = printable(ended["state"].as_str().unwrap_or_default());
    let nodes = |name: &str| ended["statistics"][name].as_u64().unwrap_or_default();
    let (failed, timeout) = (nodes("failed") + nodes("error"), nodes("timeout"));
    let reason = ended["error"].as_str().map(|error| format!(": {}", printable(error)));
    let error = anyhow!(
        "run {run} ended {state} with {} nodes that did not succeed{}",
        failed + timeout + nodes("stopped"),
        reason.unwrap_or_default()
    );
    match state.as_str() {
        "STOPPED" => Err(Failure::stopped(error)),
        "COMPLETED" if failed + timeout == 0 => Ok(()),
        _ if failed == 0 && timeout > 0 => Err(Failure::limit(error)),
        _ => Err(Failure::failed(error)),
    }
}

fn show(session: &Session, detail: &Value) -> Result<(), Failure> {
    if session.json {
        return print_json(detail);
    }
    let mut parts = vec![described(&detail["run"])];
    if let Some(nodes) = detail["nodes"].as_array().filter(|nodes| !nodes.is_empty()) {
        parts.push(listed(nodes, NODES));
    }
    if let Some(properties) = detail["properties"]
        .as_object()
        .filter(|properties| !properties.is_empty())
    {
        parts.push(described(&json!({ "property": properties })));
    }
    print(&parts.join("\n\n"))
}

async fn property(session: &Session, tenant: &Tenant, command: PropertyCommand) -> Result<(), Failure> {
    match command {
        PropertyCommand::List(named) => {
            let properties = tenant.list_properties(&named.run).send().await?;
            if session.json {
                return print_json(&json!(properties));
            }
            let rows: Vec<Value> = properties
                .into_iter()
                .map(|(property, value)| json!({ "property": property, "value": value }))
                .collect();
            session.rows(&rows, PROPERTIES)
        }
        PropertyCommand::Set { run, property, value } => {
            let call = tenant.put_property(&run, &property, &json!({ "value": value }));
            session.done(&call.send().await?, format!("set `{property}` of run {run}"))
        }
        PropertyCommand::Delete { run, property } => {
            tenant.delete_property(&run, &property).send().await?;
            session.did(format!("deleted `{property}` of run {run}"))
        }
    }
}
