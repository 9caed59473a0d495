//! Where events are delivered.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use tenon_events::{
    Attempt, Delivery, DeliveryState, Destination, Error, NewTarget, Target, TargetFilter, attempts, create_target,
    deliveries, get_target, list_targets, redeliver, redeliver_dead, remove_target, update_target,
};
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::Body;
use crate::caller::{Caller, Conditions, Expected, expected_version};
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, get, delete))
        .routes(routes!(list_deliveries))
        .routes(routes!(list_delivery_attempts))
        .routes(routes!(again))
        .routes(routes!(all_again))
}

/// Where events are to be delivered, and which.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TargetInput {
    /// Where they go.
    destination: Destination,
    /// Which events.
    #[serde(default)]
    filter: TargetFilter,
    /// Whether they are delivered; so by default.
    #[serde(default = "yes")]
    enabled: bool,
}

/// Which deliveries.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryQuery {
    /// Only in this state.
    #[param(inline)]
    state: Option<DeliveryState>,
}

/// What is delivered again.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Redelivered {
    /// How many deliveries.
    deliveries: u64,
}

fn yes() -> bool {
    true
}

/// A tenant's targets, by name.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/targets", operation_id = "list_targets",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<Target>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Target>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| list_targets(tx, tenant.as_str(), &page));
    Ok(Json(Timed(found.await?)))
}

/// Makes a target, or changes it.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/targets/{target}", operation_id = "put_target",
    security(("token" = ["write"])), params(Conditions),
    request_body = TargetInput,
    responses((status = 200, body = Target))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target)): Path<(Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<TargetInput>,
) -> Result<Versioned<Timed<Target>>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    let guard = api.backend.guard()?;
    let entry = caller.entry(&tenant, "target.put", target.as_str());
    let new = NewTarget {
        name: target,
        destination: input.destination,
        filter: input.filter,
        enabled: input.enabled,
    };
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        let tenant = tenant.as_str();
        expected.there(|| get_target(tx, tenant, new.name.as_str()))?;
        let before = match get_target(tx, tenant, new.name.as_str()) {
            Ok(target) => Some(target),
            Err(Error::NoSuchTarget { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let changed = match (&before, expected.version()) {
            (None, None | Some(0)) => create_target(tx, &guard, tenant, &new)?,
            (None, Some(expected)) => {
                let (name, found) = (new.name.to_string(), 0);
                return Err(Error::TargetChanged { name, found, expected }.into());
            }
            (Some(_), expected) => update_target(tx, &guard, tenant, &new, expected)?,
        };
        *entry = entry.clone().change(&before, &changed);
        Ok::<_, crate::error::Error>(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, Timed(changed)))
}

/// A target.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/targets/{target}", operation_id = "get_target",
    security(("token" = ["read"])),
    responses((status = 200, body = Target))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target)): Path<(Name, Name)>,
) -> Result<Versioned<Timed<Target>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api
        .look(&tenant, move |tx, tenant| {
            get_target(tx, tenant.as_str(), target.as_str())
        })
        .await?;
    Ok(Versioned::new(found.version, Timed(found)))
}

/// Removes a target, with its deliveries.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/targets/{target}", operation_id = "delete_target",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "target.delete", target.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        remove_target(tx, tenant.as_str(), target.as_str(), expected)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was and is to be delivered to a target, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/targets/{target}/deliveries", operation_id = "list_deliveries",
    security(("token" = ["read"])), params(DeliveryQuery, PageRequest), responses((status = 200, body = Page<Delivery>))
)]
async fn list_deliveries(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target)): Path<(Name, Name)>,
    Listing { page, filter }: Listing<DeliveryQuery>,
) -> Result<Json<Timed<Page<Delivery>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        deliveries(tx, tenant.as_str(), target.as_str(), filter.state, &page)
    });
    Ok(Json(Timed(found.await?)))
}

/// The attempts of a delivery, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/targets/{target}/deliveries/{number}/attempts",
    operation_id = "list_delivery_attempts",
    security(("token" = ["read"])), params(PageRequest), responses((status = 200, body = Page<Attempt>))
)]
async fn list_delivery_attempts(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target, number)): Path<(Name, Name, i64)>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Attempt>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        attempts(tx, tenant.as_str(), target.as_str(), Some(number), &page)
    });
    Ok(Json(Timed(found.await?)))
}

/// Delivers once more.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/targets/{target}/deliveries/{number}/redeliver", operation_id = "redeliver",
    security(("token" = ["write"])),
    responses((status = 200, body = Redelivered))
)]
async fn again(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target, number)): Path<(Name, Name, i64)>,
) -> Result<Json<Redelivered>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let entry = caller.entry(&tenant, "target.redeliver", format!("{target} {number}"));
    api.change(entry, &tenant, move |tx, tenant, _| {
        redeliver(tx, tenant.as_str(), target.as_str(), number)
    })
    .await?;
    Ok(Json(Redelivered { deliveries: 1 }))
}

/// Delivers once more all that was given up.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/targets/{target}/redeliver", operation_id = "redeliver_dead",
    security(("token" = ["write"])),
    responses((status = 200, body = Redelivered))
)]
async fn all_again(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, target)): Path<(Name, Name)>,
) -> Result<Json<Redelivered>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let entry = caller.entry(&tenant, "target.redeliver", target.as_str());
    let deliveries = api.change(entry, &tenant, move |tx, tenant, _| {
        redeliver_dead(tx, tenant.as_str(), target.as_str())
    });
    let deliveries = deliveries.await?;
    Ok(Json(Redelivered { deliveries }))
}
