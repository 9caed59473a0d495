//! What the runtime benchmark measures, one function per cost. Every function works on the column `x`.

use tenon::{Batch, Column, Error, Result};

/// Passes the batch through by handle: what a call costs by itself.
#[tenon::transform]
pub fn pass(batch: Batch) -> Result<Batch> {
    Ok(batch)
}

/// Copies the column into the guest and passes the batch through: what reading costs.
#[tenon::transform]
pub fn read(batch: Batch) -> Result<Batch> {
    let column = batch.raw("x")?;
    // Looks at the copy, so that nobody can leave it out.
    if column.len() != batch.rows() {
        return Err(Error::internal("the column has another length than the batch"));
    }
    Ok(batch)
}

/// Multiplies the column by 1.1 in the guest and puts the result in its place.
#[tenon::transform]
pub fn scale(batch: Batch) -> Result<Batch> {
    let scaled: Column<f64> = batch.column::<f64>("x")?.map(|value| value * 1.1);
    batch.with_column("x", scaled)
}

/// Filters natively, on the handle: no byte crosses.
#[tenon::transform]
pub fn filter(batch: Batch) -> Result<Batch> {
    batch.filter("x > 0.5")
}

/// The greatest common divisor of the columns `a` and `b`, as the example of arrow-udf computes it.
#[tenon::transform]
pub fn gcd(batch: Batch) -> Result<Batch> {
    let (a, b) = (batch.column::<i32>("a")?, batch.column::<i32>("b")?);
    let divisors: Vec<i32> = a
        .values()
        .iter()
        .zip(b.values())
        .map(|(&a, &b)| divisor(a, b))
        .collect();
    batch.with_column("gcd", Column::new(divisors))
}

fn divisor(mut a: i32, mut b: i32) -> i32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
