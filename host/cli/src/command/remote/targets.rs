//! `target` and `event`: what happens, and who is told of it.

use std::io::{self, Write};
use std::pin::pin;

use serde_json::{Value, json};
use tenon_client::{Call, Event, StreamExt, Tenant};

use super::input;
use super::session::{Session, found, unless_changed};
use super::table::{Column, local_time, made, number, plain, state, text, time};
use crate::args::{DeliveryState, EventCommand, EventFilter, PutTarget, TargetCommand};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output;
use crate::printable::one_line;

const TARGETS: &[Column] = &[
    text("NAME", "/name"),
    text("TYPE", "/destination/type"),
    made("TO", |target| to(&target["destination"])),
    text("KINDS", "/filter/kinds"),
    text("ENABLED", "/enabled"),
    number("FAILURES", "/failures"),
    text("DISABLED BECAUSE", "/disabled_because"),
];
const DELIVERIES: &[Column] = &[
    number("NUMBER", "/number"),
    text("KIND", "/kind"),
    state("STATE", "/state"),
    number("ATTEMPTS", "/attempts"),
    time("CREATED", "/created"),
    time("DUE", "/due"),
    text("ERROR", "/error"),
];
const ATTEMPTS: &[Column] = &[
    number("NUMBER", "/number"),
    time("TIME", "/time"),
    number("STATUS", "/status"),
    text("ERROR", "/error"),
];
const EVENTS: &[Column] = &[
    number("POSITION", "/position"),
    time("TIME", "/time"),
    text("KIND", "/kind"),
    text("SUBJECT", "/subject"),
    text("DATA", "/data"),
];

/// `target`
pub(super) async fn target(session: &Session, command: TargetCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        TargetCommand::Put(arguments) => put(session, &tenant, &arguments).await,
        TargetCommand::List(listed) => session.list(tenant.list_targets(), listed.limit, TARGETS).await,
        TargetCommand::Show(named) => session.show(&tenant.get_target(&named.name).send().await?),
        TargetCommand::Delete(named) => {
            tenant.delete_target(&named.name).send().await?;
            session.did(format!("deleted the target `{}`", named.name))
        }
        TargetCommand::Deliveries { name, state, listed } => {
            let state = state.map(|state| match state {
                DeliveryState::Pending => "pending",
                DeliveryState::Delivered => "delivered",
                DeliveryState::Dead => "dead",
            });
            let call = tenant.list_deliveries(&name).query_if("state", state);
            session.list(call, listed.limit, DELIVERIES).await
        }
        TargetCommand::Attempts { of, number } => {
            let call = tenant.list_delivery_attempts(&of.name, number);
            session.list(call, of.listed.limit, ATTEMPTS).await
        }
        TargetCommand::Redeliver { name, number } => {
            let again = match number {
                Some(number) => tenant.redeliver(&name, number),
                None => tenant.redeliver_dead(&name),
            };
            let again = again.send().await?;
            let deliveries = &again["deliveries"];
            session.done(
                &again,
                format!("{deliveries} deliveries to `{name}` are made once more"),
            )
        }
    }
}

async fn put(session: &Session, tenant: &Tenant, arguments: &PutTarget) -> Result<(), Failure> {
    let name = &arguments.name;
    let target = match &arguments.file {
        Some(file) => input::definition(file)?,
        None => defined(arguments),
    };
    let before = found(tenant.get_target(name)).await?;
    let put = unless_changed(tenant.put_target(name, &target), before.as_ref());
    let put = put.send().await?;
    let verb = if before.is_some() { "replaced" } else { "stored" };
    session.done(&put, format!("{verb} the target `{name}`"))
}

/// What the options come to.
fn defined(arguments: &PutTarget) -> Value {
    let destination = if let Some(url) = &arguments.webhook {
        json!({ "type": "webhook", "url": url, "secret": arguments.secret })
    } else if let Some(secret) = &arguments.slack {
        json!({ "type": "slack", "url_secret": secret })
    } else {
        json!({ "type": "email", "to": arguments.email })
    };
    let mut filter = json!({ "kinds": arguments.kinds });
    if let Some(condition) = &arguments.condition {
        filter["condition"] = json!(condition);
    }
    json!({ "destination": destination, "filter": filter, "enabled": !arguments.disabled })
}

fn to(destination: &Value) -> String {
    let places = ["url", "to", "url_secret"];
    let place = places.iter().find_map(|name| destination.get(*name));
    place.map(plain).unwrap_or_default()
}

/// `event`
pub(super) async fn event(session: &Session, command: EventCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        EventCommand::List { filter, listed } => {
            session
                .list(chosen(tenant.list_events(), &filter), listed.limit, EVENTS)
                .await
        }
        EventCommand::Follow { filter, after } => {
            follow(
                session,
                chosen(tenant.follow_events(), &filter).query_if("after", after),
            )
            .await
        }
    }
}

fn chosen<T>(call: Call<T>, filter: &EventFilter) -> Call<T> {
    call.query_if("kinds", filter.kinds.as_ref())
        .query_if("subject", filter.subject.as_ref())
}

/// Prints events as they happen, until somebody interrupts it or reads no more.
async fn follow(session: &Session, call: Call<tenon_client::Followed<Event>>) -> Result<(), Failure> {
    let interrupt = Interrupt::listen();
    let mut events = pin!(call.follow());
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            // There is no end that it could be short of.
            () = interrupt.requested() => return Ok(()),
        };
        let Some(event) = event.transpose()? else { return Ok(()) };
        let text = if session.json {
            serde_json::to_string(&event).map_err(|error| Failure::failed(error.into()))?
        } else {
            let words = [
                &local_time(&event.time),
                &event.kind,
                &event.subject,
                &event.data.to_string(),
            ];
            words.map(|word| one_line(word, usize::MAX)).join("  ")
        };
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => output::done(other)?,
        }
    }
}
