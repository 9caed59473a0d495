//! Connections to databases and stores.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use tenon_tenants::connections::{self, Connection, ConnectionInfo};
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
        .routes(routes!(test))
}

/// A tenant's connections, by name.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/connections", operation_id = "list_connections",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<ConnectionInfo>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<ConnectionInfo>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| connections::list(tx, tenant, &page));
    Ok(Json(Timed(found.await?)))
}

/// Makes a connection, or changes it. Passwords are secrets that it refers to.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/connections/{connection}", operation_id = "put_connection",
    security(("token" = ["write"])), params(Conditions),
    request_body = Connection, responses((status = 200, body = ConnectionInfo))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, connection)): Path<(Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<Connection>,
) -> Result<Versioned<Timed<ConnectionInfo>>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    let entry = caller.entry(&tenant, "connection.put", connection.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        expected.there(|| connections::get(tx, tenant, &connection))?;
        let changed = connections::put(tx, tenant, &connection, &input, expected.version())?;
        entry.details = serde_json::json!({ "version": changed.version, "driver": input.driver });
        Ok::<_, Error>(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, Timed(changed)))
}

/// A connection, with references to secrets in place of these.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/connections/{connection}", operation_id = "get_connection",
    security(("token" = ["read"])),
    responses((status = 200, body = ConnectionInfo))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, connection)): Path<(Name, Name)>,
) -> Result<Versioned<Timed<ConnectionInfo>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api
        .look(&tenant, move |tx, tenant| connections::get(tx, tenant, &connection))
        .await?;
    Ok(Versioned::new(found.version, Timed(found)))
}

/// Removes a connection.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/connections/{connection}", operation_id = "delete_connection",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, connection)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "connection.delete", connection.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        connections::delete(tx, tenant, &connection, expected)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Connects, and says how that went: `ok`, and the `stage` and `error` of what failed.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/connections/{connection}/test", operation_id = "test_connection",
    security(("token" = ["write"])),
    responses((status = 200, body = Object))
)]
async fn test(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, connection)): Path<(Name, Name)>,
) -> Result<Json<Value>, Problem> {
    // It opens a connection with the tenant's secrets, which looking does not.
    caller.may(&tenant, Scope::Write)?;
    let name = connection.clone();
    api.look(&tenant, move |tx, tenant| connections::get(tx, tenant, &name))
        .await?;
    let tested = api.backend.test_connection(&tenant, &connection).await;
    tested.map(Json).map_err(Problem::invalid)
}
