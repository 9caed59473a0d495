//! Rows that a function refuses.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::batch::Batch;
use crate::error::{Error, Result};

/// Rows refused so far in this call, with their reasons, in the order in which they were refused.
#[derive(Default)]
pub(crate) struct Rejected {
    /// The batch that the call was given, if it was given one.
    input: Option<Batch>,
    rows: Vec<(u32, Cow<'static, str>)>,
    /// One bit per row, up to the last that was refused.
    seen: Vec<u8>,
}

/// More rows than a batch can have. What lies beyond is no row, and the host says so.
const MOST_ROWS: usize = 1 << 24;

thread_local! {
    static REJECTED: RefCell<Rejected> = RefCell::default();
}

/// Refuses a row of the batch that was given to the function: it goes to the job's reject sink with this reason, for
/// people to read. The function leaves the row out of its output by itself, for example with
/// [`Batch::without_rejected`](crate::Batch::without_rejected). A row is refused once; the first reason stays.
///
/// ```
/// use tenon::{Batch, Result, reject};
///
/// #[tenon::transform]
/// fn only_positive(batch: Batch) -> Result<Batch> {
///     for (row, amount) in batch.column::<f64>("amount")?.iter().enumerate() {
///         if amount.is_some_and(|amount| amount < 0.0) {
///             reject(row, "the amount is negative");
///         }
///     }
///     batch.without_rejected()
/// }
/// # fn main() {}
/// ```
pub fn reject(row: usize, reason: impl Into<Cow<'static, str>>) {
    REJECTED.with_borrow_mut(|rejected| {
        if rejected.see(row) {
            rejected
                .rows
                .push((u32::try_from(row).unwrap_or(u32::MAX), reason.into()));
        }
    });
}

/// Starts a call, on a batch or on none.
pub(crate) fn begin(input: Option<&Batch>) {
    REJECTED.set(Rejected {
        input: input.cloned(),
        ..Rejected::default()
    });
}

/// The rows of a batch that were not refused, unless none were.
pub(crate) fn kept(batch: &Batch) -> Result<Option<Vec<u32>>> {
    let rows = batch.rows();
    REJECTED.with_borrow(|rejected| {
        // Only here is the input asked for its rows, which is a call to the host.
        if let Some(given) = rejected.input.as_ref().map(Batch::rows)
            && given != rows
        {
            return Err(Error::bad_config(format!(
                "this batch has {rows} rows, but the function was given {given}, and rows are rejected by their \
                 positions in those: call `without_rejected` before `filter` and whatever else leaves rows out, moves \
                 or adds them"
            )));
        }
        let others = || -> Vec<u32> { (0..rows as u32).filter(|row| !rejected.has(*row as usize)).collect() };
        Ok((!rejected.rows.is_empty()).then(others))
    })
}

/// Ends a call: what was refused in it.
pub(crate) fn take() -> Vec<(u32, Cow<'static, str>)> {
    REJECTED.take().rows
}

impl Rejected {
    /// Whether the row is refused for the first time.
    fn see(&mut self, row: usize) -> bool {
        if row >= MOST_ROWS {
            return true;
        }
        if self.seen.len() <= row / 8 {
            self.seen.resize(row / 8 + 1, 0);
        }
        let first = !self.has(row);
        self.seen[row / 8] |= 1 << (row % 8);
        first
    }

    fn has(&self, row: usize) -> bool {
        self.seen.get(row / 8).is_some_and(|bits| bits >> (row % 8) & 1 == 1)
    }
}
