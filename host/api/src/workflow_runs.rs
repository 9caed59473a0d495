//! Runs of workflows.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tenon_metadata::Name;
use tenon_tenants::Scope;
use tenon_workflows::{Error, Picture, RunDetail};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::{Body, MaybeBody};
use crate::caller::{Caller, idempotency_key};
use crate::picture::{self, Drawn};
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(stop))
        .routes(routes!(resume))
        .routes(routes!(restart))
        .routes(routes!(drawn))
        .routes(routes!(properties))
        .routes(routes!(put_property, remove_property))
}

/// From where a run of a workflow is resumed.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ResumeNodes {
    /// These nodes and what comes after them; by default those that failed or were stopped.
    nodes: Vec<Name>,
}

/// A run property.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Property {
    /// Its value, at most 16 KiB.
    value: String,
}

/// A run of a workflow, with its nodes.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflow-runs/{run}", operation_id = "get_workflow_run",
    security(("token" = ["read"])),
    responses((status = 200, body = RunDetail))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
) -> Result<Json<RunDetail>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| tenon_workflows::get_run(tx, tenant, &run))
            .await?,
    ))
}

/// Asks a run of a workflow to stop.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/workflow-runs/{run}/stop", operation_id = "stop_workflow_run",
    security(("token" = ["run"])),
    responses((status = 200, body = RunDetail))
)]
async fn stop(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
) -> Result<Json<RunDetail>, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "workflow_run.stop", run.as_str());
    let stopped = api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_workflows::stop(tx, tenant, &run)?;
        tenon_workflows::get_run(tx, tenant, &run)
    });
    Ok(Json(stopped.await?))
}

/// Runs nodes of a run that has ended again, and what comes after them.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/workflow-runs/{run}/resume", operation_id = "resume_workflow_run",
    security(("token" = ["run"])),
    request_body = Option<ResumeNodes>, responses((status = 200, body = RunDetail))
)]
async fn resume(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    MaybeBody(input): MaybeBody<ResumeNodes>,
) -> Result<Json<RunDetail>, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "workflow_run.resume", run.as_str());
    let resumed = api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_workflows::resume(tx, tenant, &run, &input.nodes)?;
        tenon_workflows::get_run(tx, tenant, &run)
    });
    Ok(Json(resumed.await?))
}

/// Starts another run of the same workflow with the same properties.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/workflow-runs/{run}/restart", operation_id = "restart_workflow_run",
    security(("token" = ["run"])), params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 bytes.")),
    responses((status = 201, body = RunDetail), (status = 200, body = RunDetail))
)]
async fn restart(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<RunDetail>), Problem> {
    caller.may(&tenant, Scope::Run)?;
    let key = idempotency_key(&headers)?;
    let entry = caller.entry(&tenant, "workflow_run.restart", run.as_str());
    let started = api.change(entry, &tenant, move |tx, tenant, entry| {
        let started = tenon_workflows::restart(tx, tenant, &run, key.clone())?;
        entry.details = serde_json::json!({ "run": started.id, "fresh": started.fresh });
        let status = if started.fresh {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let run = tenon_workflows::get_run(tx, tenant, &started.id)?;
        Ok::<_, Error>((status, Json(run)))
    });
    started.await
}

/// A picture of a run, with the states of its nodes, as SVG or text: what `Accept` or `format` asks for.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflow-runs/{run}/picture", operation_id = "draw_workflow_run",
    security(("token" = ["read"])), params(Drawn),
    responses((status = 200, content((String = "image/svg+xml"), (String = "text/plain"))))
)]
async fn drawn(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    Query(drawn): Query<Drawn>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        let detail = tenon_workflows::get_run(tx, tenant, &run)?;
        let version = Some(detail.run.version);
        let workflow = tenon_workflows::get(tx, tenant, &detail.run.workflow, version)?;
        Ok::<_, Error>(Picture::of_run(&workflow.definition, &detail))
    });
    Ok(picture::answer(&found.await?, &drawn, &headers))
}

/// The properties of a run.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflow-runs/{run}/properties", operation_id = "list_properties",
    security(("token" = ["read"])),
    responses((status = 200, body = BTreeMap<String, String>))
)]
async fn properties(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
) -> Result<Json<BTreeMap<Name, String>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| tenon_workflows::properties(tx, tenant, &run))
            .await?,
    ))
}

/// Sets a property of a run.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/workflow-runs/{run}/properties/{property}", operation_id = "put_property",
    security(("token" = ["run"])),
    request_body = Property, responses((status = 200, body = Property))
)]
async fn put_property(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run, property)): Path<(Name, String, Name)>,
    Body(input): Body<Property>,
) -> Result<Json<Property>, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "workflow_run.property.put", format!("{run} {property}"));
    let changed = api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_workflows::put_property(tx, tenant, &run, &property, &input.value)?;
        Ok::<_, Error>(input.clone())
    });
    Ok(Json(changed.await?))
}

/// Removes a property of a run.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/workflow-runs/{run}/properties/{property}", operation_id = "delete_property",
    security(("token" = ["run"])),
    responses((status = 204))
)]
async fn remove_property(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run, property)): Path<(Name, String, Name)>,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "workflow_run.property.delete", format!("{run} {property}"));
    api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_workflows::remove_property(tx, tenant, &run, &property)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
