//! Idempotency keys: asking twice is asking once.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tenon_metadata::{Transaction, row};

use crate::time::SECOND;
use crate::{Error, Request};

/// How long a key is kept, in microseconds.
pub(crate) const KEPT: i64 = 24 * 3600 * SECOND;
/// The longest key, in bytes.
const LONGEST: usize = 255;

/// The run that the same request made before.
pub(crate) fn earlier(
    tx: &mut Transaction<'_>,
    request: &Request,
    rerun_of: Option<&str>,
) -> Result<Option<String>, Error> {
    let Some(key) = &request.idempotency_key else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > LONGEST || key.contains(char::is_control) {
        return Err(Error::Invalid {
            field: "idempotency_key",
            reason: format!("it has to be 1 to {LONGEST} bytes on one line"),
        });
    }
    let known = tx.first(
        "select fingerprint, run from run_keys where tenant = ?1 and name = ?2 and created > ?3",
        row![&request.tenant, key, tx.now() - KEPT],
    )?;
    let Some(known) = known else { return Ok(None) };
    let run: String = known.get(1)?;
    if known.get::<String>(0)? != fingerprint(request, rerun_of) {
        let key = key.clone();
        return Err(Error::KeyTaken { key, run });
    }
    Ok(Some(run))
}

/// Keeps the key of a request that made a run.
pub(crate) fn remember(
    tx: &mut Transaction<'_>,
    request: &Request,
    rerun_of: Option<&str>,
    run: &str,
) -> Result<(), Error> {
    let Some(key) = &request.idempotency_key else {
        return Ok(());
    };
    let (tenant, now) = (&request.tenant, tx.now());
    // One that is too old makes room. One that another server has put in just now breaks the rule, and is found next time.
    tx.execute(
        "delete from run_keys where tenant = ?1 and name = ?2 and created <= ?3",
        row![tenant, key, now - KEPT],
    )?;
    tx.execute(
        "insert into run_keys (tenant, name, fingerprint, run, created) values (?1, ?2, ?3, ?4, ?5)",
        row![tenant, key, fingerprint(request, rerun_of), run, now],
    )?;
    Ok(())
}

/// The same for the same request, however its arguments are ordered.
fn fingerprint(request: &Request, rerun_of: Option<&str>) -> String {
    let what = json!([
        request.job,
        sorted(&Value::Object(request.arguments.clone())),
        request.trigger,
        request.workflow_run,
        request.node,
        request.depth,
        request.not_before,
        rerun_of,
    ]);
    hex::encode(Sha256::digest(what.to_string()))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(Map::from_iter(fields))
        }
        Value::Array(values) => Value::Array(values.iter().map(sorted).collect()),
        value => value.clone(),
    }
}
