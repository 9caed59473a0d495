//! Events, and where they are delivered.

use serde_json::Value;

use super::{Operation, table};
use crate::{Call, Event, Followed, Page, Segment, Tenant};

table! {
    OF_TENANT of Tenant;
    /// The events, the oldest first; of these with the queries `kinds` and `subject`.
    list_events(): GET "/v1/tenants/{tenant}/events" -> Page<Event>;
    /// Follows the events, from now on or after the position of the query's `after`.
    follow_events(): GET "/v1/tenants/{tenant}/events/follow" -> Followed<Event>;
    /// The targets, by name.
    list_targets(): GET "/v1/tenants/{tenant}/targets" -> Page<Value>;
    /// Makes a target, or changes it: `TargetInput`.
    put_target(target)[input]: PUT "/v1/tenants/{tenant}/targets/{target}" -> Value;
    /// A target.
    get_target(target): GET "/v1/tenants/{tenant}/targets/{target}" -> Value;
    /// Removes a target, with its deliveries.
    delete_target(target): DELETE "/v1/tenants/{tenant}/targets/{target}" -> ();
    /// What was and is to be delivered to a target, the latest first; those in the query's `state`.
    list_deliveries(target): GET "/v1/tenants/{tenant}/targets/{target}/deliveries" -> Page<Value>;
    /// The attempts of a delivery, the latest first.
    list_delivery_attempts(target, number): GET "/v1/tenants/{tenant}/targets/{target}/deliveries/{number}/attempts" -> Page<Value>;
    /// Delivers once more.
    redeliver(target, number): POST "/v1/tenants/{tenant}/targets/{target}/deliveries/{number}/redeliver" -> Value;
    /// Delivers once more all that was given up.
    redeliver_dead(target): POST "/v1/tenants/{tenant}/targets/{target}/redeliver" -> Value;
}
