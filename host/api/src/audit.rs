//! Who changed what.

use axum::Json;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use tenon_tenants::audit::{self, AuditFilter, Head, Recorded};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(of_tenant))
        .routes(routes!(of_all))
        .routes(routes!(verify))
}

/// Which entries.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// Not before this time.
    since: Option<DateTime<Utc>>,
    /// Before this time.
    until: Option<DateTime<Utc>>,
}

/// An end of the log that was noted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Noted {
    /// The number of the last entry then.
    number: Option<i64>,
    /// Its hash.
    hash: Option<String>,
}

/// Whether the log is what it was.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Verified {
    /// Whether it is.
    ok: bool,
    /// How many entries were looked at, if it is.
    entries: Option<u64>,
    /// What is wrong, with the first entry that is.
    error: Option<String>,
    /// Its end, to be noted elsewhere.
    head: Head,
}

/// What was changed of a tenant, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/audit", operation_id = "list_audit",
    security(("token" = ["admin"])), params(AuditQuery, PageRequest),
    responses((status = 200, body = Page<Recorded>))
)]
async fn of_tenant(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, filter }: Listing<AuditQuery>,
) -> Result<Json<Timed<Page<Recorded>>>, Problem> {
    caller.may(&tenant, Scope::Admin)?;
    listed(&api, Some(tenant), page, &filter).await
}

/// What was changed on the server, the latest first. The operator's.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "list_all_audit",
    security(("token" = ["server"])), params(AuditQuery, PageRequest),
    responses((status = 200, body = Page<Recorded>))
)]
async fn of_all(
    caller: Caller,
    State(api): State<Api>,
    Listing { page, filter }: Listing<AuditQuery>,
) -> Result<Json<Timed<Page<Recorded>>>, Problem> {
    caller.operates()?;
    listed(&api, None, page, &filter).await
}

/// Looks through the whole log for entries that were changed, put in or taken out. The operator's.
#[utoipa::path(
    get, path = "/v1/audit/verify", operation_id = "verify_audit",
    security(("token" = ["server"])), params(Noted),
    responses((status = 200, body = Verified))
)]
async fn verify(caller: Caller, State(api): State<Api>, Query(noted): Query<Noted>) -> Result<Json<Verified>, Problem> {
    caller.operates()?;
    let known = match (noted.number, noted.hash) {
        (Some(number), Some(hash)) => Some(Head { number, hash }),
        (None, None) => None,
        _ => return Err(Problem::invalid("`number` and `hash` belong together")),
    };
    let verified = api.metadata.read(move |tx| {
        let verified = match audit::verify(tx, known.as_ref()) {
            Ok(entries) => Ok(entries),
            Err(error @ tenon_tenants::Error::AuditBroken { .. }) => Err(error.to_string()),
            Err(error) => return Err(error),
        };
        Ok((verified, audit::head(tx)?))
    });
    let (verified, head) = verified.await?;
    Ok(Json(Verified {
        ok: verified.is_ok(),
        entries: verified.as_ref().ok().copied(),
        error: verified.err(),
        head,
    }))
}

async fn listed(
    api: &Api,
    tenant: Option<Name>,
    page: PageRequest,
    query: &AuditQuery,
) -> Result<Json<Timed<Page<Recorded>>>, Problem> {
    let filter = AuditFilter {
        tenant,
        since: query.since.map(|time| time.timestamp_micros()),
        until: query.until.map(|time| time.timestamp_micros()),
    };
    Ok(Json(Timed(
        api.metadata.read(move |tx| audit::list(tx, &filter, &page)).await?,
    )))
}
