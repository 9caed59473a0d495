//! Parts of a relation, read side by side from one snapshot.

use std::fmt;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Mutex;

use crate::mysql::describe::describe;
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::read::{Reading, read};
use crate::mysql::session::Session;
use crate::mysql::target::Target;
use crate::mysql::{split, statement};
use crate::{Batches, Error, ReadConfig, Relation, Scan, ScanRequest};

/// A relation that is ready to be read.
#[derive(Debug)]
pub(crate) struct MySqlScan {
    shared: Arc<Shared>,
}

struct Shared {
    target: Arc<Target>,
    request: ScanRequest,
    /// A statement for each part.
    statements: Vec<String>,
    /// One that reads all parts together.
    whole: String,
    /// Connections, each with the same snapshot, that wait for their part to be read. None before the first part begins.
    snapshot: Mutex<Option<Snapshot>>,
}

enum Snapshot {
    /// A connection for each part.
    Shared(Vec<Option<Session>>),
    /// The server does not let us take one snapshot on several connections, so the first part that is read has all rows.
    Single(Option<Session>),
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.statements).finish()
    }
}

/// Plans how to read a relation.
pub(crate) async fn scan(target: &Arc<Target>, request: ScanRequest) -> Result<MySqlScan, Error> {
    // One more holds the lock while the snapshot is taken.
    let parts = request.parts.min(target.connections.saturating_sub(1)).max(1);
    let may_split = parts > 1 && request.limit.is_none();
    let is_query = matches!(request.relation, Relation::Query(_));
    let (mut ranges, mut as_written) = (Vec::new(), false);
    if is_query || may_split {
        let mut session = Session::open(target).await?;
        if may_split {
            ranges = split::ranges(&mut session, &request, parts).await?;
        }
        as_written = is_query && is_whole(&mut session, &request).await?;
    }
    let statement = |range: Option<&str>| {
        statement::rows(
            &request.relation,
            &request.schema,
            request.predicate.as_ref(),
            range,
            request.limit,
            as_written,
        )
    };
    let whole = statement(None)?;
    let statements = if ranges.is_empty() {
        vec![whole.clone()]
    } else {
        let each = ranges.iter().map(|range| statement(Some(range)));
        each.collect::<Result<Vec<String>, Error>>()?
    };
    Ok(MySqlScan {
        shared: Arc::new(Shared {
            target: Arc::clone(target),
            request,
            statements,
            whole,
            snapshot: Mutex::new(None),
        }),
    })
}

impl Scan for MySqlScan {
    fn parts(&self) -> usize {
        self.shared.statements.len()
    }

    fn read(&self, part: usize) -> Batches {
        let shared = Arc::clone(&self.shared);
        let batches = stream::once(async move {
            match shared.part(part).await? {
                Some((session, statement)) => {
                    let reading = Reading {
                        relation: shared.request.relation.clone(),
                        schema: Arc::clone(&shared.request.schema),
                        statement,
                        batch_rows: shared.request.batch_rows.max(1),
                    };
                    Ok(read(session, reading).await?.boxed())
                }
                None => Ok(stream::empty().boxed()),
            }
        });
        batches.try_flatten().boxed()
    }

    fn statement(&self, part: usize) -> String {
        self.shared.statements.get(part).unwrap_or(&self.shared.whole).clone()
    }
}

impl Shared {
    /// A connection that sees the snapshot, and the statement to run on it; none where another part has all rows.
    async fn part(&self, part: usize) -> Result<Option<(Session, String)>, Error> {
        if self.statements.len() < 2 {
            let session = Session::open(&self.target).await?;
            return Ok(Some((session, self.whole.clone())));
        }
        let mut snapshot = self.snapshot.lock().await;
        if snapshot.is_none() {
            *snapshot = Some(self.snapshot().await?);
        }
        Ok(match &mut *snapshot {
            Some(Snapshot::Shared(sessions)) => {
                let session = sessions
                    .get_mut(part)
                    .and_then(Option::take)
                    .ok_or_else(|| Error::Config {
                        subject: self.request.relation.to_string(),
                        reason: format!("part {part} of it was read already, and a snapshot is read once"),
                    })?;
                Some((session, self.statements[part].clone()))
            }
            Some(Snapshot::Single(session)) => session.take().map(|session| (session, self.whole.clone())),
            None => None,
        })
    }

    /// Begins a transaction on as many connections as there are parts, while nothing can be committed to the table.
    async fn snapshot(&self) -> Result<Snapshot, Error> {
        let mut lock = Session::open(&self.target).await?;
        let mut sessions = Vec::with_capacity(self.statements.len());
        for _ in &self.statements {
            sessions.push(Session::open(&self.target).await?);
        }
        if !self.lock(&mut lock).await {
            return Ok(Snapshot::Single(sessions.pop()));
        }
        for session in &mut sessions {
            session
                .run(
                    "start transaction with consistent snapshot, read only",
                    &format!("to take a snapshot of {}", self.request.relation),
                )
                .await?;
        }
        lock.run("unlock tables", "to unlock the table after the snapshot")
            .await?;
        Ok(Snapshot::Shared(sessions.into_iter().map(Some).collect()))
    }

    /// Keeps everybody from committing for a moment. Whoever may not lock all tables may be allowed to lock this one.
    async fn lock(&self, session: &mut Session) -> bool {
        let brief = "set session lock_wait_timeout = 5";
        if session.attempt(brief).await.is_err() {
            return false;
        }
        if let Relation::Table(name) = &self.request.relation {
            let table = MySqlDialect.table(name);
            if session.attempt(&format!("lock tables {table} read")).await.is_ok() {
                return true;
            }
        }
        session.attempt("flush tables with read lock").await.is_ok()
    }
}

/// Whether a query's columns are all read, in their order.
async fn is_whole(session: &mut Session, request: &ScanRequest) -> Result<bool, Error> {
    let described = describe(session, &request.relation, &ReadConfig::default()).await?;
    Ok(described.schema.fields() == request.schema.fields())
}
