//! The server itself: what it does, what was used and what was changed.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Client, Page, Tenant};

table! {
    OF_SERVER of Client;
    /// What the server is, and how much it has to do.
    get_server(): GET "/v1/server" -> Value;
    /// Has the server read its configuration again: what `changed`, and what is `refused` until it is restarted. The operator's.
    reload_server(): POST "/v1/server/reload" -> Value;
    /// What all tenants have used, and what it costs, with the queries of [`Tenant::get_usage`]. The operator's.
    get_all_usage(): GET "/v1/usage" -> Value;
    /// What things cost.
    get_prices(): GET "/v1/prices" -> Value;
    /// Says what things cost: `Prices`. The operator's.
    put_prices()[input]: PUT "/v1/prices" -> Value;
    /// What was changed, the latest first, with the queries of [`Tenant::list_audit`]. The operator's.
    list_all_audit(): GET "/v1/audit" -> Page<Value>;
    /// Looks through the whole log for entries that were changed, put in or taken out. The operator's.
    verify_audit(): GET "/v1/audit/verify" -> Value;
}

table! {
    OF_TENANT of Tenant;
    /// What the tenant has used, and what it costs: in the days of the queries `from` and `to`, by that of `group_by`.
    get_usage(): GET "/v1/tenants/{tenant}/usage" -> Value;
    /// What was changed of the tenant, the latest first; in the time of the queries `since` and `until`.
    list_audit(): GET "/v1/tenants/{tenant}/audit" -> Page<Value>;
}
