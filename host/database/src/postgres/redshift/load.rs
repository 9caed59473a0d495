//! A table that is being written.

use std::fmt;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use async_trait::async_trait;
use futures::StreamExt;
use object_store::path::Path;
use parking_lot::Mutex;
use serde_json::json;

use super::super::{Connection, Postgres, RedshiftDialect};
use super::apply::{self, Applied};
use super::bucket::Bucket;
use super::catalog::{find, quoted};
use super::insert::Inserter;
use super::kind::restored;
use super::ledger::Ledger;
use super::objects::FileWriter;
use super::plan::{Plan, Source, is_lenient};
use super::rejects::{faults, reason};
use super::unloaded::remove_later;
use super::{gone, roll_back, silent};
use crate::sql::Dialect;
use crate::{
    Committed, Database, Error, Load, LoadRequest, Part, Prepared, ReadConfig, RejectedRows, Relation, ScanRequest,
    TableWriter,
};

/// Rejected rows that are read back at once.
const REJECTED_ROWS: usize = 1000;
/// Rows that are read back at most, as a limit has it: a read with a limit does not go through files.
const ALL_ROWS: u64 = 2_000_000_000;
/// The column of the reasons of rejected rows, beside their own.
const REASON: &str = "_tenon_reason";
/// Bytes of a text at most.
const TEXT_BYTES: i32 = 65_535;

/// What the writers of a load have in common.
pub(super) struct Shared {
    pub database: Postgres,
    pub request: LoadRequest,
    pub target: crate::TableName,
    pub staging: crate::TableName,
    pub plan: Plan,
    bucket: Option<Bucket>,
    files: Mutex<Vec<File>>,
}

/// A file that a writer has put into the bucket.
pub(super) struct File {
    pub path: Path,
    pub bytes: u64,
    pub rows: u64,
}

impl Shared {
    pub fn new(
        database: Postgres,
        request: LoadRequest,
        target: crate::TableName,
        staging: String,
        plan: Plan,
        bucket: Option<Bucket>,
    ) -> Self {
        Self {
            database,
            request,
            staging: target.beside(staging),
            target,
            plan,
            bucket,
            files: Mutex::default(),
        }
    }

    /// Puts a file into the run's folder.
    pub async fn put(&self, name: &str, content: Vec<u8>) -> Result<Path, Error> {
        let (bucket, folder) = self.folder().ok_or_else(|| gone(&self.describe(&[])))?;
        let path = folder.join(name);
        bucket.put(&path, content).await?;
        Ok(path)
    }

    /// Has a file copied with the others.
    pub fn add(&self, file: File) {
        self.files.lock().push(file);
    }

    /// Removes the run's files.
    pub async fn remove_files(&self) -> Result<(), Error> {
        match self.folder() {
            Some((bucket, folder)) => bucket.remove(&folder).await,
            None => Ok(()),
        }
    }

    fn folder(&self) -> Option<(&Bucket, Path)> {
        let bucket = self.bucket.as_ref()?;
        Some((bucket, bucket.folder(&self.staging.table)))
    }

    /// What is prepared, before the table is looked at once more.
    fn describe(&self, parts: &[Part]) -> Prepared {
        Prepared {
            run: self.request.run.clone(),
            sink: self.request.sink.clone(),
            table: self.target.clone(),
            staging: self.staging.clone(),
            columns: self.plan.columns.clone(),
            keys: self.plan.keys.clone(),
            delete_when: self.request.config.delete_when.clone(),
            replaced: self.plan.replaced,
            alterations: self.plan.alterations.clone(),
            rows: parts.iter().map(|part| part.rows).sum(),
            bytes: parts.iter().map(|part| part.bytes).sum(),
        }
    }
}

/// A write to a table, and the session that commits it.
pub(super) struct RedshiftLoad {
    keeper: Connection,
    ledger: Ledger,
    shared: Arc<Shared>,
    prepared: Option<Prepared>,
    /// Whether there may be files in the bucket.
    has_files: bool,
}

impl RedshiftLoad {
    pub fn new(keeper: Connection, ledger: Ledger, shared: Arc<Shared>) -> Self {
        Self {
            keeper,
            ledger,
            has_files: shared.bucket.is_some(),
            shared,
            prepared: None,
        }
    }

    /// Has the cluster copy the files to the staging table, and removes them.
    async fn copy(&mut self) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let Some((bucket, folder)) = shared.folder() else {
            return Ok(());
        };
        let copied = self.copy_files(bucket, &folder).await;
        let removed = bucket.remove(&folder).await;
        self.has_files = removed.is_err();
        if let Err(error) = removed {
            tracing::warn!(%error, "files that were copied are left in S3");
        }
        copied
    }

    async fn copy_files(&self, bucket: &Bucket, folder: &Path) -> Result<(), Error> {
        let (manifest, rows) = {
            let files = self.shared.files.lock();
            let entries = files.iter().map(|file| {
                json!({
                    "url": bucket.url(&file.path),
                    "mandatory": true,
                    "meta": { "content_length": file.bytes },
                })
            });
            let manifest = json!({ "entries": entries.collect::<Vec<_>>() });
            (manifest, files.iter().map(|file| file.rows).sum::<u64>())
        };
        if rows == 0 {
            return Ok(());
        }
        let path = folder.clone().join("manifest");
        bucket.put(&path, manifest.to_string()).await?;
        let doing = format!("copying rows for {}", self.shared.target);
        let statement = format!(
            "copy {} from '{}' {} format as parquet manifest",
            quoted(&self.shared.staging),
            bucket.url(&path),
            bucket.authorization()
        );
        silent::run(&self.keeper, bucket, &doing, &statement).await?;
        let count = format!("select count(*) from {}", quoted(&self.shared.staging));
        let copied = self.keeper.text(&doing, &count).await?;
        if copied.trim() == rows.to_string() {
            return Ok(());
        }
        Err(Error::Mismatch {
            table: self.shared.target.to_string(),
            reason: format!("{rows} rows were written to S3, and the cluster has copied {copied} of them"),
        })
    }

    /// Columns of text that are too short for some rows are made longer.
    async fn add_widened_text(&self, prepared: &mut Prepared) -> Result<(), Error> {
        let doing = format!("measuring the rows for {}", prepared.table);
        for (column, limit) in &self.shared.plan.limits {
            let name = RedshiftDialect.quote(column);
            let statement = format!(
                "select coalesce(max(octet_length({name})), 0) from {}",
                quoted(&prepared.staging)
            );
            let longest = self.keeper.text(&doing, &statement).await?;
            if longest.trim().parse::<i32>().is_ok_and(|longest| longest > *limit) {
                let statement = format!("{}varchar({TEXT_BYTES})", apply::widening(prepared, column));
                prepared.alterations.push(statement);
            }
        }
        Ok(())
    }

    /// Hands over the rows that the table would refuse, and removes them from the staging table.
    async fn reject(&self, prepared: &mut Prepared, rejected: &dyn RejectedRows) -> Result<(), Error> {
        let staging = find(&self.keeper, &prepared.staging)
            .await?
            .ok_or_else(|| gone(prepared))?;
        // A table that is not there yet gets the columns of the plan.
        let Some(target) = self.target(prepared).await? else {
            return Ok(());
        };
        let name = quoted(&prepared.staging);
        let found = faults(prepared, &target, &staging, "s");
        if found.is_empty() {
            return Ok(());
        }
        let columns = self
            .shared
            .plan
            .staged
            .iter()
            .filter(|column| matches!(column.source, Source::Column(_)));
        let columns: Vec<String> = columns
            .map(|column| format!("s.{}", RedshiftDialect.quote(&column.name)))
            .collect();
        let reason = reason(&found);
        let query = format!(
            "select * from (select {reason} as {REASON}, {} from {name} s) as tenon_rows where {REASON} is not null",
            columns.join(", ")
        );
        let found = self.hand_over(query, rejected).await?;
        if found > 0 {
            // A table that is deleted from has no other name.
            let faults = faults(prepared, &target, &staging, &name);
            let conditions: Vec<String> = faults.into_iter().map(|fault| fault.condition).collect();
            let statement = format!("delete from {name} where {}", conditions.join(" or "));
            let doing = format!("leaving out rows for {}", prepared.table);
            self.keeper.run(&doing, &statement).await?;
            prepared.rows = prepared.rows.saturating_sub(found);
        }
        Ok(())
    }

    async fn hand_over(&self, query: String, rejected: &dyn RejectedRows) -> Result<u64, Error> {
        let relation = Relation::Query(query);
        let database = &self.shared.database;
        let description = database.describe(&relation, &ReadConfig::default()).await?;
        let request = ScanRequest {
            relation,
            schema: Arc::clone(&description.schema),
            predicate: None,
            limit: Some(ALL_ROWS),
            parts: 1,
            split_by: None,
            batch_rows: REJECTED_ROWS,
        };
        let mut batches = database.scan(request).await?.read(0);
        let mut found = 0;
        while let Some(batch) = batches.next().await {
            let (rows, reasons) = self.as_written(&batch?)?;
            found += rows.num_rows() as u64;
            rejected.reject(&rows, &reasons).await?;
        }
        Ok(found)
    }

    /// Rows as they were to be written, each with its reason.
    fn as_written(&self, batch: &RecordBatch) -> Result<(RecordBatch, Vec<String>), Error> {
        let unreadable = |error: arrow::error::ArrowError| Error::Mismatch {
            table: self.shared.target.to_string(),
            reason: format!("rejected rows cannot be read back: {error}"),
        };
        let reasons = cast(batch.column(0), &DataType::Utf8).map_err(unreadable)?;
        let reasons = reasons.as_string::<i32>().iter();
        let reasons = reasons.map(|reason| reason.unwrap_or_default().to_owned()).collect();
        let indexes = self.shared.plan.staged.iter().filter_map(|column| match column.source {
            Source::Column(index) => Some(index),
            _ => None,
        });
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (index, array) in indexes.zip(batch.columns().iter().skip(1)) {
            let field = self.shared.request.schema.field(index);
            let array = restored(array, field.data_type());
            fields.push(Field::new(field.name(), array.data_type().clone(), true));
            arrays.push(array);
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(unreadable)?;
        Ok((rows, reasons))
    }

    /// The table as it is, or as it would be made.
    async fn target(&self, prepared: &Prepared) -> Result<Option<super::catalog::Table>, Error> {
        if let Some(table) = find(&self.keeper, &prepared.table).await? {
            return Ok(Some(table));
        }
        let Some(create) = prepared
            .alterations
            .iter()
            .find(|statement| statement.starts_with("create "))
        else {
            return Ok(None);
        };
        let doing = format!("looking at the columns of {}", prepared.table);
        self.keeper.run(&doing, &format!("begin; {create}")).await?;
        let table = find(&self.keeper, &prepared.table).await;
        roll_back(&self.keeper).await;
        table
    }

    /// Moves the rows in a transaction that is left open.
    async fn open_commit(&mut self, prepared: &mut Prepared, rejected: &dyn RejectedRows) -> Result<(), Error> {
        self.copy().await?;
        self.add_widened_text(prepared).await?;
        if is_lenient(&self.shared.request) {
            self.reject(prepared, rejected).await?;
        }
        self.ledger.note_prepared(&self.keeper, prepared).await?;
        match apply::apply(&self.keeper, prepared).await? {
            Applied::Open => Ok(()),
            Applied::Gone => Err(gone(prepared)),
        }
    }
}

#[async_trait]
impl Load for RedshiftLoad {
    fn writers(&self) -> usize {
        if self.shared.bucket.is_none() {
            // A table is written by one transaction at a time.
            return 1;
        }
        let wanted = self.shared.request.config.writers;
        wanted.map_or(usize::MAX, |writers| writers as usize).max(1)
    }

    fn writer(&self, partition: usize) -> Box<dyn TableWriter> {
        if self.shared.bucket.is_some() {
            Box::new(FileWriter::new(Arc::clone(&self.shared), partition))
        } else {
            Box::new(Inserter::new(Arc::clone(&self.shared)))
        }
    }

    async fn prepare(&mut self, parts: Vec<Part>, rejected: &dyn RejectedRows) -> Result<Prepared, Error> {
        let mut prepared = self.shared.describe(&parts);
        if let Err(error) = self.open_commit(&mut prepared, rejected).await {
            // What could not be prepared need not be kept for whoever would commit it.
            if self.keeper.is_idle()
                && let Err(error) = self.ledger.take_back(&self.keeper).await
            {
                tracing::debug!(%error, table = %prepared.table, "a staging table stays for a day");
            }
            return Err(error);
        }
        self.prepared = Some(prepared.clone());
        Ok(prepared)
    }

    async fn commit(self: Box<Self>) -> Result<Committed, Error> {
        match &self.prepared {
            Some(prepared) => apply::commit(&self.keeper, &self.ledger, prepared).await,
            None => Err(Error::Config {
                subject: self.shared.target.to_string(),
                reason: "it is not prepared, and cannot be committed".to_owned(),
            }),
        }
    }

    async fn abandon(mut self: Box<Self>) {
        let given_up = async {
            self.shared.remove_files().await?;
            roll_back(&self.keeper).await;
            self.ledger.forget(&self.keeper).await
        };
        match given_up.await {
            Ok(()) => self.has_files = false,
            Err(error) => {
                tracing::warn!(%error, table = %self.shared.target, "what was written stays for a day");
            }
        }
    }
}

impl Drop for RedshiftLoad {
    fn drop(&mut self) {
        if self.has_files
            && let Some((bucket, folder)) = self.shared.folder()
        {
            remove_later(bucket, &folder);
        }
    }
}

impl fmt::Debug for RedshiftLoad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedshiftLoad")
            .field("table", &self.shared.target)
            .field("ledger", &self.ledger)
            .finish_non_exhaustive()
    }
}
