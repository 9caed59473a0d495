//! Which version of a plugin its aliases point to.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tenon_metadata::Name;
use tenon_tenants::Scope;
use tenon_versions::{Alias, CanaryRules, Promote, StartCanary};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::{Body, MaybeBody};
use crate::caller::{Caller, Conditions, Expected, expected_version};
use crate::error::Error;
use crate::times::Timed;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, delete))
        .routes(routes!(rollback))
}

/// To which version an alias is to point.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasInput {
    /// The version, which has passed its check.
    version: i64,
    /// Of how many in a hundred runs, from 1 to 99, until the rules decide; of all by default.
    #[serde(default)]
    canary_percent: Option<u8>,
    /// By what it is decided whether a canary stays.
    #[serde(default)]
    rules: CanaryRules,
    /// For the history.
    #[serde(default)]
    reason: String,
}

/// Why an alias goes back.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Rollback {
    /// For the history.
    reason: String,
}

/// A plugin's aliases.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/plugins/{plugin}/aliases", operation_id = "list_aliases",
    security(("token" = ["read"])),
    responses((status = 200, body = [Alias]))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin)): Path<(Name, Name)>,
) -> Result<Json<Timed<Vec<Alias>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| tenon_versions::aliases(tx, tenant, &plugin));
    Ok(Json(Timed(found.await?)))
}

/// Points an alias to a version: for all runs that begin from now on, or as a canary for a share of them.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/plugins/{plugin}/aliases/{alias}", operation_id = "put_alias",
    security(("token" = ["write"])), params(Conditions),
    request_body = AliasInput, responses((status = 200, body = Alias))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin, alias)): Path<(Name, Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<AliasInput>,
) -> Result<Versioned<Timed<Alias>>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    let (by, name) = (caller.principal.token_name.clone(), plugin.clone());
    let entry = caller.entry(&tenant, "plugin.alias.put", format!("{plugin} {alias}"));
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        entry.details = serde_json::json!({ "version": input.version, "canary_percent": input.canary_percent });
        expected.there(|| tenon_versions::alias(tx, tenant, &name, &alias))?;
        let (alias, by, reason) = (alias.clone(), by.clone(), input.reason.clone());
        let version = input.version;
        if let Some(share) = input.canary_percent.filter(|percent| *percent != 100) {
            let (rules, if_revision) = (input.rules.clone(), expected.version());
            let start = StartCanary {
                alias,
                version,
                share,
                rules,
                by,
                reason,
                if_revision,
            };
            return Ok(tenon_versions::start_canary(tx, tenant, &name, &start)?);
        }
        let promote = Promote {
            alias,
            version,
            by,
            reason,
            if_revision: expected.version(),
        };
        Ok::<_, Error>(tenon_versions::promote(tx, tenant, &name, &promote)?)
    });
    let changed = changed.await?;
    api.backend.plugin_changed(&tenant, &plugin).await;
    Ok(Versioned::new(changed.revision, Timed(changed)))
}

/// Removes an alias.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/plugins/{plugin}/aliases/{alias}", operation_id = "delete_alias",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin, alias)): Path<(Name, Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let (by, name) = (caller.principal.token_name.clone(), plugin.clone());
    let entry = caller.entry(&tenant, "plugin.alias.delete", format!("{plugin} {alias}"));
    api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_versions::remove_alias(tx, tenant, &name, &alias, &by, expected)
    })
    .await?;
    api.backend.plugin_changed(&tenant, &plugin).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Points an alias to the version before, or ends its canary.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/plugins/{plugin}/aliases/{alias}/rollback", operation_id = "rollback_alias",
    security(("token" = ["write"])), params(Conditions),
    request_body = Option<Rollback>, responses((status = 200, body = Alias))
)]
async fn rollback(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin, alias)): Path<(Name, Name, Name)>,
    headers: HeaderMap,
    MaybeBody(input): MaybeBody<Rollback>,
) -> Result<Versioned<Timed<Alias>>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let (by, name) = (caller.principal.token_name.clone(), plugin.clone());
    let entry = caller.entry(&tenant, "plugin.alias.rollback", format!("{plugin} {alias}"));
    let changed = api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_versions::rollback(tx, tenant, &name, &alias, &by, &input.reason, expected)
    });
    let changed = changed.await?;
    api.backend.plugin_changed(&tenant, &plugin).await;
    Ok(Versioned::new(changed.revision, Timed(changed)))
}
