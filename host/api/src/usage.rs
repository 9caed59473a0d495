//! What was used, and what it costs.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use chrono::{DateTime, Datelike, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Transaction};
use tenon_tenants::usage::{GroupBy, MOST_LINES, ReportRequest, report};
use tenon_tenants::{Cost, PricedLine, Scope};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::Body;
use crate::caller::{Caller, Conditions, expected_version};
use crate::error::Error;
use crate::prices::{self, Prices};
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(of_tenant))
        .routes(routes!(of_all))
        .routes(routes!(get_prices, put_prices))
}

/// Which usage is asked for.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageQuery {
    /// From the day (UTC) of this time; by default from the first of this month.
    from: Option<DateTime<Utc>>,
    /// To the day (UTC) of this time, which is part of it; by default today.
    to: Option<DateTime<Utc>>,
    /// By what it is summed up; by tenant by default.
    #[serde(default)]
    #[param(required = false, inline)]
    group_by: GroupBy,
}

/// What was used in some days.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Bill {
    /// In the first of these days.
    #[schema(format = DateTime)]
    from: String,
    /// In the last of these days.
    #[schema(format = DateTime)]
    to: String,
    /// What was used, and what each costs.
    lines: Vec<PricedLine>,
    /// What all costs.
    total: Cost,
}

/// What a tenant has used, and what it costs.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/usage", operation_id = "get_usage",
    security(("token" = ["read"])), params(UsageQuery),
    responses((status = 200, body = Bill))
)]
async fn of_tenant(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Bill>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let bill = api.look(&tenant, move |tx, tenant| bill(tx, Some(tenant), &query));
    Ok(Json(bill.await?))
}

/// What all tenants have used, and what it costs. The operator's.
#[utoipa::path(
    get, path = "/v1/usage", operation_id = "get_all_usage",
    security(("token" = ["server"])), params(UsageQuery),
    responses((status = 200, body = Bill))
)]
async fn of_all(
    caller: Caller,
    State(api): State<Api>,
    Query(query): Query<UsageQuery>,
) -> Result<Json<Bill>, Problem> {
    caller.operates()?;
    Ok(Json(api.metadata.read(move |tx| bill(tx, None, &query)).await?))
}

/// What things cost.
#[utoipa::path(
    get, path = "/v1/prices", operation_id = "get_prices",
    security(("token" = ["server"])),
    responses((status = 200, body = Prices))
)]
async fn get_prices(caller: Caller, State(api): State<Api>) -> Result<Versioned<Prices>, Problem> {
    caller.operates()?;
    let (version, prices) = api.metadata.read(prices::get).await?;
    Ok(Versioned::new(version, prices))
}

/// Says what things cost, also for what was used before. The operator's.
#[utoipa::path(
    put, path = "/v1/prices", operation_id = "put_prices",
    security(("token" = ["server"])), params(Conditions),
    request_body = Prices,
    responses((status = 200, body = Prices))
)]
async fn put_prices(
    caller: Caller,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(input): Body<Prices>,
) -> Result<Versioned<Prices>, Problem> {
    caller.operates()?;
    let expected = expected_version(&headers)?;
    let entry = caller.server_entry("prices.put", "prices");
    let changed = api.change_server(entry, move |tx, entry| {
        let (_, before) = prices::get(tx)?;
        *entry = entry.clone().change(&before, &input);
        Ok::<_, Error>((prices::put(tx, &input, expected)?, input.clone()))
    });
    let (version, prices) = changed.await?;
    Ok(Versioned::new(version, prices))
}

fn bill(tx: &mut Transaction<'_>, tenant: Option<&Name>, query: &UsageQuery) -> Result<Bill, Error> {
    let now = DateTime::from_timestamp_micros(tx.now()).unwrap_or_default();
    let first = Utc
        .with_ymd_and_hms(now.year(), now.month(), 1, 0, 0, 0)
        .single()
        .unwrap_or(now);
    let (from, to) = (query.from.unwrap_or(first), query.to.unwrap_or(now));
    let request = ReportRequest {
        tenant: tenant.cloned(),
        from: from.timestamp_micros(),
        to: to.timestamp_micros(),
        by: query.group_by,
    };
    let lines = report(tx, &request)?;
    if lines.len() > MOST_LINES {
        let reason = format!("that are more than the {MOST_LINES} lines that may be: ask for fewer days");
        return Err(Error::Field { field: "from", reason });
    }
    let (_, Prices(prices)) = prices::get(tx)?;
    let (lines, total) = prices.bill(lines);
    let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    Ok(Bill {
        from: text(from),
        to: text(to),
        lines,
        total,
    })
}
