//! What happened.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use tenon_events::{EventFilter, Recorded};
use tenon_metadata::{Name, Page, PageRequest};
use tenon_tenants::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::{Caller, last_event_id};
use crate::followers::Follower;
use crate::listing::Listing;
use crate::times::Timed;
use crate::{Api, Problem};

/// How often a stream looks whether it may go on.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(follow))
}

/// Which events.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventQuery {
    /// Kinds, or their beginnings by whole parts, with commas between: `run.failed,trigger`.
    kinds: Option<String>,
    /// Only events of this subject.
    subject: Option<String>,
}

impl EventQuery {
    fn filter(self) -> EventFilter {
        let kinds = self.kinds.unwrap_or_default();
        let kinds = kinds.split(',').map(str::trim).filter(|kind| !kind.is_empty());
        EventFilter {
            kinds: kinds.map(str::to_owned).collect(),
            subject: self.subject,
        }
    }
}

/// Which events are followed.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowQuery {
    /// Kinds, or their beginnings by whole parts, with commas between: `run.failed,trigger`.
    kinds: Option<String>,
    /// Only events of this subject.
    subject: Option<String>,
    /// Only after the event at this position, 0 for all that are kept; by default what happens from now on.
    after: Option<i64>,
}

/// A tenant's events, the oldest first.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/events", operation_id = "list_events",
    security(("token" = ["read"])), params(EventQuery, PageRequest),
    responses((status = 200, body = Page<Recorded>))
)]
async fn list(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Listing { page, filter }: Listing<EventQuery>,
) -> Result<Json<Timed<Page<Recorded>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let filter = filter.filter();
    let found = api.look(&tenant, move |tx, tenant| {
        tenon_events::events(tx, Some(tenant.as_str()), &filter, &page)
    });
    Ok(Json(Timed(found.await?)))
}

/// Follows a tenant's events, each with its kind as the event's name. `Last-Event-ID` goes on after the event with that
/// position.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/events/follow", operation_id = "follow_events",
    security(("token" = ["read"])), params(FollowQuery, ("Last-Event-ID" = Option<i64>, Header, description = "Position of the last event that was read.")),
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
async fn follow(
    caller: Caller,
    State(api): State<Api>,
    Path(tenant): Path<Name>,
    Query(query): Query<FollowQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let asked = last_event_id(&headers)?.or(query.after);
    let slot = api.followers.begin(&tenant)?;
    // Also where a position is given: the tenant has to be there.
    let last = api.look(&tenant, |tx, _| tenon_events::last_position(tx)).await?;
    let (kinds, subject) = (query.kinds, query.subject);
    let filter = EventQuery { kinds, subject }.filter();
    let events = tenon_events::follow(&api.metadata, Some(tenant.to_string()), filter, asked.unwrap_or(last));
    Ok(Sse::new(told(events, api, caller, slot)).keep_alive(KeepAlive::new()))
}

/// The events, for as long as the caller may look and the server is not about to end.
fn told(
    events: impl Stream<Item = Result<Recorded, tenon_events::Error>> + Send + 'static,
    api: Api,
    caller: Caller,
    slot: Follower,
) -> impl Stream<Item = Result<Event, axum::Error>> {
    let events = Box::pin(events);
    stream::unfold(
        (events, api, caller, slot),
        |(mut events, api, caller, slot)| async move {
            loop {
                if api.backend.is_draining() || !caller.may_still_look(&api).await {
                    return None;
                }
                let event = match tokio::time::timeout(LOOK, events.next()).await {
                    Err(_) => continue,
                    Ok(None) => return None,
                    // The stream tries again by itself.
                    Ok(Some(Err(error))) => {
                        tracing::warn!(%error, "events cannot be followed");
                        continue;
                    }
                    Ok(Some(Ok(event))) => event,
                };
                let (kind, position) = (event.kind.clone(), event.position.to_string());
                let event = Event::default().json_data(Timed(event));
                let event = event.map(|told| told.event(kind).id(position));
                return Some((event, (events, api, caller, slot)));
            }
        },
    )
}
