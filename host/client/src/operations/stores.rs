//! Connections and secrets.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Page, Segment, Tenant};

table! {
    OF_TENANT of Tenant;
    /// The connections, by name.
    list_connections(): GET "/v1/tenants/{tenant}/connections" -> Page<Value>;
    /// Makes a connection, or changes it: `Connection`. Passwords are secrets that it refers to.
    put_connection(connection)[input]: PUT "/v1/tenants/{tenant}/connections/{connection}" -> Value;
    /// A connection.
    get_connection(connection): GET "/v1/tenants/{tenant}/connections/{connection}" -> Value;
    /// Removes a connection.
    delete_connection(connection): DELETE "/v1/tenants/{tenant}/connections/{connection}" -> ();
    /// Connects, and says how that went: `ok`, and the `stage` and `error` of what failed.
    test_connection(connection): POST "/v1/tenants/{tenant}/connections/{connection}/test" -> Value;
    /// The secrets, by name, without values.
    list_secrets(): GET "/v1/tenants/{tenant}/secrets" -> Page<Value>;
    /// Makes a secret, or changes it: `SecretInput`. No answer ever has its value.
    put_secret(secret)[input]: PUT "/v1/tenants/{tenant}/secrets/{secret}" -> Value;
    /// What is known of a secret, without its value.
    get_secret(secret): GET "/v1/tenants/{tenant}/secrets/{secret}" -> Value;
    /// Removes a secret.
    delete_secret(secret): DELETE "/v1/tenants/{tenant}/secrets/{secret}" -> ();
}
