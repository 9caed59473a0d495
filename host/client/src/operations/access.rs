//! Tenants and tokens.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Client, Page, Segment, Tenant};

table! {
    OF_SERVER of Client;
    /// All tenants, by name. The operator's.
    list_tenants(): GET "/v1/tenants" -> Page<Value>;
    /// The operator's tokens.
    list_operator_tokens(): GET "/v1/tokens" -> Page<Value>;
    /// Makes a token of the operator's: `NewToken`. Its `text` is told this once.
    create_operator_token()[input]: POST "/v1/tokens" -> Value;
    /// A token of the operator's, without its text.
    get_operator_token(token): GET "/v1/tokens/{token}" -> Value;
    /// Makes a token of the operator's worth nothing.
    revoke_operator_token(token): DELETE "/v1/tokens/{token}" -> ();
    /// Gives a token of the operator's another text: `RotateToken`.
    rotate_operator_token(token)[input]: POST "/v1/tokens/{token}/rotate" -> Value;
}

table! {
    OF_TENANT of Tenant;
    /// Makes the tenant, or changes it: `TenantInput`. The operator's.
    put_tenant()[input]: PUT "/v1/tenants/{tenant}" -> Value;
    /// The tenant, with its own quotas.
    get_tenant(): GET "/v1/tenants/{tenant}" -> Value;
    /// Removes the tenant; with the query `force=true` also if it has something. The operator's.
    delete_tenant(): DELETE "/v1/tenants/{tenant}" -> ();
    /// The tenant's tokens.
    list_tokens(): GET "/v1/tenants/{tenant}/tokens" -> Page<Value>;
    /// Makes a token: `NewToken`. Its `text` is told this once.
    create_token()[input]: POST "/v1/tenants/{tenant}/tokens" -> Value;
    /// A token, without its text.
    get_token(token): GET "/v1/tenants/{tenant}/tokens/{token}" -> Value;
    /// Makes a token worth nothing.
    revoke_token(token): DELETE "/v1/tenants/{tenant}/tokens/{token}" -> ();
    /// Gives a token another text: `RotateToken`. The old one is valid for a while.
    rotate_token(token)[input]: POST "/v1/tenants/{tenant}/tokens/{token}/rotate" -> Value;
}
