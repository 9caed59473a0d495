//! `trigger`: what starts runs.

use std::fs;
use std::io::Read;

use anyhow::{Context, anyhow};
use serde_json::{Map, Value, json};
use tenon_client::Tenant;

use super::input;
use super::session::{Session, found, unless_changed};
use super::table::{Column, made, number, state, text, time};
use crate::args::{CallTrigger, PutTrigger, TriggerCommand};
use crate::exit::Failure;

const TRIGGERS: &[Column] = &[
    text("NAME", "/name"),
    made("WHEN", when),
    made("STARTS", starts),
    state("STATE", "/state"),
    time("LAST", "/last_fired"),
    time("NEXT", "/next_fire"),
    text("ERROR", "/last_error"),
];
const FIRINGS: &[Column] = &[
    time("DUE", "/due"),
    time("FIRED", "/fired"),
    state("OUTCOME", "/outcome"),
    number("EVENTS", "/events"),
    made("STARTED", |firing| runs(&firing["started"])),
    text("REASON", "/reason"),
];
const STARTED: &[Column] = &[text("JOB", "/job"), text("WORKFLOW", "/workflow"), text("RUN", "/run")];

/// `trigger`
pub(super) async fn trigger(session: &Session, command: TriggerCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        TriggerCommand::Put(arguments) => put(session, &tenant, &arguments).await,
        TriggerCommand::List(listed) => session.list(tenant.list_triggers(), listed.limit, TRIGGERS).await,
        TriggerCommand::Show(named) => session.show(&tenant.get_trigger(&named.name).send().await?),
        TriggerCommand::Delete(named) => {
            tenant.delete_trigger(&named.name).send().await?;
            session.did(format!("deleted the trigger `{}`", named.name))
        }
        TriggerCommand::Enable(named) => {
            let changed = tenant.activate_trigger(&named.name).send().await?;
            session.done(&changed, format!("the trigger `{}` {}", named.name, waits(&changed)))
        }
        TriggerCommand::Disable(named) => {
            let changed = tenant.deactivate_trigger(&named.name).send().await?;
            session.done(&changed, format!("the trigger `{}` waits for nothing", named.name))
        }
        TriggerCommand::Fire {
            name,
            arg,
            idempotency_key,
        } => {
            let mut call = tenant.start_trigger(&name, &json!({ "arguments": input::object(&arg) }));
            if let Some(key) = idempotency_key {
                call = call.idempotency_key(&key);
            }
            session.rows(&call.send().await?, STARTED)
        }
        TriggerCommand::Firings(of) => {
            session
                .list(tenant.list_firings(&of.name), of.listed.limit, FIRINGS)
                .await
        }
        TriggerCommand::Call(arguments) => call(session, &tenant, &arguments).await,
    }
}

async fn put(session: &Session, tenant: &Tenant, arguments: &PutTrigger) -> Result<(), Failure> {
    let name = &arguments.name;
    let definition = match &arguments.file {
        Some(file) => input::definition(file)?,
        None => defined(arguments)?,
    };
    let before = found(tenant.get_trigger(name)).await?;
    let put = unless_changed(tenant.put_trigger(name, &definition), before.as_ref());
    let mut put = put.send().await?;
    if arguments.enable {
        put = tenant.activate_trigger(name).send().await?;
    }
    session.done(&put, format!("stored the trigger `{name}`, which {}", waits(&put)))
}

/// The definition that the options come to.
fn defined(arguments: &PutTrigger) -> Result<Value, Failure> {
    let started = input::object(&arguments.arg);
    let action = |kind: &str, name: &String| {
        let mut action = Map::new();
        action.insert(kind.to_owned(), name.clone().into());
        action.insert("arguments".to_owned(), started.clone().into());
        Value::Object(action)
    };
    let jobs = arguments.job.iter().map(|name| action("job", name));
    let workflows = arguments.workflow.iter().map(|name| action("workflow", name));
    let actions: Vec<Value> = jobs.chain(workflows).collect();
    if actions.is_empty() {
        return Err(Failure::usage(
            "what does it start? Give --job or --workflow".to_owned(),
        ));
    }
    let when = match &arguments.schedule {
        None => json!("on_demand"),
        Some(expression) => {
            let mut schedule = json!({ "expression": expression });
            if let Some(zone) = &arguments.time_zone {
                schedule["time_zone"] = json!(zone);
            }
            json!({ "schedule": schedule })
        }
    };
    let description = arguments.description.as_deref().unwrap_or_default();
    Ok(json!({ "description": description, "when": when, "actions": actions }))
}

async fn call(session: &Session, tenant: &Tenant, arguments: &CallTrigger) -> Result<(), Failure> {
    let body = if let Some(file) = &arguments.body {
        fs::read(file).with_context(|| format!("cannot read {}", file.display()))
    } else {
        let mut body = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut body);
        read.map(|_| body).context("cannot read standard input")
    };
    let body = body.map_err(Failure::refused)?;
    let mut call = tenant
        .receive_webhook(&arguments.name)
        .bytes(body, &arguments.content_type);
    if let Some(file) = &arguments.headers {
        for line in input::text(file)?.lines().filter(|line| !line.trim().is_empty()) {
            // What a header holds may be secret.
            let (name, value) = line.split_once(':').ok_or_else(|| {
                let error = anyhow!("a line of {} is not `Name: value`", file.display());
                Failure::refused(error)
            })?;
            call = call.header(name.trim(), value.trim());
        }
    }
    call.send().await?;
    session.did(format!("the trigger `{}` has taken the call", arguments.name))
}

fn waits(trigger: &Value) -> String {
    match (trigger["state"].as_str(), trigger["next_fire"].as_str()) {
        (Some(_), Some(next)) => format!("fires next at {}", super::table::local_time(next)),
        (Some(state), _) => format!("is {state}"),
        (None, _) => "is stored".to_owned(),
    }
}

/// What a trigger waits for, in a word or two.
fn when(trigger: &Value) -> String {
    let when = &trigger["definition"]["when"];
    if let Some(expression) = when["schedule"]["expression"].as_str() {
        return match when["schedule"]["time_zone"].as_str() {
            Some(zone) => format!("{expression} {zone}"),
            None => expression.to_owned(),
        };
    }
    if let Some(source) = when["event"]["source"].as_object() {
        return source.keys().next().cloned().unwrap_or_default();
    }
    when.as_str().unwrap_or_default().replace('_', " ")
}

fn starts(trigger: &Value) -> String {
    let actions = trigger["definition"]["actions"].as_array().into_iter().flatten();
    let names = actions.filter_map(|action| action["job"].as_str().or_else(|| action["workflow"].as_str()));
    names.collect::<Vec<_>>().join(", ")
}

fn runs(started: &Value) -> String {
    let started = started.as_array().into_iter().flatten();
    let runs = started.filter_map(|started| started["run"].as_str());
    runs.collect::<Vec<_>>().join(", ")
}
