//! What the user has to be allowed to do, asked before anything is written.

use super::catalog::Table;
use super::plan::Plan;
use crate::{Error, LoadRequest, Mode, TableName};

/// Refuses what is no table.
pub(super) fn check_kind(table: &Table) -> Result<(), Error> {
    let kind = match table.kind.as_str() {
        "r" | "p" => return Ok(()),
        "v" => "a view",
        "m" => "a materialized view",
        "f" => "a foreign table",
        "S" => "a sequence",
        "c" => "a composite type",
        _ => "no table",
    };
    Err(Error::Config {
        subject: table.name.to_string(),
        reason: format!("it is {kind}; rows are written to tables"),
    })
}

/// Staging tables are beside the table.
pub(super) fn check_schema(table: &TableName, can_create: bool) -> Result<(), Error> {
    let schema = table.schema.as_deref().unwrap_or_default();
    refused(
        table,
        (!can_create).then(|| {
            format!("may not create tables in the schema `{schema}`, where rows are staged (`grant create on schema`)")
        }),
    )
}

/// What the mode does to a table that is there.
pub(super) fn check_table(table: &Table, request: &LoadRequest, plan: &Plan) -> Result<(), Error> {
    if !plan.alterations.is_empty() && !table.is_owned {
        let reason = "may not alter the table, which is its owner's right, and the rows have other columns".to_owned();
        return refused(&table.name, Some(reason));
    }
    let needed: &[&str] = match request.config.mode {
        Mode::Error | Mode::Ignore => &[],
        Mode::Append => &["insert"],
        Mode::Overwrite => &["insert", "delete"],
        Mode::Upsert if request.config.delete_when.is_some() => &["select", "insert", "update", "delete"],
        Mode::Upsert => &["select", "insert", "update"],
    };
    let may = |what: &str| table.rights.iter().any(|right| right == what);
    let lacking: Vec<&str> = needed.iter().copied().filter(|what| !may(what)).collect();
    refused(
        &table.name,
        (!lacking.is_empty()).then(|| {
            let lacking = lacking.join(", ");
            format!("may not {lacking} there (`grant {lacking} on {}`)", table.name)
        }),
    )
}

fn refused(table: &TableName, reason: Option<String>) -> Result<(), Error> {
    match reason {
        None => Ok(()),
        Some(reason) => Err(Error::Config {
            subject: table.to_string(),
            reason: format!("the user {reason}"),
        }),
    }
}
