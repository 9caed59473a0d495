//! What becomes of plugins without a request, in the audit log.

use serde_json::json;
use tenon_metadata::{Name, Transaction};
use tenon_tenants::Principal;
use tenon_tenants::audit::{self, Entry};
use tenon_versions::{Decision, Digest, MoveKind};

use crate::Error;

/// A part of the server, as the log names it: `server (folder)`.
fn part(name: &str) -> Principal {
    Principal {
        token_name: name.to_owned(),
        ..Principal::server()
    }
}

/// A file of the watched folder has become a version, and an alias points to it, if one does.
pub(super) fn uploaded(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    plugin: &Name,
    (version, digest): (i64, &Digest),
    alias: Option<&str>,
) -> Result<(), Error> {
    let details = json!({ "version": version, "digest": digest, "alias": alias });
    let entry = Entry::new(&part("folder"), "plugin.upload", plugin.as_str());
    audit::record(tx, &entry.tenant(tenant).details(details))?;
    Ok(())
}

/// Canaries, and trials of what was promoted, have ended by their rules.
pub(crate) fn decided(tx: &mut Transaction<'_>, decisions: &[Decision]) -> Result<(), Error> {
    for decision in decisions {
        let action = match decision.kind {
            MoveKind::CanaryPromoted => "plugin.alias.promote",
            _ => "plugin.alias.rollback",
        };
        let target = format!("{} {}", decision.plugin, decision.alias);
        let by = match decision.kind {
            MoveKind::RolledBack => "trial",
            _ => "canary",
        };
        let mut entry = Entry::new(&part(by), action, target).details(json!({
            "old_version": decision.old_version, "new_version": decision.new_version, "reason": decision.reason,
        }));
        entry.tenant = Name::new(decision.tenant.as_str()).ok();
        audit::record(tx, &entry)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tenon_metadata::{Metadata, PageRequest, Settings};
    use tenon_tenants::audit::AuditFilter;
    use tenon_versions::Counts;

    use super::*;

    #[tokio::test]
    async fn the_end_of_a_canary_is_recorded() {
        let place = tempfile::tempdir().expect("a folder");
        let settings = Settings::new(place.path().join("server.db").display().to_string());
        let tables = [tenon_events::MIGRATIONS, tenon_tenants::MIGRATIONS];
        let metadata = Metadata::open(&settings, &tables).await.expect("a database");
        let decision = Decision {
            tenant: "shop".to_owned(),
            plugin: "clean".to_owned(),
            alias: "stable".to_owned(),
            kind: MoveKind::CanaryRolledBack,
            old_version: 1,
            new_version: 2,
            old: Counts::default(),
            new: Counts::default(),
            reason: "3 of 3 runs failed".to_owned(),
        };
        let recorded = metadata.write(move |tx| {
            decided(tx, std::slice::from_ref(&decision))?;
            Ok::<_, Error>(audit::list(tx, &AuditFilter::default(), &PageRequest::default())?)
        });
        let recorded = recorded.await.expect("recorded").items;
        assert_eq!(recorded.len(), 1);
        let entry = &recorded[0];
        assert_eq!(
            (
                entry.tenant.as_deref(),
                entry.principal.as_str(),
                entry.action.as_str(),
                entry.target.as_str()
            ),
            (Some("shop"), "server (canary)", "plugin.alias.rollback", "clean stable")
        );
        assert_eq!(entry.details["reason"], "3 of 3 runs failed");
    }
}
