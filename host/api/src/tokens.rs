//! Tokens: a tenant's, and the operator's.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::audit::Entry;
use tenon_tenants::tokens::{self, Issued, Rotation, Token, TokenInput};
use tenon_tenants::{Scope, tenants};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Versioned;
use crate::body::{Body, MaybeBody};
use crate::caller::{Caller, Conditions, expected_version};
use crate::error::Error;
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, revoke))
        .routes(routes!(rotate))
        .routes(routes!(list_operators, create_operators))
        .routes(routes!(get_operators, revoke_operators))
        .routes(routes!(rotate_operators))
}

/// A token that is to be made.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// Its name, which no other token of the tenant has.
    name: Name,
    /// What it allows.
    scopes: Vec<Scope>,
    /// Until when it is valid; for ever by default.
    #[serde(default)]
    expires: Option<DateTime<Utc>>,
}

/// How a token is to be rotated.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RotateToken {
    /// How long the old text is still valid, in seconds; a day by default, at most 30 days.
    grace_seconds: Option<u64>,
    /// Until when the token is valid; for ever by default.
    expires: Option<DateTime<Utc>>,
}

/// A token with its text, which is shown this once.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct IssuedToken {
    /// The token.
    token: Token,
    /// What is to be sent as `Authorization: Bearer`.
    text: String,
}

type Answer = Versioned<Timed<IssuedToken>>;

impl From<Issued> for IssuedToken {
    fn from(issued: Issued) -> Self {
        Self {
            text: issued.text.reveal().to_owned(),
            token: issued.token,
        }
    }
}

/// A tenant's tokens.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/tokens", operation_id = "list_tokens",
    security(("token" = ["admin"])), params(PageRequest),
    responses((status = 200, body = Page<Token>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Token>>>, Problem> {
    caller.may(&tenant, Scope::Admin)?;
    listed(&api, Some(tenant), page).await
}

/// Makes a token. Its text is shown this once.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/tokens", operation_id = "create_token",
    security(("token" = ["admin"])),
    request_body = NewToken,
    responses((status = 201, body = IssuedToken))
)]
async fn create(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Body(input): Body<NewToken>,
) -> Result<Answer, Problem> {
    caller.may(&tenant, Scope::Admin)?;
    created(&api, caller, Some(tenant), input).await
}

/// A token, without its text.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/tokens/{token}", operation_id = "get_token",
    security(("token" = ["admin"])),
    responses((status = 200, body = Token))
)]
async fn get(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, token)): Path<(Name, String)>,
) -> Result<Versioned<Timed<Token>>, Problem> {
    caller.may(&tenant, Scope::Admin)?;
    found(&api, Some(tenant), token).await
}

/// Makes a token worth nothing.
#[utoipa::path(
    delete, path = "/v1/tenants/{tenant}/tokens/{token}", operation_id = "revoke_token",
    security(("token" = ["admin"])),
    responses((status = 204))
)]
async fn revoke(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, token)): Path<(Name, String)>,
) -> Result<StatusCode, Problem> {
    caller.may(&tenant, Scope::Admin)?;
    revoked(&api, caller, Some(tenant), token).await
}

/// Gives a token another text. The old one is valid for a while.
#[utoipa::path(
    post, path = "/v1/tenants/{tenant}/tokens/{token}/rotate", operation_id = "rotate_token",
    security(("token" = ["admin"])), params(Conditions),
    request_body = Option<RotateToken>, responses((status = 200, body = IssuedToken))
)]
async fn rotate(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, token)): Path<(Name, String)>,
    headers: HeaderMap,
    MaybeBody(input): MaybeBody<RotateToken>,
) -> Result<Answer, Problem> {
    caller.may(&tenant, Scope::Admin)?;
    rotated(&api, caller, Some(tenant), token, &headers, input).await
}

/// The operator's tokens.
#[utoipa::path(
    get, path = "/v1/tokens", operation_id = "list_operator_tokens",
    security(("token" = ["server"])), params(PageRequest),
    responses((status = 200, body = Page<Token>))
)]
async fn list_operators(
    caller: Caller,
    State(api): State<Api>,
    Listing { page, .. }: Listing,
) -> Result<Json<Timed<Page<Token>>>, Problem> {
    caller.operates()?;
    listed(&api, None, page).await
}

/// Makes a token of the operator's.
#[utoipa::path(
    post, path = "/v1/tokens", operation_id = "create_operator_token",
    security(("token" = ["server"])),
    request_body = NewToken,
    responses((status = 201, body = IssuedToken))
)]
async fn create_operators(
    caller: Caller,
    State(api): State<Api>,
    Body(input): Body<NewToken>,
) -> Result<Answer, Problem> {
    caller.operates()?;
    created(&api, caller, None, input).await
}

/// A token of the operator's, without its text.
#[utoipa::path(
    get, path = "/v1/tokens/{token}", operation_id = "get_operator_token",
    security(("token" = ["server"])),
    responses((status = 200, body = Token))
)]
async fn get_operators(
    caller: Caller,
    State(api): State<Api>,
    Path(token): Path<String>,
) -> Result<Versioned<Timed<Token>>, Problem> {
    caller.operates()?;
    found(&api, None, token).await
}

/// Makes a token of the operator's worth nothing.
#[utoipa::path(
    delete, path = "/v1/tokens/{token}", operation_id = "revoke_operator_token",
    security(("token" = ["server"])),
    responses((status = 204))
)]
async fn revoke_operators(
    caller: Caller,
    State(api): State<Api>,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.operates()?;
    revoked(&api, caller, None, token).await
}

/// Gives a token of the operator's another text.
#[utoipa::path(
    post, path = "/v1/tokens/{token}/rotate", operation_id = "rotate_operator_token",
    security(("token" = ["server"])), params(Conditions),
    request_body = Option<RotateToken>, responses((status = 200, body = IssuedToken))
)]
async fn rotate_operators(
    caller: Caller,
    State(api): State<Api>,
    Path(token): Path<String>,
    headers: HeaderMap,
    MaybeBody(input): MaybeBody<RotateToken>,
) -> Result<Answer, Problem> {
    caller.operates()?;
    rotated(&api, caller, None, token, &headers, input).await
}

async fn listed(api: &Api, tenant: Option<Name>, page: PageRequest) -> Result<Json<Timed<Page<Token>>>, Problem> {
    let found = api.metadata.read(move |tx| {
        owned(tx, tenant.as_ref())?;
        tokens::list(tx, tenant.as_ref(), &page)
    });
    Ok(Json(Timed(found.await?)))
}

async fn found(api: &Api, tenant: Option<Name>, token: String) -> Result<Versioned<Timed<Token>>, Problem> {
    let found = api.metadata.read(move |tx| {
        owned(tx, tenant.as_ref())?;
        tokens::get(tx, tenant.as_ref(), &token)
    });
    let found = found.await?;
    Ok(Versioned::new(found.version, Timed(found)))
}

async fn created(api: &Api, caller: Caller, tenant: Option<Name>, input: NewToken) -> Result<Answer, Problem> {
    let input = TokenInput {
        name: input.name,
        scopes: input.scopes,
        expires: input.expires.map(|time| time.timestamp_micros()),
    };
    let entry = entry(&caller, tenant.as_ref(), "token.create", input.name.as_str());
    let issued = api.change_server(entry, move |tx, entry| {
        owned(tx, tenant.as_ref())?;
        let issued = tokens::create(tx, tenant.as_ref(), &input, &caller.principal)?;
        *entry = entry.clone().change(&(), &issued.token);
        Ok::<_, Error>(issued)
    });
    Ok(answer(issued.await?).created(true))
}

async fn revoked(api: &Api, caller: Caller, tenant: Option<Name>, token: String) -> Result<StatusCode, Problem> {
    let entry = entry(&caller, tenant.as_ref(), "token.revoke", &token);
    api.change_server(entry, move |tx, _| {
        owned(tx, tenant.as_ref())?;
        tokens::revoke(tx, tenant.as_ref(), &token)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotated(
    api: &Api,
    caller: Caller,
    tenant: Option<Name>,
    token: String,
    headers: &HeaderMap,
    input: RotateToken,
) -> Result<Answer, Problem> {
    let expected = expected_version(headers)?;
    let rotation = Rotation {
        grace_seconds: input.grace_seconds.unwrap_or(Rotation::default().grace_seconds),
        expires: input.expires.map(|time| time.timestamp_micros()),
    };
    let entry = entry(&caller, tenant.as_ref(), "token.rotate", &token);
    let issued = api.change_server(entry, move |tx, _| {
        owned(tx, tenant.as_ref())?;
        tokens::rotate(tx, tenant.as_ref(), &token, &rotation, expected)
    });
    Ok(answer(issued.await?))
}

/// The tenant has to be there, where it is one's.
fn owned(tx: &mut tenon_metadata::Transaction<'_>, tenant: Option<&Name>) -> Result<(), tenon_tenants::Error> {
    tenant.map_or(Ok(()), |tenant| tenants::get(tx, tenant).map(drop))
}

fn entry(caller: &Caller, tenant: Option<&Name>, action: &str, target: &str) -> Entry {
    match tenant {
        Some(tenant) => caller.entry(tenant, action, target),
        None => caller.server_entry(action, target),
    }
}

fn answer(issued: Issued) -> Answer {
    Versioned::new(issued.token.version, Timed(issued.into()))
}
