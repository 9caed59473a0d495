//! Plugins and their versions.

use axum::Json;
use axum::body::Body as Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::{Scope, quotas};
use tenon_versions::{Alias, Digest, Move, Promote, Push, Pushed, Store, Version, VersionState};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::caller::Caller;
use crate::error::Error;
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem};

/// Path of uploads, which may take longer than other requests.
pub(crate) const UPLOAD: &str = "/v1/tenants/{tenant}/plugins/{plugin}/versions";
/// The header with the digest of what is uploaded.
const DIGEST: &str = "x-tenon-digest";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(upload, versions))
        .routes(routes!(version, retire))
        .routes(routes!(history))
}

/// A plugin.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PluginInfo {
    /// Its name.
    name: String,
    /// Its aliases, and the versions that they point to.
    aliases: Vec<Alias>,
}

/// What is to be done with an upload.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadQuery {
    /// The alias that is to point to it at once, if it passes the check: `stable`.
    alias: Option<Name>,
    /// What people call the version: `1.4.2`.
    label: Option<String>,
}

/// A tenant's plugins, by name.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/plugins", operation_id = "list_plugins",
    security(("token" = ["read"])), params(PageRequest),
    responses((status = 200, body = Page<String>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Page<String>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    Ok(Json(
        api.look(&tenant, move |tx, tenant| tenon_versions::plugins(tx, tenant, &page))
            .await?,
    ))
}

/// A plugin, with its aliases.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/plugins/{plugin}", operation_id = "get_plugin",
    security(("token" = ["read"])),
    responses((status = 200, body = PluginInfo))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin)): Path<(Name, Name)>,
) -> Result<Json<Timed<PluginInfo>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        // It is there if it has versions.
        tenon_versions::versions(tx, tenant, &plugin, &PageRequest { limit: 1, after: None })?;
        let aliases = tenon_versions::aliases(tx, tenant, &plugin)?;
        let name = plugin.to_string();
        Ok::<_, Error>(PluginInfo { name, aliases })
    });
    Ok(Json(Timed(found.await?)))
}

/// Uploads a version of a plugin: a component, or a script if the plugin's name ends like one. It is compiled and checked
/// before this is answered, with 201 if it is new; of a script, its interpreter says whether it can be parsed. The same
/// bytes are the same version.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/plugins/{plugin}/versions", operation_id = "upload_plugin",
    security(("token" = ["write"])),
    params(
        UploadQuery,
        ("X-Tenon-Digest" = Option<String>, Header, description = "The SHA-256 of the bytes, in hexadecimal.")
    ),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 201, body = Version), (status = 200, body = Version))
)]
async fn upload(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin)): Path<(Name, Name)>,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Versioned<Timed<Version>>, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let store = api
        .backend
        .plugins()
        .ok_or_else(|| Problem::of(tenon_metadata::ErrorKind::Unavailable, NO_STORE))?;
    let push = Push {
        most_bytes: Some(api.look(&tenant, quotas::of).await?.plugin_bytes),
        tenant: tenant.clone(),
        plugin: plugin.clone(),
        label: query.label,
        by: caller.principal.token_name.clone(),
        digest: announced(&headers)?,
    };
    let pushed = received(&api, &store, &push, body, &headers).await?;
    let (entry, is_new) = (caller.entry(&tenant, "plugin.upload", plugin.as_str()), pushed.is_new);
    let checked = if pushed.version.state == VersionState::Ready {
        None
    } else {
        let bytes = store.read(&pushed.version.digest).await?;
        Some(api.backend.check_plugin(plugin.as_str(), bytes).await)
    };
    let (number, by, name) = (pushed.version.version, push.by, plugin.clone());
    let done = api.change(entry, &tenant, move |tx, tenant, entry| {
        let version = match &checked {
            None => tenon_versions::version(tx, tenant, &name, number)?,
            Some(Ok(facts)) => tenon_versions::ready(tx, tenant, &name, number, facts)?,
            Some(Err(reason)) => tenon_versions::refuse(tx, tenant, &name, number, reason)?,
        };
        entry.details =
            json!({ "version": number, "digest": version.digest, "state": version.state, "alias": query.alias });
        if let Some(alias) = query.alias.clone().filter(|_| version.state == VersionState::Ready) {
            let promote = Promote {
                alias,
                version: number,
                by: by.clone(),
                reason: "uploaded".to_owned(),
                if_revision: None,
            };
            tenon_versions::promote(tx, tenant, &name, &promote)?;
        }
        Ok::<_, Error>((
            version,
            checked.as_ref().and_then(|checked| checked.as_ref().err().cloned()),
        ))
    });
    let (version, refused) = done.await?;
    if let Some(reason) = refused {
        let detail = format!("version {number} of the plugin `{plugin}` is refused: {reason}");
        return Err(Problem::invalid(detail));
    }
    api.backend.plugin_changed(&tenant, &plugin).await;
    Ok(Versioned::new(version.version, Timed(version)).created(is_new))
}

const NO_STORE: &str = "the server takes no plugins now";

/// The bytes, as they come in, on the disk.
async fn received(api: &Api, store: &Store, push: &Push, body: Bytes, headers: &HeaderMap) -> Result<Pushed, Problem> {
    let limit = api.settings.plugin as u64;
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(tenon_versions::Error::TooLarge { limit }.into());
    }
    let mut upload = store.begin(limit).await?;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid",
                format!("the upload ended before its end: {error}"),
            )
        })?;
        upload.write(&chunk).await?;
    }
    Ok(store.push(upload, push).await?)
}

fn announced(headers: &HeaderMap) -> Result<Option<Digest>, Problem> {
    let Some(digest) = headers.get(DIGEST) else {
        return Ok(None);
    };
    let digest = digest.to_str().unwrap_or_default();
    let digest: Digest = digest.strip_prefix("sha256:").unwrap_or(digest).parse()?;
    Ok(Some(digest))
}

/// The versions of a plugin, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/plugins/{plugin}/versions", operation_id = "list_plugin_versions",
    security(("token" = ["read"])), params(PageRequest), responses((status = 200, body = Page<Version>))
)]
async fn versions(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin)): Path<(Name, Name)>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Version>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_versions::versions(tx, tenant, &plugin, &page)
    });
    Ok(Json(Timed(found.await?)))
}

/// A version of a plugin.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/plugins/{plugin}/versions/{version}", operation_id = "get_plugin_version",
    security(("token" = ["read"])),
    responses((status = 200, body = Version))
)]
async fn version(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin, number)): Path<(Name, Name, i64)>,
) -> Result<Json<Timed<Version>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_versions::version(tx, tenant, &plugin, number)
    });
    Ok(Json(Timed(found.await?)))
}

/// Retires a version, to which no alias may point: no run takes it any more.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/plugins/{plugin}/versions/{version}", operation_id = "retire_plugin_version",
    security(("token" = ["write"])),
    responses((status = 204))
)]
async fn retire(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin, number)): Path<(Name, Name, i64)>,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Write)?;
    let entry = caller.entry(&tenant, "plugin.retire", format!("{plugin} {number}"));
    let name = plugin.clone();
    api.change(entry, &tenant, move |tx, tenant, _| {
        tenon_versions::retire(tx, tenant, &name, number)
    })
    .await?;
    api.backend.plugin_changed(&tenant, &plugin).await;
    Ok(StatusCode::NO_CONTENT)
}

/// How a plugin's aliases moved, the latest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/plugins/{plugin}/history", operation_id = "list_plugin_history",
    security(("token" = ["read"])), params(PageRequest), responses((status = 200, body = Page<Move>))
)]
async fn history(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, plugin)): Path<(Name, Name)>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Move>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_versions::moves(tx, tenant, &plugin, None, &page)
    });
    Ok(Json(Timed(found.await?)))
}
