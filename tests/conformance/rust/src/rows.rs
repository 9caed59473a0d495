//! Transforms row by row, which the language benchmark times.

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Result, Utf8};

/// Which column.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct One {
    /// Its name.
    column: String,
}

/// Texts in upper case, with nothing but the letters and digits of ASCII; null where nothing is left.
#[tenon::transform]
fn clean(batch: Batch, config: &One) -> Result<Batch> {
    let texts = batch.strings(&config.column)?;
    let cleaned = texts.iter().map(|text| text.map(kept).filter(|text| !text.is_empty()));
    let cleaned: Utf8 = cleaned.collect();
    batch.with_column(&config.column, cleaned)
}

fn kept(text: &str) -> String {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|character| character.to_ascii_uppercase()).collect()
}

/// Adds the column `size`, which tells amounts apart.
#[tenon::transform]
fn branch(batch: Batch, config: &One) -> Result<Batch> {
    let amounts = batch.column::<f64>(&config.column)?;
    let sizes = amounts.iter().map(|amount| match amount {
        None => "unknown",
        Some(amount) if amount < 0.0 => "refund",
        Some(amount) if amount < 10.0 => "small",
        Some(amount) if amount < 100.0 => "medium",
        Some(_) => "large",
    });
    batch.with_column("size", sizes.collect::<Utf8>())
}
