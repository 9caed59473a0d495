//! One partition at work: takes units from the queue and makes batches of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, filter};
use arrow::datatypes::Field;
use datafusion::common::nested_struct::cast_column;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::metrics::BaselineMetrics;

use super::plan::{Layout, Parser, Piece, Queue};
use super::units::{Content, Unit};
use crate::Error;
use crate::file::containers::guarded;
use crate::file::schema::name_of;
use crate::file::stored::StoredFile;

pub(super) struct PartitionReader {
    pub layout: Arc<Layout>,
    pub queue: Option<Arc<Queue>>,
    pub current: Option<Unit>,
    /// Batches that are ready.
    pub ready: VecDeque<RecordBatch>,
    pub batch_rows: usize,
    pub metrics: BaselineMetrics,
    /// Rows that all partitions together may still yield.
    pub remaining: Arc<AtomicUsize>,
}

impl PartitionReader {
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        let failed = |error: Error| DataFusionError::External(Box::new(error));
        loop {
            if self.remaining.load(Ordering::Relaxed) == 0 {
                // Ends the readers once every partition has seen it.
                self.queue = None;
                return Ok(None);
            }
            if let Some(batch) = self.ready.pop_front() {
                if let Some(batch) = self.within_limit(batch) {
                    self.metrics.record_output(batch.num_rows());
                    return Ok(Some(batch));
                }
                continue;
            }
            if let Some(unit) = self.current.take() {
                let file = Arc::clone(&unit.file);
                let compute = self.metrics.elapsed_compute().clone();
                let timer = compute.timer();
                let parsed = self.parse(unit);
                timer.done();
                if let Err(error) = parsed {
                    return Err(failed(file.explain(&self.layout.set.store, error).await));
                }
                self.layout.set.bad_rows.settle().await?;
                continue;
            }
            let Some(queue) = &self.queue else { return Ok(None) };
            match queue.next().await {
                Some(unit) => self.current = Some(unit.map_err(failed)?),
                None => return Ok(None),
            }
        }
    }

    fn parse(&mut self, mut unit: Unit) -> Result<(), Error> {
        let layout = Arc::clone(&self.layout);
        let file = Arc::clone(&unit.file);
        match (&layout.parser, &mut unit.content) {
            (Parser::Csv(parser), Content::Csv(chunk)) => {
                if let Some((arrays, rows)) = parser.parse(chunk)? {
                    self.push(&file, &arrays, rows)?;
                    self.current = Some(unit);
                }
            }
            (Parser::Json(parser), Content::Json(chunk)) => {
                for batch in parser.parse(chunk, &file.name, self.batch_rows)? {
                    self.push(&file, batch.columns(), batch.num_rows())?;
                }
            }
            (_, Content::Part(part)) => {
                if let Some((batch, before)) = guarded(&file, || part.next().transpose())? {
                    let (arrays, rows) = layout.fit(&file, &batch, before)?;
                    self.push(&file, &arrays, rows)?;
                    self.current = Some(unit);
                }
            }
            (_, Content::Batch(batch, before)) => {
                let (arrays, rows) = layout.fit(&file, batch, *before)?;
                self.push(&file, &arrays, rows)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, file: &StoredFile, arrays: &[ArrayRef], rows: usize) -> Result<(), Error> {
        if rows > 0 {
            self.ready.push_back(self.layout.assemble(file, arrays, rows)?);
        }
        Ok(())
    }

    fn within_limit(&self, batch: RecordBatch) -> Option<RecordBatch> {
        let rows = batch.num_rows();
        let take = |remaining: usize| Some(remaining.saturating_sub(rows));
        let before = self.remaining.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let allowed = before.unwrap_or_default();
        match allowed {
            0 => None,
            _ if allowed >= rows => Some(batch),
            _ => Some(batch.slice(0, allowed)),
        }
    }
}

impl Layout {
    /// The columns of the scan out of the file's columns and its folders.
    fn assemble(&self, file: &StoredFile, arrays: &[ArrayRef], rows: usize) -> Result<RecordBatch, Error> {
        let failed = |reason: String| Error::Config {
            subject: file.name.to_string(),
            reason,
        };
        let mut columns = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            columns.push(match piece {
                Piece::File(index) => Arc::clone(&arrays[*index]),
                Piece::Partition(index) => {
                    let value = &file.partition[*index];
                    value
                        .to_array_of_size(rows)
                        .map_err(|error| failed(error.to_string()))?
                }
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        RecordBatch::try_new_with_options(schema, columns, &options).map_err(|error| failed(error.to_string()))
    }

    /// The scan's columns out of a batch as the file declares it. Values that do not fit spoil their row.
    fn fit(&self, file: &StoredFile, batch: &RecordBatch, before: u64) -> Result<(Vec<ArrayRef>, usize), Error> {
        let mut sound = vec![true; batch.num_rows()];
        let mut arrays = Vec::with_capacity(self.file_fields.len());
        for field in &self.file_fields {
            let Some(found) = batch.column_by_name(field.name()) else {
                arrays.push(new_null_array(field.data_type(), batch.num_rows()));
                continue;
            };
            if found.data_type() == field.data_type() {
                arrays.push(Arc::clone(found));
                continue;
            }
            let cast = cast_column(found, field.data_type(), &CastOptions::default());
            let cast = cast.map_err(|error| Error::Config {
                subject: file.name.to_string(),
                reason: format!(
                    "the column `{}` is {} there and cannot become {}: {error}",
                    field.name(),
                    name_of(found.data_type()),
                    name_of(field.data_type())
                ),
            })?;
            if cast.null_count() > found.logical_null_count() {
                self.find_misfits(file, field, found, &cast, before, &mut sound)?;
            }
            arrays.push(cast);
        }
        if sound.iter().all(|sound| *sound) {
            return Ok((arrays, batch.num_rows()));
        }
        let sound = BooleanArray::from(sound);
        let kept = arrays
            .iter()
            .map(|array| filter(array, &sound))
            .collect::<Result<Vec<_>, _>>();
        let kept = kept.map_err(|error| Error::Config {
            subject: file.name.to_string(),
            reason: error.to_string(),
        })?;
        Ok((kept, sound.true_count()))
    }

    fn find_misfits(
        &self,
        file: &StoredFile,
        field: &Field,
        found: &ArrayRef,
        cast: &ArrayRef,
        before: u64,
        sound: &mut [bool],
    ) -> Result<(), Error> {
        for (row, sound) in sound.iter_mut().enumerate() {
            if !*sound || found.is_null(row) || cast.is_valid(row) {
                continue;
            }
            *sound = false;
            let value = arrow::util::display::array_value_to_string(found, row).unwrap_or_default();
            let reason = format!(
                "column `{}` holds `{value}`, which does not fit {}",
                field.name(),
                name_of(field.data_type())
            );
            self.set.bad_rows.take(
                &file.name,
                before.saturating_add(row as u64 + 1),
                reason,
                value.as_bytes(),
            )?;
        }
        Ok(())
    }
}
