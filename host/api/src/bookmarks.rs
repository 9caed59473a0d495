//! What jobs know of their sources.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenon_metadata::Name;
use tenon_runs::{Bookmark, jobs};
use tenon_tenants::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Body;
use crate::caller::Caller;
use crate::error::Error;
use crate::{Api, Problem};

/// Bookmarks of a source that are kept, at most.
const HISTORY: u32 = 100;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, reset))
        .routes(routes!(history))
        .routes(routes!(rewind))
        .routes(routes!(clear))
}

/// Which bookmarks are to be reset.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// Only of this source.
    source: Option<String>,
}

/// To where a job is to go back.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rewind {
    /// To right after this run, which succeeded.
    run: String,
}

/// Sources of a job.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Sources {
    /// Those whose bookmarks were changed.
    sources: Vec<String>,
}

/// How far a job has read each of its sources.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/jobs/{job}/bookmarks", operation_id = "list_bookmarks",
    security(("token" = ["read"])),
    responses((status = 200, body = BTreeMap<String, Bookmark>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
) -> Result<Json<BTreeMap<String, Bookmark>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        jobs::get(tx, tenant, &job)?;
        tenon_runs::bookmarks(tx, tenant, &job)
    });
    Ok(Json(found.await?))
}

/// Has a job begin again from the start of its sources.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/jobs/{job}/bookmarks", operation_id = "reset_bookmarks",
    security(("token" = ["write"])), params(Reset),
    responses((status = 204))
)]
async fn reset(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
    Query(Reset { source }): Query<Reset>,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let entry = caller.entry(&tenant, "bookmark.reset", job.as_str());
    api.change(entry, &tenant, move |tx, tenant, entry| {
        jobs::get(tx, tenant, &job)?;
        entry.details = json!({ "sources": tenon_runs::bookmark_reset(tx, tenant, &job, source.as_deref())? });
        Ok::<_, Error>(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Earlier bookmarks of a source, the latest first. One that is null was reset.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/jobs/{job}/bookmarks/{source}/history", operation_id = "list_bookmark_history",
    security(("token" = ["read"])),
    responses((status = 200, body = [Option<Bookmark>]))
)]
async fn history(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job, source)): Path<(Name, Name, String)>,
) -> Result<Json<Vec<Option<Bookmark>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        jobs::get(tx, tenant, &job)?;
        tenon_runs::bookmark_history(tx, tenant, &job, &source, HISTORY)
    });
    Ok(Json(found.await?))
}

/// Has a job go on from where a run of it ended.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/jobs/{job}/bookmarks/rewind", operation_id = "rewind_bookmarks",
    security(("token" = ["write"])),
    request_body = Rewind, responses((status = 200, body = Sources))
)]
async fn rewind(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
    Body(Rewind { run }): Body<Rewind>,
) -> Result<Json<Sources>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let entry = caller.entry(&tenant, "bookmark.rewind", job.as_str());
    let sources = api.change(entry, &tenant, move |tx, tenant, entry| {
        jobs::get(tx, tenant, &job)?;
        let sources = tenon_runs::bookmark_rewind(tx, tenant, &job, &run)?;
        entry.details = json!({ "run": run, "sources": sources });
        Ok::<_, Error>(sources)
    });
    Ok(Json(Sources {
        sources: sources.await?,
    }))
}

/// Clears what a job's plugins keep between runs.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/jobs/{job}/state", operation_id = "clear_state",
    security(("token" = ["write"])),
    responses((status = 204))
)]
async fn clear(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let entry = caller.entry(&tenant, "state.clear", job.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        jobs::get(tx, tenant, &job)?;
        tenon_runs::state_clear(tx, tenant, &job)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
