//! Rows that a function refuses.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static REJECTED: RefCell<BTreeMap<u32, Cow<'static, str>>> = const { RefCell::new(BTreeMap::new()) };
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
    // Rows are counted in 32 bits; whatever lies beyond can't be a row, and the host says so.
    let row = u32::try_from(row).unwrap_or(u32::MAX);
    REJECTED.with_borrow_mut(|rejected| {
        rejected.entry(row).or_insert_with(|| reason.into());
    });
}

/// The rows refused so far in this call, in order.
pub(crate) fn rows() -> std::collections::BTreeSet<u32> {
    REJECTED.with_borrow(|rejected| rejected.keys().copied().collect())
}

/// Ends a call: what was refused in it.
pub(crate) fn take() -> BTreeMap<u32, Cow<'static, str>> {
    REJECTED.take()
}
