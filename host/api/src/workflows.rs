//! Workflows.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use tenon_workflows::{
    Definition, Error, Filter, Listed, Picture, RunDetail, RunState, StartRequest, Workflow, WorkflowRun,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::{Body, MaybeBody};
use crate::caller::{Caller, Conditions, Expected, expected_version, idempotency_key};
use crate::listing::Listing;
use crate::picture::{self, Drawn};
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, get, delete))
        .routes(routes!(versions))
        .routes(routes!(drawn))
        .routes(routes!(start, runs))
}

/// How a workflow is to be started.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StartWorkflow {
    /// Run properties over the workflow's own.
    properties: BTreeMap<Name, String>,
}

/// Which version of a workflow.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfVersion {
    /// This version rather than the latest.
    version: Option<i64>,
}

/// Which runs of a workflow.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct InState {
    /// Only in this state.
    #[param(inline)]
    state: Option<RunState>,
}

/// A tenant's workflows, by name.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflows", operation_id = "list_workflows",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<Listed>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<Listed>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| tenon_workflows::list(tx, tenant, &page))
            .await?,
    ))
}

/// Makes a workflow, or another version of it.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/workflows/{workflow}", operation_id = "put_workflow",
    security(("token" = ["write"])), params(Conditions),
    request_body = Definition,
    responses((status = 200, body = Workflow))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<Definition>,
) -> Result<Versioned<Workflow>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    if input.name != workflow {
        let detail = format!(
            "the path names the workflow `{workflow}`, and its definition `{}`",
            input.name
        );
        return Err(Problem::invalid(detail));
    }
    let entry = caller.entry(&tenant, "workflow.put", workflow.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        expected.there(|| tenon_workflows::get(tx, tenant, &workflow, None))?;
        let before = match tenon_workflows::get(tx, tenant, &workflow, None) {
            Ok(workflow) => Some(workflow.version),
            Err(Error::UnknownWorkflow { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let changed = tenon_workflows::put(tx, tenant, &input, expected.version())?;
        *entry = entry.clone().change(&before, &changed.version);
        Ok::<_, crate::error::Error>(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::new(changed.version, changed))
}

/// A workflow.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflows/{workflow}", operation_id = "get_workflow",
    security(("token" = ["read"])), params(OfVersion),
    responses((status = 200, body = Workflow))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    Query(OfVersion { version }): Query<OfVersion>,
) -> Result<Versioned<Workflow>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api
        .look(&tenant, move |tx, tenant| {
            tenon_workflows::get(tx, tenant, &workflow, version)
        })
        .await?;
    Ok(Versioned::new(found.version, found))
}

/// Removes a workflow. Its runs stay.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/workflows/{workflow}", operation_id = "delete_workflow",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "workflow.delete", workflow.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_workflows::remove(tx, tenant, &workflow, expected)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The versions of a workflow, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflows/{workflow}/versions", operation_id = "list_workflow_versions",
    security(("token" = ["read"])), params(PageRequest), responses((status = 200, body = Page<Workflow>))
)]
async fn versions(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<Workflow>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_workflows::versions(tx, tenant, &workflow, &page)
    });
    Ok(Json(found.await?))
}

/// A picture of a workflow, as SVG or text: what `Accept` or `format` asks for.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflows/{workflow}/picture", operation_id = "draw_workflow",
    security(("token" = ["read"])), params(Drawn),
    responses((status = 200, content((String = "image/svg+xml"), (String = "text/plain"))))
)]
async fn drawn(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    Query(drawn): Query<Drawn>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api
        .look(&tenant, move |tx, tenant| {
            tenon_workflows::get(tx, tenant, &workflow, None)
        })
        .await?;
    Ok(picture::answer(&Picture::of(&found.definition), &drawn, &headers))
}

/// Starts a run of a workflow. The same request with the same `Idempotency-Key` is answered with the run that there is,
/// and 200.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/workflows/{workflow}/runs", operation_id = "start_workflow",
    security(("token" = ["run"])),
    request_body = Option<StartWorkflow>,
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 bytes.")),
    responses((status = 201, body = RunDetail), (status = 200, body = RunDetail))
)]
async fn start(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    headers: HeaderMap,
    MaybeBody(input): MaybeBody<StartWorkflow>,
) -> Result<(StatusCode, Json<RunDetail>), Problem> {
    caller.may(&tenant, Scope::Run)?;
    let entry = caller.entry(&tenant, "workflow.start", workflow.as_str());
    let request = StartRequest {
        properties: input.properties,
        idempotency_key: idempotency_key(&headers)?,
        ..StartRequest::new(tenant.clone(), workflow)
    };
    let started = api.change(entry, &tenant, move |tx, tenant, entry| {
        let started = tenon_workflows::start(tx, &request)?;
        entry.details = serde_json::json!({ "run": started.id, "fresh": started.fresh });
        let run = tenon_workflows::get_run(tx, tenant, &started.id)?;
        let status = if started.fresh {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok::<_, Error>((status, Json(run)))
    });
    started.await
}

/// The runs of a workflow, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/workflows/{workflow}/runs", operation_id = "list_workflow_runs",
    security(("token" = ["read"])), params(InState, PageRequest), responses((status = 200, body = Page<WorkflowRun>))
)]
async fn runs(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, workflow)): Path<(Name, Name)>,
    Listing { page, filter }: Listing<InState>,
) -> Result<Json<Page<WorkflowRun>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let filter = Filter {
        workflow: Some(workflow),
        state: filter.state,
    };
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_workflows::list_runs(tx, tenant, &filter, &page)
    });
    Ok(Json(found.await?))
}
