//! Triggers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use tenon_triggers::{Definition, Error, Firing, Started, Trigger, triggers};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::{Body, MaybeBody};
use crate::caller::{Caller, Conditions, Expected, expected_version, idempotency_key};
use crate::listing::Listing;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, get, delete))
        .routes(routes!(activate))
        .routes(routes!(deactivate))
        .routes(routes!(start))
        .routes(routes!(list_firings))
}

/// How a trigger is to be fired by hand.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FireTrigger {
    /// Arguments over those of its actions.
    arguments: Map<String, Value>,
}

/// A tenant's triggers, by name.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/triggers", operation_id = "list_triggers",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<Trigger>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<Trigger>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| triggers::list(tx, tenant, &page))
            .await?,
    ))
}

/// Makes a trigger, which is CREATED and waits for nothing until it is activated, or changes it.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/triggers/{trigger}", operation_id = "put_trigger",
    security(("token" = ["write"])), params(Conditions),
    request_body = Definition,
    responses((status = 200, body = Trigger))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<Definition>,
) -> Result<Versioned<Trigger>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    let entry = caller.entry(&tenant, "trigger.put", trigger.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        expected.there(|| triggers::get(tx, tenant, &trigger))?;
        let before = match triggers::get(tx, tenant, &trigger) {
            Ok(trigger) => Some(trigger),
            Err(Error::UnknownTrigger { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let changed = match (&before, expected.version()) {
            (None, None | Some(0)) => triggers::create(tx, tenant, &trigger, &input, false)?,
            (None, Some(expected)) => {
                let (trigger, found) = (trigger.to_string(), 0);
                return Err(Error::Changed {
                    trigger,
                    expected,
                    found,
                }
                .into());
            }
            (Some(_), expected) => triggers::update(tx, tenant, &trigger, &input, expected)?,
        };
        let before = before.map(|trigger| trigger.definition);
        *entry = entry.clone().change(&before, &changed.definition);
        Ok::<_, crate::error::Error>(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, changed))
}

/// A trigger.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/triggers/{trigger}", operation_id = "get_trigger",
    security(("token" = ["read"])),
    responses((status = 200, body = Trigger))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
) -> Result<Versioned<Trigger>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api
        .look(&tenant, move |tx, tenant| triggers::get(tx, tenant, &trigger))
        .await?;
    Ok(Versioned::new(found.version, found))
}

/// Removes a trigger.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/triggers/{trigger}", operation_id = "delete_trigger",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "trigger.delete", trigger.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        triggers::delete(tx, tenant, &trigger, expected)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has a trigger wait for what it is for.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/triggers/{trigger}/activate", operation_id = "activate_trigger",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 200, body = Trigger))
)]
async fn activate(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<Versioned<Trigger>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "trigger.activate", trigger.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, _| {
        triggers::activate(tx, tenant, &trigger, expected)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, changed))
}

/// Has a trigger wait for nothing.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/triggers/{trigger}/deactivate", operation_id = "deactivate_trigger",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 200, body = Trigger))
)]
async fn deactivate(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<Versioned<Trigger>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "trigger.deactivate", trigger.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, _| {
        triggers::deactivate(tx, tenant, &trigger, expected)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, changed))
}

/// Does what a trigger does, now. Answers with what it started.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/triggers/{trigger}/start", operation_id = "start_trigger",
    security(("token" = ["run"])),
    request_body = Option<FireTrigger>,
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 bytes.")),
    responses((status = 200, body = [Started]))
)]
async fn start(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    headers: HeaderMap,
    MaybeBody(input): MaybeBody<FireTrigger>,
) -> Result<Json<Vec<Started>>, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let key = idempotency_key(&headers)?;
    let workflows = api.backend.workflows();
    let entry = caller.entry(&tenant, "trigger.start", trigger.as_str());
    let started = api.change(entry, &tenant, move |tx, tenant, entry| {
        let (arguments, key) = (&input.arguments, key.as_deref());
        let started = triggers::start(tx, workflows.as_ref(), tenant, &trigger, arguments, key)?;
        entry.details = serde_json::json!({ "started": started });
        Ok::<_, Error>(started)
    });
    Ok(Json(started.await?))
}

/// When a trigger fired, or did not, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/triggers/{trigger}/firings", operation_id = "list_firings",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<Firing>))
)]
async fn list_firings(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, trigger)): Path<(Name, Name)>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<Firing>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_triggers::firings(tx, tenant, &trigger, &page)
    });
    Ok(Json(found.await?))
}
