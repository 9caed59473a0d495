//! Runs of jobs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenon_metadata::{Name, Page, PageRequest, Transaction};
use tenon_runs::{Attempt, Request, Run, RunFilter, State as RunState, runs};
use tenon_tenants::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::MaybeBody;
use crate::caller::{Caller, idempotency_key};
use crate::error::Error;
use crate::listing::Listing;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(attempts))
        .routes(routes!(stop))
        .routes(routes!(rerun))
        .routes(routes!(resume))
}

/// How a run is to be started.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StartRun {
    /// Values for the job's parameters.
    arguments: Map<String, Value>,
    /// Not before this time.
    not_before: Option<DateTime<Utc>>,
}

/// Why a run is to stop.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StopRun {
    /// For whoever looks at the run later.
    reason: String,
}

/// The state of a run.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RunStands {
    /// Where it stands now.
    state: RunState,
}

/// Starts a run of a job: it is in the queue once this is answered, with 201. The same request with the same
/// `Idempotency-Key` is answered with the run that there is, and 200.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/jobs/{job}/runs", operation_id = "start_run",
    security(("token" = ["run"])),
    request_body = Option<StartRun>,
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 bytes.")),
    responses((status = 201, body = Run), (status = 200, body = Run))
)]
async fn start(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
    headers: HeaderMap,
    MaybeBody(input): MaybeBody<StartRun>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    caller.may(&tenant, Scope::Run)?;
    let request = Request {
        arguments: input.arguments,
        idempotency_key: idempotency_key(&headers)?,
        not_before: input.not_before.map(|time| time.timestamp_micros()),
        ..Request::new(tenant.clone(), job.clone())
    };
    let entry = caller.entry(&tenant, "run.start", job.as_str());
    let started = api.change(entry, &tenant, move |tx, tenant, entry| {
        let submitted = tenon_runs::submit(tx, &request)?;
        entry.details = serde_json::json!({ "run": submitted.id, "fresh": submitted.fresh });
        made(tx, tenant, &submitted)
    });
    let started = started.await?;
    // Whoever follows the request finds the run that it began.
    tracing::Span::current().record("run", started.1.id.as_str());
    Ok(started)
}

/// A tenant's runs, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/runs", operation_id = "list_runs",
    security(("token" = ["read"])),
    params(
        ("job" = Option<Name>, Query, description = "Only of this job."),
        ("state" = Option<RunState>, Query, description = "Only in this state."),
        ("trigger" = Option<Name>, Query, description = "Only started by this trigger."),
        ("workflow_run" = Option<String>, Query, description = "Only of this run of a workflow."),
        ("since" = Option<DateTime<Utc>>, Query, description = "Only made at this time or later."),
        ("until" = Option<DateTime<Utc>>, Query, description = "Only made before this time."),
        PageRequest
    ),
    responses((status = 200, body = Page<Run>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, filter }: Listing<RunFilter>,
) -> Result<Json<Page<Run>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| runs::list(tx, tenant, &filter, &page));
    Ok(Json(found.await?))
}

/// A run.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/runs/{run}", operation_id = "get_run",
    security(("token" = ["read"])),
    responses((status = 200, body = Run))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
) -> Result<Json<Run>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| runs::get(tx, tenant, &run)).await?,
    ))
}

/// The attempts of a run, the first first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/runs/{run}/attempts", operation_id = "list_attempts",
    security(("token" = ["read"])),
    responses((status = 200, body = [Attempt]))
)]
async fn attempts(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
) -> Result<Json<Vec<Attempt>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| runs::attempts(tx, tenant, &run));
    Ok(Json(found.await?))
}

/// Asks a run to stop. One that is at work is STOPPING first.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/runs/{run}/stop", operation_id = "stop_run",
    security(("token" = ["run"])),
    request_body = Option<StopRun>,
    responses((status = 200, body = RunStands))
)]
async fn stop(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    MaybeBody(input): MaybeBody<StopRun>,
) -> Result<Json<RunStands>, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "run.stop", run.as_str());
    let stopped = api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_runs::request_stop(tx, tenant, &run, &input.reason)
    });
    Ok(Json(RunStands { state: stopped.await? }))
}

/// Starts a run of the same job with the same arguments as one that has ended.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/runs/{run}/rerun", operation_id = "rerun_run",
    security(("token" = ["run"])), params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 bytes.")),
    responses((status = 201, body = Run), (status = 200, body = Run))
)]
async fn rerun(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Run>), Problem> {
    caller.may(&tenant, Scope::Run)?;
    let key = idempotency_key(&headers)?;
    let entry = caller.entry(&tenant, "run.rerun", run.as_str());
    let started = api.change(entry, &tenant, move |tx, tenant, entry| {
        let submitted = tenon_runs::rerun(tx, tenant, &run, key.clone())?;
        entry.details = serde_json::json!({ "run": submitted.id, "fresh": submitted.fresh });
        made(tx, tenant, &submitted)
    });
    started.await
}

/// Puts a run that did not succeed into the queue again, as another attempt.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/runs/{run}/resume", operation_id = "resume_run",
    security(("token" = ["run"])),
    responses((status = 200, body = Run))
)]
async fn resume(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
) -> Result<Json<Run>, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "run.resume", run.as_str());
    let resumed = api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_runs::resume(tx, tenant, &run)?;
        runs::get(tx, tenant, &run)
    });
    Ok(Json(resumed.await?))
}

fn made(
    tx: &mut Transaction<'_>,
    tenant: &Name,
    submitted: &tenon_runs::Submitted,
) -> Result<(StatusCode, Json<Run>), Error> {
    let status = if submitted.fresh {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(runs::get(tx, tenant, &submitted.id)?)))
}
