//! Whether a definition makes sense.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use tenon_events::Condition;

use crate::definition::{Action, Batch, Definition, EventRule, Source, When};
use crate::error::Error;

const DESCRIPTION: usize = 2048;
const ACTIONS: usize = 20;
const ARGUMENTS: usize = 16 << 10;
const QUERY: usize = 16 << 10;
const URL: usize = 2048;
const SOURCE: &str = "when.event.source";

impl Definition {
    /// Checks what the types can't say.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Error> {
        at_most("description", self.description.len(), DESCRIPTION)?;
        if self.actions.is_empty() || self.actions.len() > ACTIONS {
            return Err(Error::invalid(
                "actions",
                format!("there are {}, and 1 to {ACTIONS} may be", self.actions.len()),
            ));
        }
        for (number, action) in self.actions.iter().enumerate() {
            check_action(&format!("actions[{number}]"), action)?;
        }
        match &self.when {
            When::OnDemand => Ok(()),
            When::Schedule(schedule) => {
                schedule
                    .check()
                    .map_err(|error| Error::invalid("when.schedule", error))?;
                match schedule.next_after(now) {
                    Some(_) => Ok(()),
                    None => Err(Error::invalid("when.schedule", "it is never due again")),
                }
            }
            When::Event(rule) => check_rule(rule),
        }
    }
}

fn check_action(field: &str, action: &Action) -> Result<(), Error> {
    if action.job.is_some() == action.workflow.is_some() {
        return Err(Error::invalid(field, "it has to have either `job` or `workflow`"));
    }
    let arguments = serde_json::to_string(&action.arguments).map_err(|error| Error::invalid(field, error))?;
    at_most(&format!("{field}.arguments"), arguments.len(), ARGUMENTS)
}

fn check_rule(rule: &EventRule) -> Result<(), Error> {
    if let Some(Batch { size, window_seconds }) = rule.batch {
        within("when.event.batch.size", size, 1..=1000)?;
        within("when.event.batch.window_seconds", window_seconds, 1..=86_400)?;
    }
    match &rule.source {
        Source::Condition(condition) => {
            Condition::parse(condition).map_err(|error| Error::invalid(format!("{SOURCE}.condition"), error))?;
        }
        Source::Job(outcome) => {
            let field = format!("{SOURCE}.job.states");
            if outcome.states.is_empty() {
                return Err(Error::invalid(field, "it names no state"));
            }
            if let Some(state) = outcome.states.iter().find(|state| !state.is_final()) {
                return Err(Error::invalid(field, format!("a run does not end in {state}")));
            }
        }
        Source::Webhook(webhook) => {
            within(
                &format!("{SOURCE}.webhook.tolerance_seconds"),
                webhook.tolerance_seconds,
                1..=300,
            )?;
        }
        Source::Objects(objects) => {
            let field = format!("{SOURCE}.objects");
            within(
                &format!("{field}.interval_seconds"),
                objects.interval_seconds,
                5..=86_400,
            )?;
            at_most(&format!("{field}.url"), objects.url.len(), URL)?;
            if objects.url.trim().is_empty() {
                return Err(Error::invalid(format!("{field}.url"), "it is empty"));
            }
            if objects.connection.is_some() && !objects.url.contains("://") {
                return Err(Error::invalid(
                    format!("{field}.url"),
                    "it is a path in the tenant's own folder, which no connection leads to; with one it is a URL like \
                     s3://bucket/folder/",
                ));
            }
        }
        Source::Rows(rows) => {
            let field = format!("{SOURCE}.rows");
            within(&format!("{field}.interval_seconds"), rows.interval_seconds, 5..=86_400)?;
            at_most(&format!("{field}.query"), rows.query.len(), QUERY)?;
            at_most(&format!("{field}.cursor_column"), rows.cursor_column.len(), 256)?;
            for (name, text) in [("query", &rows.query), ("cursor_column", &rows.cursor_column)] {
                if text.trim().is_empty() {
                    return Err(Error::invalid(format!("{field}.{name}"), "it is empty"));
                }
            }
        }
    }
    Ok(())
}

fn within(field: &str, value: u32, range: RangeInclusive<u32>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format!("it is {value}, and has to be {} to {}", range.start(), range.end()),
    ))
}

fn at_most(field: &str, bytes: usize, limit: usize) -> Result<(), Error> {
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::invalid(
        field,
        format!("it has {bytes} bytes, and {limit} may be"),
    ))
}
