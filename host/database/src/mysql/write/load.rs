//! A table that is being written.

use std::sync::Arc;

use async_trait::async_trait;

use crate::misfits::Misfits;
use crate::mysql::catalog;
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::session::{Session, number, text};
use crate::mysql::write::moving::{Moving, alter, is_emptied, move_all, refused, rename, start};
use crate::mysql::write::plan::{Plan, ROW};
use crate::mysql::write::rejects::{hand_over, move_good};
use crate::mysql::write::token::{State, Token};
use crate::mysql::write::writer::{Destination, MySqlWriter};
use crate::sql::Dialect;
use crate::{Committed, Error, Load, LoadRequest, Mode, OnError, Part, Prepared, RejectedRows, Replaced, TableWriter};

/// A table that is being written.
#[derive(Debug)]
pub(crate) struct MySqlLoad {
    /// Holds the lock that says that somebody is at work, and later the transaction that moves the rows.
    session: Session,
    request: LoadRequest,
    token: Token,
    plan: Plan,
    destination: Arc<Destination>,
    prepared: Option<Prepared>,
}

impl MySqlLoad {
    pub(crate) fn new(session: Session, request: LoadRequest, token: Token, plan: Plan) -> Self {
        let destination = Destination {
            target: Arc::clone(&session.target),
            table: token.table.clone(),
            staging: token.staging.clone(),
            schema: Arc::clone(&request.schema),
            staged: plan.staged.clone(),
            misfits: Misfits::of(&request),
        };
        Self {
            session,
            request,
            token,
            plan,
            destination: Arc::new(destination),
            prepared: None,
        }
    }

    /// Refuses several rows with the same keys, or keeps the last of them where they are changes in an order.
    async fn tell_apart(&mut self, prepared: &Prepared) -> Result<(), Error> {
        if prepared.replaced != Replaced::Merged {
            return Ok(());
        }
        let staging = MySqlDialect.table(&prepared.staging);
        let keys = MySqlDialect.quote_all(&prepared.keys);
        let present: Vec<String> = prepared
            .keys
            .iter()
            .map(|key| format!("{} is not null", MySqlDialect.quote(key)))
            .collect();
        let present = present.join(" and ");
        let doing = format!("to compare the keys of the rows for {}", prepared.table);
        if !self.plan.order.is_empty() {
            self.forget_emptied(prepared).await?;
            let order: Vec<String> = self.plan.order.iter().map(|by| format!("{by} desc")).collect();
            let sql = format!(
                "delete s from {staging} s join (select `{ROW}` as number, row_number() over \
                 (partition by {keys} order by {}) as place from {staging} where {present}) d \
                 on d.number = s.`{ROW}` where d.place > 1",
                order.join(", ")
            );
            return self.session.run(&sql, &doing).await;
        }
        let sql = format!("select {keys} from {staging} where {present} group by {keys} having count(*) > 1 limit 1");
        let rows = self.session.rows(&sql, &doing).await?;
        let Some(row) = rows.first() else {
            return Ok(());
        };
        let values: Vec<String> = prepared
            .keys
            .iter()
            .enumerate()
            .map(|(index, key)| format!("{key} = {}", text(row, index).unwrap_or_default()))
            .collect();
        Err(Error::Constraint {
            table: prepared.table.to_string(),
            message: format!("several of the rows have the same keys: {}", values.join(", ")),
        })
    }

    /// Drops changes that came before the last one that emptied the source's table, which itself stays.
    async fn forget_emptied(&mut self, prepared: &Prepared) -> Result<(), Error> {
        let Some(emptied) = prepared.delete_when.as_deref().and_then(is_emptied) else {
            return Ok(());
        };
        let staging = MySqlDialect.table(&prepared.staging);
        let doing = format!("to look for changes that emptied the table of {}", prepared.table);
        let sql = format!("select 1 from {staging} s where {emptied} limit 1");
        if self.session.first(&sql, &doing).await?.is_none() {
            return Ok(());
        }
        let places = format!(
            "select s.`{ROW}` as number, {emptied} as empties, row_number() over (order by {}, `{ROW}`) as place \
             from {staging} s",
            self.plan.order.join(", ")
        );
        let sql = format!(
            "delete s from {staging} s join ({places}) p on p.number = s.`{ROW}` \
             join (select max(e.place) as place from ({places}) e where e.empties) l on p.place < l.place"
        );
        self.session.run(&sql, &doing).await
    }

    /// Makes the keys of a new table its primary key, which finds duplicates.
    async fn add_key(&mut self, prepared: &Prepared) -> Result<(), Error> {
        if prepared.keys.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "alter table {} add primary key ({})",
            MySqlDialect.table(&prepared.staging),
            MySqlDialect.quote_all(&prepared.keys)
        );
        match self.session.attempt(&sql).await {
            Ok(()) => Ok(()),
            Err(failure) => Err(refused(&self.session, prepared, failure)),
        }
    }

    /// Moves the rows in a transaction that stays open, and answers with how many were rejected.
    async fn move_rows(&mut self, prepared: &Prepared, rejected: &dyn RejectedRows) -> Result<u64, Error> {
        alter(&mut self.session, prepared).await?;
        let moving = Moving::new(&mut self.session, prepared).await?;
        if self.request.config.on_error == OnError::Fail {
            start(&mut self.session, prepared).await?;
            move_all(&mut self.session, &moving).await?;
            return Ok(0);
        }
        let mut refused = 0;
        loop {
            start(&mut self.session, prepared).await?;
            let bad = move_good(&mut self.session, &moving, prepared).await?;
            if bad.is_empty() {
                return Ok(refused);
            }
            // They go for good before the others are moved, as whoever commits after a crash moves all that is staged.
            self.session
                .run("rollback", &format!("to write to {}", prepared.table))
                .await?;
            let (schema, staged) = (&self.request.schema, &self.plan.staged);
            hand_over(&mut self.session, prepared, staged, schema, &bad, rejected).await?;
            refused += bad.len() as u64;
        }
    }

    /// What becomes of the rows if somebody has made the table since writing began.
    async fn meanwhile(&mut self, prepared: &mut Prepared) -> Result<(), Error> {
        if prepared.replaced != Replaced::Nothing || catalog::table(&mut self.session, &prepared.table).await?.is_none()
        {
            return Ok(());
        }
        prepared.replaced = match self.request.config.mode {
            Mode::Append => Replaced::Added,
            Mode::Overwrite => Replaced::Rows,
            Mode::Error | Mode::Ignore | Mode::Upsert => {
                return Err(Error::Exists {
                    table: prepared.table.to_string(),
                });
            }
        };
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, Error> {
        let sql = format!("select count(*) from {}", MySqlDialect.table(&self.token.staging));
        let rows = self
            .session
            .rows(&sql, &format!("to count {}", self.token.staging))
            .await?;
        Ok(rows.first().and_then(|row| number(row, 0)).unwrap_or(0))
    }
}

#[async_trait]
impl Load for MySqlLoad {
    fn writers(&self) -> usize {
        // One connection is this one's own.
        let most = self.session.target.connections.saturating_sub(1).max(1);
        let wanted = self
            .request
            .config
            .writers
            .map_or(most, |writers| writers.max(1) as usize);
        wanted.min(most)
    }

    fn writer(&self, _: usize) -> Box<dyn TableWriter> {
        Box::new(MySqlWriter::new(Arc::clone(&self.destination)))
    }

    async fn prepare(&mut self, parts: Vec<Part>, rejected: &dyn RejectedRows) -> Result<Prepared, Error> {
        self.destination.misfits.hand_over(rejected).await?;
        let mut prepared = Prepared {
            run: self.request.run.clone(),
            sink: self.request.sink.clone(),
            table: self.token.table.clone(),
            staging: self.token.staging.clone(),
            columns: self.plan.moved.clone(),
            keys: self.plan.keys.clone(),
            delete_when: self.plan.delete_when.clone(),
            replaced: self.plan.replaced,
            alterations: self.plan.alterations.clone(),
            rows: parts.iter().map(|part| part.rows).sum(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
        };
        self.meanwhile(&mut prepared).await?;
        match prepared.replaced {
            Replaced::Nothing | Replaced::Table => {
                // The staging table was altered when it was made.
                prepared.alterations.clear();
                if prepared.replaced == Replaced::Nothing {
                    self.add_key(&prepared).await?;
                }
                self.token
                    .set(&mut self.session, State::Prepared, prepared.rows, prepared.bytes)
                    .await?;
            }
            Replaced::Rows | Replaced::Added | Replaced::Merged => {
                self.tell_apart(&prepared).await?;
                if !self.plan.order.is_empty() {
                    prepared.rows = self.count().await?;
                }
                self.token
                    .set(&mut self.session, State::Prepared, prepared.rows, prepared.bytes)
                    .await?;
                prepared.rows -= self.move_rows(&prepared, rejected).await?;
                // In the transaction: the rows and the token become visible together.
                self.token
                    .set(&mut self.session, State::Committed, prepared.rows, prepared.bytes)
                    .await?;
            }
        }
        self.prepared = Some(prepared.clone());
        Ok(prepared)
    }

    async fn commit(mut self: Box<Self>) -> Result<Committed, Error> {
        let Some(prepared) = self.prepared.take() else {
            return Err(Error::Config {
                subject: self.token.table.to_string(),
                reason: "nothing was prepared for it".to_owned(),
            });
        };
        let session = &mut self.session;
        match prepared.replaced {
            Replaced::Nothing | Replaced::Table => {
                rename(session, &prepared).await?;
                self.token
                    .set(session, State::Committed, prepared.rows, prepared.bytes)
                    .await?;
            }
            Replaced::Rows | Replaced::Added | Replaced::Merged => {
                session
                    .run("commit", &format!("to commit to {}", prepared.table))
                    .await?;
            }
        }
        // It is visible, so what is left behind is for a later run to sweep.
        let _ = self.token.drop_staging(session).await;
        self.token.unlock(session).await;
        Ok(Committed {
            table: prepared.table.to_string(),
            rows: prepared.rows,
            bytes: prepared.bytes,
        })
    }

    async fn abandon(mut self: Box<Self>) {
        let session = &mut self.session;
        let rolled_back = session.attempt("rollback").await.is_ok();
        // If the connection is lost, what is left is swept by a later run.
        if rolled_back && self.token.give_up(session).await.is_ok() {
            self.token.unlock(session).await;
        }
    }
}
