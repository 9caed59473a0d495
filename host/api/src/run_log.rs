//! What runs say, now and then or as they say it.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::{Stream, stream};
use serde::Serialize;
use serde_json::Value;
use tenon_metadata::{LONGEST_PAGE, Name, Page, Subscription};
use tenon_runs::{LogLine, LogQuery, Run, State as RunState, runs};
use tenon_tenants::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::caller::{Caller, last_event_id};
use crate::error::Error;
use crate::followers::Follower;
use crate::{Api, Problem};

/// How often a stream looks without having been told of anything: notices can be lost.
const LOOK: Duration = Duration::from_secs(2);

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(logs)).routes(routes!(follow))
}

/// Lines of a run's log, in their order.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/runs/{run}/logs", operation_id = "list_log_lines",
    security(("token" = ["read"])), params(LogQuery),
    responses((status = 200, body = Page<LogLine>))
)]
async fn logs(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    Query(query): Query<LogQuery>,
) -> Result<Json<Page<LogLine>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    let found = api.look(&tenant, move |tx, tenant| tenon_runs::logs(tx, tenant, &run, &query));
    Ok(Json(found.await?))
}

/// Follows a run until it has ended: events `log` (a line), `progress` and `state` (the run), of which the last one has
/// the final state. `Last-Event-ID` goes on after the line with that number.
#[utoipa::path(
    get, path = "/v1/tenants/{tenant}/runs/{run}/follow", operation_id = "follow_run",
    security(("token" = ["read"])), params(LogQuery, ("Last-Event-ID" = Option<u64>, Header, description = "Number of the last line that was read.")),
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
async fn follow(
    caller: Caller,
    State(api): State<Api>,
    Path((tenant, run)): Path<(Name, String)>,
    Query(mut query): Query<LogQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Problem> {
    caller.may(&tenant, Scope::Read)?;
    if let Some(last) = last_event_id(&headers)? {
        query.after = Some(last);
        query.tail = false;
    }
    if !query.tail {
        query.limit = Some(LONGEST_PAGE);
    }
    let slot = api.followers.begin(&tenant)?;
    let mut followed = Followed {
        // Before the first look, so that nothing is missed between.
        told: ["logs", "runs", "progress"].map(|topic| api.metadata.subscribe(topic)),
        caller,
        api,
        tenant,
        run,
        query,
        state: None,
        progress: None,
        ended: false,
        first: None,
        _slot: slot,
    };
    // What is wrong is answered as any other request.
    let first = followed.look().await?;
    followed.first = Some(first);
    let batches = stream::unfold(followed, |mut followed| async move {
        let events = followed.next().await?;
        Some((stream::iter(events), followed))
    });
    Ok(Sse::new(futures::StreamExt::flatten(batches)).keep_alive(KeepAlive::new()))
}

/// A run that is followed.
struct Followed {
    api: Api,
    caller: Caller,
    tenant: Name,
    run: String,
    query: LogQuery,
    told: [Subscription; 3],
    /// What was told last: state, attempt.
    state: Option<(RunState, u32)>,
    progress: Option<Value>,
    ended: bool,
    first: Option<(Run, Vec<LogLine>)>,
    _slot: Follower,
}

impl Followed {
    /// The next events; none once all was told.
    async fn next(&mut self) -> Option<Vec<Result<Event, axum::Error>>> {
        while !self.ended {
            let looked = match self.first.take() {
                Some(looked) => looked,
                // Whoever follows asks again, and is told what is wrong.
                None => self.look().await.ok()?,
            };
            let events = self.events(looked);
            if !events.is_empty() {
                return Some(events);
            }
            if !self.wait().await {
                return None;
            }
        }
        None
    }

    async fn look(&self) -> Result<(Run, Vec<LogLine>), Problem> {
        let (run, query) = (self.run.clone(), self.query.clone());
        let looked = self.api.look(&self.tenant, move |tx, tenant| {
            let found = runs::get(tx, tenant, &run)?;
            let lines = tenon_runs::logs(tx, tenant, &run, &query)?.items;
            Ok::<_, Error>((found, lines))
        });
        looked.await
    }

    /// What is new, and notes that it was told.
    fn events(&mut self, (run, lines): (Run, Vec<LogLine>)) -> Vec<Result<Event, axum::Error>> {
        let mut events = Vec::new();
        let line = |line: &LogLine| event("log", line).map(|event| event.id(line.number.to_string()));
        events.extend(lines.iter().map(line));
        if let Some(last) = lines.last() {
            self.query.after = Some(last.number);
        }
        if self.query.tail {
            self.query.tail = false;
            self.query.after = self.query.after.or(Some(0));
            self.query.limit = Some(LONGEST_PAGE);
        }
        if run.progress.is_some() && run.progress != self.progress {
            events.push(event("progress", &run.progress));
            self.progress.clone_from(&run.progress);
        }
        let state = Some((run.state, run.attempt));
        // The final state is the last that is told, after all lines.
        let ends = run.state.is_final() && lines.is_empty();
        if ends || (state != self.state && !run.state.is_final()) {
            events.push(event("state", &run));
            self.state = state;
        }
        self.ended = ends;
        events
    }

    /// Waits until there may be more; false if there is none to be told to this caller by this server.
    async fn wait(&mut self) -> bool {
        let run = self.run.as_str();
        let [logs, runs, progress] = &mut self.told;
        let told = async {
            loop {
                let notice = tokio::select! {
                    notice = logs.next() => notice,
                    notice = runs.next() => notice,
                    notice = progress.next() => notice,
                };
                match notice {
                    None => return false,
                    Some(notice) if notice.text == run || notice.text.is_empty() => return true,
                    Some(_) => {}
                }
            }
        };
        let goes_on = tokio::time::timeout(LOOK, told).await.unwrap_or(true);
        goes_on && !self.api.backend.is_draining() && self.caller.may_still_look(&self.api).await
    }
}

fn event(name: &str, data: &impl Serialize) -> Result<Event, axum::Error> {
    Event::default().event(name).json_data(data)
}
