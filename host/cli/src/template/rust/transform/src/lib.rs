//! Tells large orders from small ones.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Result, Utf8, reject};

/// What the job file says under `config`.
#[derive(Deserialize, JsonSchema)]
struct Classify {
    /// Amount from which an order is large.
    #[serde(default = "large_from")]
    large_from: f64,
}

fn large_from() -> f64 {
    100.0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_and_negative_amounts_rejected() -> Result<()> {
        let orders = tenon::batch! { "amount" => [Some(20.0), Some(250.0), Some(-1.0), None] };
        let output = tenon::testing::run("classify", r#"{ "large_from": 100 }"#, orders)?;
        let sizes = output.batches[0].strings("size")?;
        assert_eq!((sizes.get(0), sizes.get(1), sizes.get(2)), (Some("small"), Some("large"), None));
        assert_eq!(output.rejected, [(2, "the amount is negative".to_owned())]);
        Ok(())
    }
}
