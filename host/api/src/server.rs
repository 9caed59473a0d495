//! The server itself.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenon_runs::{Count, runs};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::{Api, Problem, Reloaded};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(reload))
}

/// A server.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ServerInfo {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Whether it is about to end, and takes up no more runs.
    draining: bool,
    /// Runs by tenant and state: all of them for the operator, a tenant's own for the tenant.
    runs: Vec<Count>,
}

/// What the server is, and how much it has to do.
#[utoipa::path(get, path = "/v1/server", operation_id = "get_server", responses((status = 200, body = ServerInfo)))]
async fn get(caller: Caller, State(api): State<Api>) -> Result<Json<ServerInfo>, Problem> {
    let mut counted = api.metadata.read(runs::counts).await?;
    if let Some(tenant) = &caller.principal.tenant {
        counted.retain(|count| count.tenant == tenant.as_str());
    }
    Ok(Json(ServerInfo {
        name: api.backend.name(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        draining: api.backend.is_draining(),
        runs: counted,
    }))
}

/// Has the server read its configuration again. The operator's.
///
/// All that can change while the server runs does, or nothing if the configuration is not right. Runs under way go on.
#[utoipa::path(
    post, path = "/v1/server/reload", operation_id = "reload_server",
    security(("token" = ["server"])),
    responses((status = 200, body = Reloaded))
)]
async fn reload(caller: Caller, State(api): State<Api>) -> Result<Json<Reloaded>, Problem> {
    caller.operates()?;
    let asked = caller.server_entry("server.reload", "configuration");
    Ok(Json(api.backend.reload(asked).await?))
}
