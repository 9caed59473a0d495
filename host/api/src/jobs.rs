//! Jobs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use tenon_metadata::{LONGEST_PAGE, Name, Page, PageRequest};
use tenon_runs::{Job, JobInput, JobVersion, jobs};
use tenon_tenants::{Scope, quotas, secrets};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::Body;
use crate::caller::{Caller, Conditions, Expected, expected_version};
use crate::error::Error;
use crate::listing::Listing;
use crate::{Api, Problem, definition};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, get, delete))
        .routes(routes!(versions))
}

/// A tenant's jobs, by name.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/jobs", operation_id = "list_jobs",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<Job>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<Job>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| jobs::list(tx, tenant, &page))
            .await?,
    ))
}

/// Makes a job, or changes it. With `If-Match` only if nobody else has changed it since.
#[utoipa::path(
    put, path = "/v1/tenants/{tenant}/jobs/{job}", operation_id = "put_job",
    security(("token" = ["write"])), params(Conditions),
    request_body = JobInput,
    responses((status = 200, body = Job))
)]
async fn put(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
    headers: HeaderMap,
    Body(input): Body<JobInput>,
) -> Result<Versioned<Job>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = Expected::of(&headers)?;
    let known = secret_names(&api, &tenant).await?;
    // Before the transaction: reading a large job takes a while.
    let checked = definition::check(job.as_str(), &input, known);
    let entry = caller.entry(&tenant, "job.put", job.as_str());
    let changed = api.change(entry, &tenant, move |tx, tenant, entry| {
        expected.there(|| jobs::get(tx, tenant, &job))?;
        let before = match jobs::get(tx, tenant, &job) {
            Ok(job) => Some(job.version),
            Err(tenon_runs::Error::UnknownJob { .. }) => {
                let (limit, count) = (quotas::of(tx, tenant)?.jobs, jobs::count(tx, tenant)?);
                quotas::check(tenant, "jobs", limit.into(), count + 1)?;
                None
            }
            Err(error) => return Err(error.into()),
        };
        let changed = jobs::put(tx, tenant, &job, &input, expected.version(), |_| checked.clone())?;
        *entry = entry.clone().change(&before, &changed.version);
        Ok::<_, Error>(changed)
    });
    let changed = changed.await?;
    Ok(Versioned::tagged(changed.etag(), changed))
}

/// A job.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/jobs/{job}", operation_id = "get_job",
    security(("token" = ["read"])),
    responses((status = 200, body = Job))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
) -> Result<Versioned<Job>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| jobs::get(tx, tenant, &job)).await?;
    Ok(Versioned::tagged(found.etag(), found))
}

/// Removes a job, with its bookmarks. Its runs stay.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/jobs/{job}", operation_id = "delete_job",
    security(("token" = ["write"])), params(Conditions),
    responses((status = 204))
)]
async fn delete(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let expected = expected_version(&headers)?;
    let entry = caller.entry(&tenant, "job.delete", job.as_str());
    api.change(entry, &tenant, move |tx, tenant, _| {
        jobs::delete(tx, tenant, &job, expected)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The versions of a job, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/jobs/{job}/versions", operation_id = "list_job_versions",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<JobVersion>))
)]
async fn versions(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, job)): Path<(Name, Name)>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<JobVersion>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| jobs::versions(tx, tenant, &job, &page));
    Ok(Json(found.await?))
}

/// The secrets that a job may refer to, for checking one.
async fn secret_names(api: &Api, tenant: &Name) -> Result<Vec<String>, Problem> {
    let names = api.look(tenant, |tx, tenant| {
        let mut names = Vec::new();
        let mut page = PageRequest {
            limit: LONGEST_PAGE,
            after: None,
        };
        loop {
            let found = secrets::list(tx, tenant, &page)?;
            names.extend(found.items.into_iter().map(|secret| secret.name.to_string()));
            match found.next {
                Some(next) => page.after = Some(next),
                None => return Ok::<_, Error>(names),
            }
        }
    });
    names.await
}
