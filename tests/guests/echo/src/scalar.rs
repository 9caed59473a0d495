//! One value per row, for SQL.

use tenon::{Batch, Column, Result, reject};

/// The first column plus one, as one value per row.
#[tenon::transform(scalar)]
fn add_one(batch: Batch) -> Result<Batch> {
    let name = batch.schema().names().next().unwrap_or_default();
    let values = batch.column::<i64>(name)?;
    let next = values.iter().map(|value| value.and_then(|value| value.checked_add(1)));
    Batch::new([("add_one", next.collect::<Column<i64>>().into())])
}

/// One number by another; refuses rows where that is 0.
#[tenon::transform(scalar, reads = ["dividend", "divisor"])]
fn divide(batch: Batch) -> Result<Batch> {
    let (dividends, divisors) = (batch.column::<i64>("dividend")?, batch.column::<i64>("divisor")?);
    let mut quotients = Vec::with_capacity(batch.rows());
    for (row, (dividend, divisor)) in dividends.iter().zip(divisors.iter()).enumerate() {
        if divisor == Some(0) {
            reject(row, "division by 0");
        }
        quotients.push(
            dividend
                .zip(divisor)
                .and_then(|(dividend, divisor)| dividend.checked_div(divisor)),
        );
    }
    Batch::new([("quotient", quotients.into_iter().collect::<Column<i64>>().into())])
}
