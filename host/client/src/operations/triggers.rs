//! Triggers.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Page, Segment, Tenant};

table! {
    OF_TENANT of Tenant;
    /// The triggers, by name.
    list_triggers(): GET "/v1/tenants/{tenant}/triggers" -> Page<Value>;
    /// Makes a trigger, or changes it: `TriggerDefinition`. A new one waits for nothing until it is activated.
    put_trigger(trigger)[input]: PUT "/v1/tenants/{tenant}/triggers/{trigger}" -> Value;
    /// A trigger.
    get_trigger(trigger): GET "/v1/tenants/{tenant}/triggers/{trigger}" -> Value;
    /// Removes a trigger.
    delete_trigger(trigger): DELETE "/v1/tenants/{tenant}/triggers/{trigger}" -> ();
    /// Has a trigger wait for what it is for.
    activate_trigger(trigger): POST "/v1/tenants/{tenant}/triggers/{trigger}/activate" -> Value;
    /// Has a trigger wait for nothing.
    deactivate_trigger(trigger): POST "/v1/tenants/{tenant}/triggers/{trigger}/deactivate" -> Value;
    /// Does what a trigger does, now: `FireTrigger`. Answers with what it started.
    start_trigger(trigger)[input] once: POST "/v1/tenants/{tenant}/triggers/{trigger}/start" -> Vec<Value>;
    /// When a trigger fired, or did not, the latest first.
    list_firings(trigger): GET "/v1/tenants/{tenant}/triggers/{trigger}/firings" -> Page<Value>;
    /// Calls a webhook's trigger as somebody outside does, with [`Call::bytes`] and the headers that sign them.
    receive_webhook(trigger): POST "/v1/tenants/{tenant}/triggers/{trigger}/webhook" -> ();
}
