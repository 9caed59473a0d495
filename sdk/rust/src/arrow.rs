//! Record batches of arrow-rs.

use arrow_array::RecordBatch;

use crate::batch::Batch;
use crate::column::RawColumn;
use crate::error::Result;
use crate::layout;

impl Batch {
    /// Reads all columns as an arrow-rs record batch: everything crosses. To read less, [`Batch::select`] first.
    ///
    /// # Errors
    /// `limit` if the columns don't fit into the sandbox.
    pub fn to_arrow(&self) -> Result<RecordBatch> {
        layout::record_batch(self.schema(), self.rows() as u32, &self.raw_columns()?)
    }

    /// A batch of an arrow-rs record batch: everything crosses.
    ///
    /// # Errors
    /// `bad-data` if the host refuses a column.
    pub fn from_arrow(batch: &RecordBatch) -> Result<Self> {
        let schema = layout::schema_from(batch.schema_ref())?;
        let columns = batch
            .schema_ref()
            .fields()
            .iter()
            .zip(batch.columns())
            .zip(&schema.fields);
        let columns = columns.map(|((arrow_field, array), field)| {
            let (nodes, buffers) = layout::parts_from(arrow_field, array)?;
            Ok(RawColumn {
                field: field.clone(),
                nodes,
                buffers,
            })
        });
        Self::build(&schema, batch.num_rows(), columns.collect::<Result<_>>()?)
    }
}
