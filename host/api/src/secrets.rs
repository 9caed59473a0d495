//! Secrets, of which no answer holds a value.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use tenon_tenants::secrets::{self, SecretInfo, SecretInput};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::Body;
use crate::caller::{Caller, Conditions, Expected, expected_version};
use crate::error::Error;
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, get, delete))
}

/// A tenant's secrets, by name, without values.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/secrets", operation_id = "list_secrets",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<SecretInfo>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<SecretInfo>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| secrets::list(tx, tenant, &page));
    Ok(Json(Timed(found.await?)))
}

/// Makes a secret, or changes it. No answer ever has its value.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/secrets/{secret}", operation_id = "put_secret",
    security(("token" = ["write"])), params(Conditions),
    request_body = SecretInput,
    responses((status = 200, body = SecretInfo))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, secret)): Path<(Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<SecretInput>,
) -> Result<Versioned<Timed<SecretInfo>>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    let keys = Arc::clone(&api.keys);
    let entry = caller.entry(&tenant, "secret.put", secret.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        expected.there(|| secrets::get(tx, tenant, &secret))?;
        let changed = secrets::put(tx, &keys, tenant, &secret, &input, expected.version())?;
        entry.details = serde_json::json!({ "version": changed.version, "jobs": changed.jobs });
        Ok::<_, Error>(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, Timed(changed)))
}

/// What is known of a secret, without its value.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/secrets/{secret}", operation_id = "get_secret",
    security(("token" = ["read"])),
    responses((status = 200, body = SecretInfo))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, secret)): Path<(Name, Name)>,
) -> Result<Versioned<Timed<SecretInfo>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api
        .look(&tenant, move |tx, tenant| secrets::get(tx, tenant, &secret))
        .await?;
    Ok(Versioned::new(found.version, Timed(found)))
}

/// Removes a secret.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/secrets/{secret}", operation_id = "delete_secret",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, secret)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "secret.delete", secret.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        secrets::delete(tx, tenant, &secret, expected)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
