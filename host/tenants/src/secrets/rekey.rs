//! Another key for what is encrypted already.

use std::sync::Arc;

use serde_json::json;
use tenon_metadata::{Metadata, Transaction, row};

use super::key::KeyRing;
use super::seal::{Place, open, seal};
use crate::audit::{self, Entry};
use crate::{Error, Principal, tenants};

/// Secrets that are encrypted anew in one transaction.
const AT_ONCE: u32 = 100;

/// What was encrypted anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many secrets.
    pub changed: u64,
    /// Those that do not decrypt, as "tenant/name": their keys are not there, or they were tampered with. They stay as
    /// they are.
    pub failed: Vec<String>,
    /// Where to go on; none at the end.
    pub next: Option<(String, String)>,
}

/// Encrypts secrets that are under another key than the present one by that one: at most `limit`, those after the tenant
/// and name given. The audit log has how many these were. Two that do it at once do no harm.
///
/// # Errors
/// What the database says.
pub fn rekey(
    tx: &mut Transaction<'_>,
    keys: &KeyRing,
    after: Option<&(String, String)>,
    limit: u32,
) -> Result<Rekeyed, Error> {
    let (after_tenant, after_name) = after.map_or(("", ""), |(tenant, name)| (tenant, name));
    let rows = tx.query(
        "select tenant, name, version, key_id, sealed, jobs from tenant_secrets
         where key_id <> ?1 and (tenant > ?2 or (tenant = ?2 and name > ?3)) order by tenant, name limit ?4 {for_update}",
        row![keys.current_id(), after_tenant, after_name, limit],
    )?;
    let mut rekeyed = Rekeyed::default();
    for row in &rows {
        let (tenant, name) = (tenants::name(row, 0)?, tenants::name(row, 1)?);
        let jobs: Option<String> = row.get(5)?;
        let place = Place {
            tenant: &tenant,
            name: &name,
            version: row.get(2)?,
            jobs: jobs.as_deref(),
        };
        let old: String = row.get(3)?;
        match open(keys, &old, place, &row.get::<Vec<u8>>(4)?) {
            Ok(value) => {
                let (key, sealed) = seal(keys, place, &value)?;
                // The version stays: the value does.
                tx.execute(
                    "update tenant_secrets set key_id = ?4, sealed = ?5
                     where tenant = ?1 and name = ?2 and version = ?3 and key_id = ?6",
                    row![&tenant, &name, place.version, key, sealed, old],
                )?;
                rekeyed.changed += 1;
            }
            Err(Error::NoKey { .. } | Error::Tampered { .. }) => rekeyed.failed.push(format!("{tenant}/{name}")),
            Err(error) => return Err(error),
        }
        rekeyed.next = Some((tenant.to_string(), name.to_string()));
    }
    if rows.len() < limit as usize {
        rekeyed.next = None;
    }
    if rekeyed.changed > 0 {
        let failed = rekeyed.failed.len();
        let details = json!({ "key_id": keys.current_id(), "changed": rekeyed.changed, "failed": failed });
        audit::record(
            tx,
            &Entry::new(&Principal::server(), "secret.rekey", "secrets").details(details),
        )?;
    }
    Ok(rekeyed)
}

/// Encrypts all secrets by the present key, some at a time, so that others get their turn. Old keys that nothing failed
/// for can be taken away afterwards.
///
/// # Errors
/// What the database says; what was done until then stays done.
pub async fn rekey_all(metadata: &Metadata, keys: &KeyRing) -> Result<Rekeyed, Error> {
    let keys = Arc::new(keys.clone());
    let mut all = Rekeyed::default();
    loop {
        let (keys, after) = (Arc::clone(&keys), all.next.clone());
        let some = metadata
            .write(move |tx| rekey(tx, &keys, after.as_ref(), AT_ONCE))
            .await?;
        all.changed += some.changed;
        all.failed.extend(some.failed);
        all.next = some.next;
        if all.next.is_none() {
            return Ok(all);
        }
    }
}
