//! From the stream to the ledger: each target's events, by its filter.
//!
//! Conditions are a tenant's and may take milliseconds, so they are decided between two transactions, not in one: a slow
//! one must not hold the database.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use tenon_metadata::{Transaction, row};

use super::deliverer::Shared;
use crate::delivery::DUE;
use crate::sequence::sequence;
use crate::stream::{Found, Whose, read};
use crate::target::CompiledFilter;
use crate::{Error, EventFilter, Recorded, TargetFilter};

/// Events of a target that are looked at in one turn.
const TOGETHER: i64 = 200;
/// How long one target's condition may take in one turn.
const TURN: Duration = Duration::from_millis(200);
/// Targets that are routed to at once.
const AT_ONCE: usize = 8;

/// A target that has unread events.
#[derive(Clone, Debug)]
struct Behind {
    tenant: String,
    id: String,
    version: i64,
    filter: String,
    position: i64,
    room: i64,
}

impl Shared {
    /// Makes deliveries of all events until now, as far as targets have room.
    pub(super) async fn route(&self) -> Result<(), Error> {
        loop {
            self.sequence().await?;
            let waiting = i64::from(self.settings.waiting);
            let behind = self.metadata.read(move |tx| behind(tx, waiting)).await?;
            if behind.is_empty() {
                return Ok(());
            }
            let moved = stream::iter(behind)
                .map(|target| self.route_to(target))
                .buffer_unordered(AT_ONCE)
                .fold(false, |moved, result| async move {
                    match result {
                        Ok(()) => true,
                        Err(error) => {
                            tracing::warn!(%error, "a target's events cannot be routed");
                            moved
                        }
                    }
                })
                .await;
            if !moved {
                return Ok(());
            }
        }
    }

    async fn sequence(&self) -> Result<(), Error> {
        while self.metadata.read(crate::sequence::waiting).await? {
            self.metadata.write(sequence).await?;
        }
        Ok(())
    }

    async fn route_to(&self, target: Behind) -> Result<(), Error> {
        let filter = match self.filter(&target).await {
            Ok(filter) => filter,
            Err(error) => return self.disable(target, error).await,
        };
        let (tenant, position) = (target.tenant.clone(), target.position);
        let limit = TOGETHER.min(target.room);
        let found = self
            .metadata
            .read(move |tx| read(tx, Whose::Tenant(&tenant), &EventFilter::default(), position, limit))
            .await?;
        let deciding = tokio::task::spawn_blocking(move || decide(&filter, found));
        let Ok((fitting, until)) = deciding.await else {
            return Ok(());
        };
        self.metadata.write(move |tx| queue(tx, &target, &fitting, until)).await
    }

    async fn filter(&self, target: &Behind) -> Result<CompiledFilter, Error> {
        let known = self.filters.lock().get(&target.id).cloned();
        if let Some((version, filter)) = known
            && version == target.version
        {
            return Ok(filter);
        }
        let text = target.filter.clone();
        let compiling = tokio::task::spawn_blocking(move || {
            let filter: TargetFilter = serde_json::from_str(&text).map_err(|error| Error::Setting {
                setting: "filter",
                reason: error.to_string(),
            })?;
            filter.compile()
        });
        let filter = compiling.await.unwrap_or_else(|_| {
            Err(Error::Setting {
                setting: "filter",
                reason: "it breaks down".to_owned(),
            })
        })?;
        let mut filters = self.filters.lock();
        if filters.len() >= 10_000 {
            // Of targets that are gone, mostly.
            filters.clear();
        }
        filters.insert(target.id.clone(), (target.version, filter.clone()));
        Ok(filter)
    }

    /// A filter that an earlier program accepted and this one does not.
    async fn disable(&self, target: Behind, error: Error) -> Result<(), Error> {
        let reason = error.to_string();
        self.metadata
            .write(move |tx| {
                tx.execute(
                    "update event_targets set enabled = 0, version = version + 1, changed = ?3, disabled_because = ?4
                     where id = ?1 and version = ?2",
                    row![target.id.as_str(), target.version, tx.now(), reason.as_str()],
                )
            })
            .await?;
        Ok(())
    }
}

fn behind(tx: &mut Transaction<'_>, waiting: i64) -> Result<Vec<Behind>, Error> {
    let rows = tx.query(
        "select tenant, id, version, filter, position, waiting from (
             select tenant, id, version, filter, position, (
                 select count(*) from event_deliveries
                 where event_deliveries.target = event_targets.id and state = 'pending'
             ) as waiting
             from event_targets
             where enabled = 1 and exists (
                 select 1 from events where events.tenant = event_targets.tenant
                     and events.position > event_targets.position
             )
         ) as behind where waiting < ?1",
        row![waiting],
    )?;
    let targets = rows.iter().map(|row| {
        Ok(Behind {
            tenant: row.get(0)?,
            id: row.get(1)?,
            version: row.get(2)?,
            filter: row.get(3)?,
            position: row.get(4)?,
            room: waiting - row.get::<i64>(5)?,
        })
    });
    targets.collect()
}

/// The events that fit, and the position until which was decided.
fn decide(filter: &CompiledFilter, found: Found) -> (Vec<Recorded>, i64) {
    let began = Instant::now();
    let (mut fitting, mut until) = (Vec::new(), found.until);
    for event in found.events {
        until = event.position;
        if filter.fits(&event) {
            fitting.push(event);
        }
        if began.elapsed() > TURN {
            break;
        }
    }
    (fitting, until)
}

/// Moves a target's cursor, and makes deliveries of what it has passed; unless another server has.
fn queue(tx: &mut Transaction<'_>, target: &Behind, events: &[Recorded], until: i64) -> Result<(), Error> {
    let now = tx.now();
    let moved = tx.execute(
        "update event_targets set position = ?3 where id = ?1 and position = ?2 and version = ?4",
        row![target.id.as_str(), target.position, until, target.version],
    )?;
    if moved == 0 {
        return Ok(());
    }
    if !events.is_empty() {
        tx.notify(DUE, "");
    }
    for event in events {
        let body = serde_json::to_string(event).map_err(|error| Error::Setting {
            setting: "event",
            reason: error.to_string(),
        })?;
        tx.execute(
            "insert into event_deliveries (tenant, target, event, position, kind, body, state, attempts, created, due)
             values (?1, ?2, ?3, ?4, ?5, ?6, 'pending', 0, ?7, ?7) on conflict (target, event) do nothing",
            row![
                target.tenant.as_str(),
                target.id.as_str(),
                event.number,
                event.position,
                event.kind.as_str(),
                body,
                now
            ],
        )?;
    }
    Ok(())
}
