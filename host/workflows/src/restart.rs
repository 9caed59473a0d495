//! Runs of workflows begin again.

use std::collections::BTreeMap;

use tenon_metadata::{Name, Transaction};

use crate::record::Record;
use crate::{Error, StartRequest, Started, start};

/// Starts a new run of the same workflow, of its latest version, with the properties that this run was started with.
///
/// # Errors
/// [`Error::UnknownRun`], and as [`start`].
pub fn restart(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    run: &str,
    idempotency_key: Option<String>,
) -> Result<Started, Error> {
    let record = Record::of(tx, tenant, run)?;
    let given: Result<BTreeMap<Name, String>, _> = serde_json::from_str(&record.given);
    let mut request = StartRequest::new(tenant.clone(), record.workflow.clone());
    request.properties = given.map_err(|error| record.unreadable(&error.to_string()))?;
    request.idempotency_key = idempotency_key;
    start(tx, &request)
}
