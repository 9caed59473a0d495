//! Tenants.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::{Holding, Scope, Tenant, TenantInput, tenants};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::Body;
use crate::caller::{Caller, Conditions, Expected, expected_version};
use crate::error::Error;
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem, leaving};

/// What keeps a tenant from being deleted.
const HOLDINGS: [Holding; 6] = [
    holding("jobs", "jobs"),
    holding("triggers", "triggers"),
    holding("workflows", "workflows"),
    holding("versions of plugins", "plugin_versions"),
    holding("targets", "event_targets"),
    holding("waiting runs", "run_queue"),
];

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, get, delete))
}

const fn holding(what: &'static str, table: &'static str) -> Holding {
    let column = "tenant";
    Holding { what, table, column }
}

/// How a tenant is to be deleted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    /// With all that it has, rather than only if it has nothing.
    #[serde(default)]
    #[param(required = false)]
    force: bool,
}

/// All tenants, by name. The operator's.
#[utoipa::path(
    get, path = "/v1/tenants", operation_id = "list_tenants",
    security(("token" = ["server"])), params(PageRequest),
    responses((status = 200, body = Page<Tenant>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Tenant>>>, Problem> {
    caller.operates()?;
    Ok(Json(Timed(
        api.metadata.read(move |tx| tenants::list(tx, &page)).await?,
    )))
}

/// Makes a tenant, or changes it. The operator's.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}", operation_id = "put_tenant",
    security(("token" = ["server"])), params(Conditions),
    request_body = TenantInput,
    responses((status = 200, body = Tenant))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    headers: HeaderMap,
    Body(input): Body<TenantInput>,
) -> Result<Versioned<Timed<Tenant>>, Problem> {
    caller.may(&tenant, Scope::Server)?;
    let expected = Expected::of(&headers)?;
    let entry = caller.entry(&tenant, "tenant.put", tenant.as_str());
    let backend = Arc::clone(&api.backend);
    let changed = api.change_server(entry, move |tx, entry| {
        expected.there(|| tenants::get(tx, &tenant))?;
        let before = match tenants::get(tx, &tenant) {
            Ok(tenant) => Some(tenant),
            Err(tenon_tenants::Error::NoTenant { .. }) => None,
            Err(error) => return Err(Error::from(error)),
        };
        let changed = tenants::put(tx, &tenant, &input, expected.version())?;
        if before.is_none() {
            let cleared = backend.tenant_comes(&tenant);
            cleared.map_err(|reason| Error::Occupied {
                tenant: tenant.to_string(),
                reason,
            })?;
        }
        *entry = entry.clone().change(&before, &changed);
        Ok(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, Timed(changed)))
}

/// A tenant, with its own quotas.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}", operation_id = "get_tenant",
    security(("token" = ["read"])),
    responses((status = 200, body = Tenant))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
) -> Result<Versioned<Timed<Tenant>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, tenants::get).await?;
    Ok(Versioned::new(found.version, Timed(found)))
}

/// Removes a tenant, with its tokens and what is left of its runs. The operator's.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}", operation_id = "delete_tenant",
    security(("token" = ["server"])), params(Conditions, Deletion), responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Query(Deletion { force }): Query<Deletion>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Server)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "tenant.delete", tenant.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        leaving::check(tx, tenant)?;
        if force {
            tenon_triggers::triggers::delete_all(tx, tenant)?;
        }
        tenants::delete(tx, tenant, expected, &HOLDINGS, force)?;
        // A tenant of the same name may come after it, and must not find anything.
        leaving::clear(tx, tenant)
    })
    .await?;
    api.backend.tenant_left(&tenant).await;
    Ok(StatusCode::NO_CONTENT)
}
