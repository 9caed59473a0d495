//! Reading events in order.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tenon_metadata::{Metadata, Page, PageRequest, Subscription, Transaction, row};

use crate::Error;
use crate::event::Recorded;
use crate::sequence::{READY, sequence, waiting};

/// Events looked at for one page at most: a filter that fits few of them answers with a short page and where to go on.
const LOOKED_AT: usize = 10_000;
/// Events fetched at once.
const FETCHED: i64 = 1000;
/// How often a follower looks without having been told, since a notice can be lost.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How often a follower looks at most.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// Which events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct EventFilter {
    /// Kinds, or their beginnings by whole parts: `run` fits `run` and `run.failed`, not `runner`. All if empty.
    pub kinds: Vec<String>,
    /// Only events of this subject.
    pub subject: Option<String>,
}

impl EventFilter {
    /// Whether an event is among them.
    pub fn fits(&self, event: &Recorded) -> bool {
        let of_kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| kind_fits(kind, &event.kind));
        of_kind && self.subject.as_ref().is_none_or(|subject| *subject == event.subject)
    }
}

fn kind_fits(prefix: &str, kind: &str) -> bool {
    let prefix = prefix.strip_suffix(".*").unwrap_or(prefix);
    let rest = kind.strip_prefix(prefix.trim_end_matches('.'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A tenant's events (the server's own for none), oldest first, a page at a time; `after` is the position of the last.
///
/// # Errors
/// [`Error::InvalidPage`], or what the database says.
pub fn events(
    tx: &mut Transaction<'_>,
    tenant: Option<&str>,
    filter: &EventFilter,
    page: &PageRequest,
) -> Result<Page<Recorded>, Error> {
    let after = match &page.after {
        None => 0,
        Some(after) => after.parse().map_err(|_| Error::InvalidPage { after: after.clone() })?,
    };
    let found = read(tx, tenant.into(), filter, after, page.look_for() - 1)?;
    Ok(Page {
        next: found.more.then(|| found.until.to_string()),
        items: found.events,
    })
}

/// Follows a tenant's events from a position on (0: from the oldest one kept), for as long as the stream is polled. An
/// error is not the end: the next item is another try, seconds later.
pub fn follow(
    metadata: &Metadata,
    tenant: Option<String>,
    filter: EventFilter,
    after: i64,
) -> impl Stream<Item = Result<Recorded, Error>> + Send + use<> {
    let follower = Follower {
        told: metadata.subscribe(READY),
        metadata: metadata.clone(),
        tenant,
        filter,
        after,
        found: VecDeque::new(),
        at_end: false,
        failed: false,
    };
    stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    })
    .fuse()
}

struct Follower {
    metadata: Metadata,
    told: Subscription,
    tenant: Option<String>,
    filter: EventFilter,
    after: i64,
    found: VecDeque<Recorded>,
    at_end: bool,
    failed: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Recorded, Error>> {
        loop {
            if let Some(event) = self.found.pop_front() {
                return Some(Ok(event));
            }
            if self.failed {
                tokio::time::sleep(LOOK_EVERY).await;
            } else if self.at_end {
                self.wait().await?;
            }
            if let Err(error) = self.look().await {
                self.failed = true;
                return Some(Err(error));
            }
            self.failed = false;
        }
    }

    /// Waits for news, or as long as it is wise to trust that there are none.
    async fn wait(&mut self) -> Option<()> {
        tokio::time::sleep(LOOK_AT_MOST_EVERY).await;
        if let Ok(notice) = tokio::time::timeout(LOOK_EVERY, self.told.next()).await {
            return notice.map(drop);
        }
        // Where nobody puts events in order, this does.
        if let Ok(true) = self.metadata.read(waiting).await {
            let _ = self.metadata.write(sequence).await;
        }
        Some(())
    }

    async fn look(&mut self) -> Result<(), Error> {
        let (tenant, filter, after) = (self.tenant.clone(), self.filter.clone(), self.after);
        let found = self
            .metadata
            .read(move |tx| read(tx, tenant.as_deref().into(), &filter, after, FETCHED))
            .await?;
        self.after = found.until;
        self.at_end = !found.more;
        self.found = found.events.into();
        Ok(())
    }
}

/// Events that were found, and how far was looked.
#[derive(Debug)]
pub(crate) struct Found {
    pub events: Vec<Recorded>,
    /// The position of the last event looked at.
    pub until: i64,
    /// Whether there may be more after it.
    pub more: bool,
}

/// Whose events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose<'a> {
    /// All there are.
    Everybody,
    /// What concerns no tenant.
    Server,
    /// A tenant's.
    Tenant(&'a str),
}

impl<'a> From<Option<&'a str>> for Whose<'a> {
    fn from(tenant: Option<&'a str>) -> Self {
        tenant.map_or(Self::Server, Self::Tenant)
    }
}

/// Reads at most `limit` events after a position.
pub(crate) fn read(
    tx: &mut Transaction<'_>,
    whose: Whose<'_>,
    filter: &EventFilter,
    after: i64,
    limit: i64,
) -> Result<Found, Error> {
    let which = match whose {
        Whose::Everybody => "position > ?1",
        Whose::Tenant(_) => "position > ?1 and tenant = ?3",
        Whose::Server => "position > ?1 and tenant is null",
    };
    let sql = format!(
        "select {} from events where {which} order by position limit ?2",
        Recorded::COLUMNS
    );
    let (mut events, mut until, mut looked_at) = (Vec::new(), after, 0);
    loop {
        let fetch = FETCHED.min(limit + 1 - events.len() as i64).max(1);
        let rows = match whose {
            Whose::Tenant(tenant) => tx.query(&sql, row![until, fetch, tenant])?,
            _ => tx.query(&sql, row![until, fetch])?,
        };
        let fetched = rows.len();
        for row in &rows {
            let event = Recorded::from_row(row)?;
            if events.len() as i64 >= limit {
                return Ok(Found {
                    events,
                    until,
                    more: true,
                });
            }
            until = event.position;
            if filter.fits(&event) {
                events.push(event);
            }
        }
        looked_at += fetched;
        let more = fetched as i64 == fetch;
        if !more || looked_at >= LOOKED_AT {
            return Ok(Found { events, until, more });
        }
    }
}
