//! A table that is being written.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use futures::TryStreamExt;

use super::super::{Connection, PostgresDialect};
use super::apply::{Refused, apply, committed, drop_staging};
use super::catalog::{find, quoted};
use super::compact::compact;
use super::ledger::{Ledger, State};
use super::moving::Moving;
use super::plan::alter_type;
use super::rejects::{Bad, among, duplicates, reasons, remove};
use super::token::Token;
use super::writer::{Shared, Writer};
use crate::sql::Dialect;
use crate::{
    Committed, Database, Error, Load, LoadRequest, OnError, Part, Prepared, ReadConfig, RejectedRows, Relation,
    Replaced, ScanRequest, TableWriter,
};

/// Rejected rows that are read back at once.
const REJECTED_ROWS: usize = 1000;
/// Rows from which on the table's statistics are worth being made anew at once.
const MANY_ROWS: u64 = 10_000;
/// The column of the places of rejected rows, beside their own.
const PLACE: &str = "_tenon_place";

/// A write to a table, and the session that owns its staging table.
pub(super) struct PostgresLoad {
    request: LoadRequest,
    keeper: Connection,
    ledger: Ledger,
    token: Token,
    shared: Arc<Shared>,
    prepared: Option<Prepared>,
}

impl PostgresLoad {
    pub fn new(request: LoadRequest, keeper: Connection, ledger: Ledger, token: Token, shared: Arc<Shared>) -> Self {
        Self {
            request,
            keeper,
            ledger,
            token,
            shared,
            prepared: None,
        }
    }

    /// What is prepared, before the table is looked at once more.
    fn describe(&self, parts: &[Part]) -> Prepared {
        let plan = &self.shared.plan;
        Prepared {
            run: self.request.run.clone(),
            sink: self.request.sink.clone(),
            table: self.shared.target.clone(),
            staging: self.shared.staging.clone(),
            columns: plan.columns.clone(),
            keys: plan.keys.clone(),
            delete_when: self.request.config.delete_when.clone(),
            replaced: plan.replaced,
            alterations: plan.alterations.clone(),
            rows: parts.iter().map(|part| part.rows).sum(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
        }
    }

    /// Columns of text that are too short for some rows are made longer.
    async fn add_widened_text(&self, prepared: &mut Prepared) -> Result<(), Error> {
        for (column, limit) in &self.shared.plan.limits {
            let name = PostgresDialect.quote(column);
            let staging = quoted(&prepared.staging);
            let statement = format!("select exists (select from {staging} where char_length({name}) > {limit})");
            let doing = format!("measuring the rows for {}", prepared.table);
            if self.keeper.query_one(&doing, &statement, &[]).await?.get(0) {
                prepared.alterations.push(alter_type(&prepared.table, column, "text"));
            }
        }
        Ok(())
    }

    /// Rejects rows that share their keys with others.
    async fn reject_duplicates(&self, prepared: &mut Prepared, rejected: &dyn RejectedRows) -> Result<(), Error> {
        let staging = find(&self.keeper, &prepared.staging).await?;
        let target = find(&self.keeper, &prepared.table).await?;
        let Some(staging) = staging.filter(|_| prepared.replaced == Replaced::Merged) else {
            return Ok(());
        };
        let keyed = Prepared {
            columns: prepared.keys.clone(),
            ..prepared.clone()
        };
        // Keys are as in the staging table where there is no table yet.
        let moving = Moving::new(target.as_ref().unwrap_or(&staging), &staging, &keyed)?;
        let bad = duplicates(&self.keeper, &moving, prepared).await?;
        self.reject(&bad, prepared, rejected).await?;
        remove(&self.keeper, &prepared.staging, &bad).await?;
        prepared.rows -= (bad.len() as u64).min(prepared.rows);
        Ok(())
    }

    /// Hands rows of the staging table to whoever takes rejected ones.
    async fn reject(&self, bad: &[Bad], prepared: &Prepared, rejected: &dyn RejectedRows) -> Result<(), Error> {
        let reasons = reasons(bad);
        for bad in bad.chunks(REJECTED_ROWS) {
            let places: Vec<String> = bad.iter().map(|bad| bad.place.clone()).collect();
            let rows = self.read_back(&places, prepared).await?;
            let Some((places, rows)) = rows else {
                continue;
            };
            let reason = |place: Option<&str>| {
                let reason = place.and_then(|place| reasons.get(place).copied());
                reason.unwrap_or_default().to_owned()
            };
            let reasons: Vec<String> = places.iter().map(reason).collect();
            rejected.reject(&rows, &reasons).await?;
        }
        Ok(())
    }

    /// Rows of the staging table, with their places, as they were to be written: named as the rows were, and of their types
    /// where the staging table's can be cast to them.
    async fn read_back(
        &self,
        places: &[String],
        prepared: &Prepared,
    ) -> Result<Option<(StringArray, RecordBatch)>, Error> {
        let plan = &self.shared.plan;
        let place = PostgresDialect.quote(PLACE);
        let columns: Vec<String> = plan
            .sent
            .iter()
            .map(|sent| format!("s.{}", PostgresDialect.quote(&sent.name)))
            .collect();
        let query = format!(
            "select s.ctid::text as {place}, {} from {} s where {}",
            columns.join(", "),
            quoted(&prepared.staging),
            among(places)
        );
        let relation = Relation::Query(query);
        let database = &self.shared.database;
        let description = database.describe(&relation, &ReadConfig::default()).await?;
        let request = ScanRequest {
            relation,
            schema: Arc::clone(&description.schema),
            predicate: None,
            limit: None,
            parts: 1,
            split_by: None,
            batch_rows: REJECTED_ROWS,
        };
        let batches: Vec<RecordBatch> = database.scan(request).await?.read(0).try_collect().await?;
        let unreadable = |error: arrow::error::ArrowError| Error::Mismatch {
            table: prepared.table.to_string(),
            reason: format!("rejected rows cannot be read back: {error}"),
        };
        let rows = concat_batches(&description.schema, &batches).map_err(unreadable)?;
        if rows.num_rows() == 0 {
            return Ok(None);
        }
        let places = cast(rows.column(0), &DataType::Utf8).map_err(unreadable)?;
        let places = places.as_string::<i32>().clone();
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for (sent, array) in plan.sent.iter().zip(rows.columns().iter().skip(1)) {
            let field = self.request.schema.field(sent.index);
            let array = cast(array, field.data_type()).unwrap_or_else(|_| Arc::clone(array));
            fields.push(Field::new(field.name(), array.data_type().clone(), true));
            arrays.push(array);
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(unreadable)?;
        Ok(Some((places, rows)))
    }

    /// Moves the rows in a transaction that is left open.
    async fn open_commit(&self, prepared: &mut Prepared, rejected: &dyn RejectedRows) -> Result<(), Error> {
        if let Some(staging) = find(&self.keeper, &prepared.staging).await? {
            compact(&self.keeper, &staging, prepared).await?;
        }
        self.add_widened_text(prepared).await?;
        if self.is_lenient() {
            self.reject_duplicates(prepared, rejected).await?;
        }
        self.note_prepared(prepared).await?;
        let refused = if self.is_lenient() {
            Refused::LeaveOut
        } else {
            Refused::Fail
        };
        let bad = apply(&self.keeper, prepared, &self.ledger, refused).await?;
        if !bad.is_empty() {
            self.reject(&bad, prepared, rejected).await?;
            prepared.rows -= (bad.len() as u64).min(prepared.rows);
            // Whoever commits after a crash must find the same rows, which the transaction that is open cannot say yet.
            let connection = self.shared.database.connect().await?;
            remove(&connection, &prepared.staging, &bad).await?;
        }
        Ok(())
    }

    /// What could not be prepared need not be kept for whoever would commit it.
    async fn take_back(&self, prepared: &Prepared) {
        if !self.keeper.is_idle() {
            return;
        }
        let taken_back = async {
            self.keeper.run("rolling back", "rollback").await?;
            self.ledger
                .note(&self.keeper, &self.token, State::Staging, &committed(prepared))
                .await
        };
        if let Err(error) = taken_back.await {
            tracing::debug!(%error, table = %prepared.table, "a staging table stays for a day");
        }
    }

    async fn note_prepared(&self, prepared: &Prepared) -> Result<(), Error> {
        let noted = self
            .ledger
            .note(&self.keeper, &self.token, State::Prepared, &committed(prepared))
            .await?;
        if noted {
            return Ok(());
        }
        Err(Error::Gone {
            table: prepared.table.to_string(),
            run: prepared.run.clone(),
        })
    }

    fn is_lenient(&self) -> bool {
        self.request.config.on_error == OnError::Reject
    }
}

#[async_trait]
impl Load for PostgresLoad {
    fn writers(&self) -> usize {
        let wanted = self
            .request
            .config
            .writers
            .map_or(usize::MAX, |writers| writers as usize);
        // One of the connections is the owner's.
        wanted.min(self.shared.database.connections().saturating_sub(1)).max(1)
    }

    fn writer(&self, _partition: usize) -> Box<dyn TableWriter> {
        Box::new(Writer::new(Arc::clone(&self.shared)))
    }

    async fn prepare(&mut self, parts: Vec<Part>, rejected: &dyn RejectedRows) -> Result<Prepared, Error> {
        self.shared.misfits.hand_over(rejected).await?;
        let mut prepared = self.describe(&parts);
        if let Err(error) = self.open_commit(&mut prepared, rejected).await {
            self.take_back(&prepared).await;
            return Err(error);
        }
        self.prepared = Some(prepared.clone());
        Ok(prepared)
    }

    async fn commit(self: Box<Self>) -> Result<Committed, Error> {
        let Some(prepared) = &self.prepared else {
            return Err(Error::Config {
                subject: self.shared.target.to_string(),
                reason: "it is not prepared, and cannot be committed".to_owned(),
            });
        };
        if self.is_lenient() {
            drop_staging(&self.keeper, &prepared.staging).await?;
        }
        self.keeper
            .run(&format!("committing to {}", prepared.table), "commit")
            .await?;
        let committed = committed(prepared);
        if committed.rows >= MANY_ROWS {
            let analyze = format!("analyze {}", quoted(&prepared.table));
            let keeper = self.keeper;
            // Nobody has to wait for it, and nothing is lost if it fails.
            tokio::spawn(async move { keeper.run("analyzing a table", &analyze).await });
        }
        Ok(committed)
    }

    async fn abandon(self: Box<Self>) {
        let given_up = async {
            self.keeper.run("rolling back", "rollback").await?;
            self.ledger.forget(&self.keeper, &self.token).await
        };
        if let Err(error) = given_up.await {
            tracing::warn!(%error, table = %self.shared.target, "a staging table stays until the next run");
        }
    }
}

impl fmt::Debug for PostgresLoad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresLoad")
            .field("table", &self.shared.target)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
