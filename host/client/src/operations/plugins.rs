//! Plugins, their versions, and which of these are used.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Page, Segment, Tenant};

table! {
    OF_TENANT of Tenant;
    /// The plugins, by name.
    list_plugins(): GET "/v1/tenants/{tenant}/plugins" -> Page<String>;
    /// A plugin, with its aliases.
    get_plugin(plugin): GET "/v1/tenants/{tenant}/plugins/{plugin}" -> Value;
    /// Uploads a version of a plugin, with [`Call::file`]; at once in use by the query's `alias`, and called `label`.
    upload_plugin(plugin): POST "/v1/tenants/{tenant}/plugins/{plugin}/versions" -> Value;
    /// The versions of a plugin, the latest first.
    list_plugin_versions(plugin): GET "/v1/tenants/{tenant}/plugins/{plugin}/versions" -> Page<Value>;
    /// A version of a plugin.
    get_plugin_version(plugin, version): GET "/v1/tenants/{tenant}/plugins/{plugin}/versions/{version}" -> Value;
    /// Retires a version, to which no alias may point: no run takes it any more.
    retire_plugin_version(plugin, version): DELETE "/v1/tenants/{tenant}/plugins/{plugin}/versions/{version}" -> ();
    /// How a plugin's aliases moved, the latest first.
    list_plugin_history(plugin): GET "/v1/tenants/{tenant}/plugins/{plugin}/history" -> Page<Value>;
    /// A plugin's aliases.
    list_aliases(plugin): GET "/v1/tenants/{tenant}/plugins/{plugin}/aliases" -> Vec<Value>;
    /// Points an alias to a version, for all runs or a share of them: `AliasInput`.
    put_alias(plugin, alias)[input]: PUT "/v1/tenants/{tenant}/plugins/{plugin}/aliases/{alias}" -> Value;
    /// Removes an alias.
    delete_alias(plugin, alias): DELETE "/v1/tenants/{tenant}/plugins/{plugin}/aliases/{alias}" -> ();
    /// Points an alias to the version before, or ends its canary: `Rollback`.
    rollback_alias(plugin, alias)[input]: POST "/v1/tenants/{tenant}/plugins/{plugin}/aliases/{alias}/rollback" -> Value;
}
