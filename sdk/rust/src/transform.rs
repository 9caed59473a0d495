//! Functions that keep something between batches.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::schema::Schema;

/// A function over batches that keeps something between them: one value per sandbox, and so per partition.
///
/// ```
/// use tenon::{Batch, Column, NoConfig, Result, Schema, Transform};
///
/// /// Numbers the rows of each partition.
/// struct Number {
///     next: i64,
/// }
///
/// /// Adds the column `number`, from 0.
/// #[tenon::transform]
/// impl Transform for Number {
///     type Config = NoConfig;
///
///     fn open(_config: NoConfig, _input: &Schema) -> Result<Self> {
///         Ok(Self { next: 0 })
///     }
///
///     fn output_schema(&self, input: &Schema) -> Result<Schema> {
///         Ok(input.with([tenon::Field::new("number", tenon::DataType::Int64)]))
///     }
///
///     fn process(&mut self, batch: Batch) -> Result<Batch> {
///         let first = self.next;
///         self.next += batch.rows() as i64;
///         batch.with_column("number", (first..self.next).collect::<Column<i64>>())
///     }
/// }
///
/// let mut number = tenon::testing::open("number", "{}", tenon::batch! { "a" => [1, 2] }.schema())?;
/// number.process(tenon::batch! { "a" => [1, 2] })?;
/// let output = number.process(tenon::batch! { "a" => [3] })?;
/// assert_eq!(output.batches[0].column::<i64>("number")?.values(), [2]);
/// # Ok::<(), tenon::Error>(())
/// ```
pub trait Transform: Sized + 'static {
    /// The configuration; [`NoConfig`](crate::NoConfig) for none.
    type Config: DeserializeOwned + JsonSchema;

    /// Starts, before the first batch.
    ///
    /// # Errors
    /// `bad-config` for a configuration that doesn't fit the input.
    fn open(config: Self::Config, input: &Schema) -> Result<Self>;

    /// The schema of what comes out; that of the input unless this says otherwise.
    ///
    /// # Errors
    /// `bad-config` for an input that the function can't take.
    fn output_schema(&self, input: &Schema) -> Result<Schema> {
        Ok(input.clone())
    }

    /// Takes one batch. Answers with `Batch`, `Option<Batch>`, `Vec<Batch>` or nothing, or a [`Result`] of these.
    fn process(&mut self, batch: Batch) -> impl IntoBatches;

    /// Ends, after the last batch; may answer with more batches.
    fn finish(&mut self) -> impl IntoBatches {}
}

/// What a function may answer with.
pub trait IntoBatches {
    /// The batches, in order.
    ///
    /// # Errors
    /// Whatever the function failed with.
    fn into_batches(self) -> Result<Vec<Batch>>;
}

impl IntoBatches for () {
    fn into_batches(self) -> Result<Vec<Batch>> {
        Ok(Vec::new())
    }
}

impl IntoBatches for Batch {
    fn into_batches(self) -> Result<Vec<Batch>> {
        Ok(vec![self])
    }
}

impl IntoBatches for Option<Batch> {
    fn into_batches(self) -> Result<Vec<Batch>> {
        Ok(self.into_iter().collect())
    }
}

impl IntoBatches for Vec<Batch> {
    fn into_batches(self) -> Result<Vec<Batch>> {
        Ok(self)
    }
}

impl<B: IntoBatches, E: Into<Error>> IntoBatches for Result<B, E> {
    fn into_batches(self) -> Result<Vec<Batch>> {
        self.map_err(Into::into).and_then(IntoBatches::into_batches)
    }
}
