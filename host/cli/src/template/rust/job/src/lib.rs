//! Reads orders, tells large ones from small ones, and writes both with what was rejected.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::job::{Context, Mode, Sink};
use tenon::{Batch, Result, Utf8, json, reject};

/// What `classify` is applied with.
#[derive(Deserialize, JsonSchema)]
struct Classify {
    /// Amount from which an order is large.
    large_from: f64,
}

/// Adds the column `size`; orders below nothing are rejected.
#[tenon::transform]
fn classify(batch: Batch, config: &Classify) -> Result<Batch> {
    let amounts = batch.column::<f64>("amount")?;
    let sizes: Utf8 = amounts
        .iter()
        .map(|amount| amount.map(|amount| if amount < config.large_from { "small" } else { "large" }))
        .collect();
    for (row, amount) in amounts.iter().enumerate() {
        if amount.is_some_and(|amount| amount < 0.0) {
            reject(row, "the amount is negative");
        }
    }
    batch.with_column("size", sizes)?.without_rejected()
}

/// The job: the host plans and runs it, `classify` in sandboxes of its own.
#[tenon::job]
fn run(ctx: &Context) -> Result<()> {
    let orders = ctx.read("data/orders.csv")?;
    let classified = orders.apply(classify, json!({ "large_from": 100 }))?;
    classified.write(Sink::csv("out/classified.csv").mode(Mode::Overwrite))?;
    classified.rejected()?.write(Sink::ndjson("out/rejected.ndjson").mode(Mode::Overwrite))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tenon::{batch, testing};

    use super::*;

    #[test]
    fn orders_are_classified_and_written() -> Result<()> {
        testing::source("data/orders.csv", batch! { "amount" => [Some(20.0), Some(250.0), Some(-1.0)] });
        run(&testing::context())?;
        let classified = testing::written("out/classified.csv");
        let sizes = classified[0].strings("size")?;
        assert_eq!((sizes.get(0), sizes.get(1)), (Some("small"), Some("large")));
        let rejected = testing::written("out/rejected.ndjson");
        let reasons = rejected[0].strings("rejected_because")?;
        assert_eq!((rejected[0].rows(), reasons.get(0)), (1, Some("the amount is negative")));
        Ok(())
    }
}
