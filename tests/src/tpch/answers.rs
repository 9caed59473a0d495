//! Answers of two systems, compared value by value.

use std::path::Path;

use anyhow::{Context, bail};
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use serde_json::Value;

/// Share by which two numbers may differ: averages are divided and rounded in more than one way.
const TOLERANCE: f64 = 1e-5;

/// Rows of values. Numbers are compared as such, everything else as text.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer(Vec<Vec<Value>>);

impl Answer {
    /// Reads `QUERY.ndjson` in a folder: a row per line, as a list of numbers and texts.
    ///
    /// # Errors
    /// If the file cannot be read or holds something else.
    pub fn read(folder: &Path, query: &str) -> anyhow::Result<Self> {
        let path = folder.join(format!("{query}.ndjson"));
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let rows: Result<_, _> = text.lines().map(serde_json::from_str).collect();
        Ok(Self(rows.with_context(|| {
            format!("{} does not hold a list per line", path.display())
        })?))
    }

    /// The rows of a Parquet file, in its order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn of_parquet(path: &Path) -> anyhow::Result<Self> {
        let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
        let file = session.read_parquet(path.to_string_lossy().into_owned(), ParquetReadOptions::default());
        Self::of(&file.await?.collect().await?)
    }

    fn of(batches: &[RecordBatch]) -> anyhow::Result<Self> {
        let options = FormatOptions::default();
        let mut rows = Vec::new();
        for batch in batches {
            let columns = batch.columns().iter();
            let columns: Vec<_> = columns
                .map(|column| Ok((column, ArrayFormatter::try_new(column, &options)?)))
                .collect::<anyhow::Result<_>>()?;
            for row in 0..batch.num_rows() {
                let value = |(column, shown): &(&arrow::array::ArrayRef, ArrayFormatter<'_>)| {
                    let text = shown.value(row).to_string();
                    if column.is_null(row) {
                        return Value::Null;
                    }
                    match text.parse::<f64>() {
                        Ok(number) if column.data_type().is_numeric() => Value::from(number),
                        _ => Value::from(text),
                    }
                };
                rows.push(columns.iter().map(value).collect());
            }
        }
        Ok(Self(rows))
    }

    /// Says where this is not the expected answer, in the expected order.
    ///
    /// # Errors
    /// If it is another.
    pub fn check(&self, expected: &Self) -> anyhow::Result<()> {
        if self.0.len() != expected.0.len() {
            bail!("{} rows instead of {}", self.0.len(), expected.0.len());
        }
        for (number, (found, wanted)) in self.0.iter().zip(&expected.0).enumerate() {
            let alike = found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| agree(a, b));
            if !alike {
                bail!(
                    "row {number} is {} instead of {}",
                    Value::from(found.clone()),
                    Value::from(wanted.clone())
                );
            }
        }
        Ok(())
    }
}

fn agree(found: &Value, wanted: &Value) -> bool {
    match (found.as_f64(), wanted.as_f64()) {
        (Some(found), Some(wanted)) => (found - wanted).abs() <= TOLERANCE * wanted.abs().max(1.0),
        _ => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rows: &str) -> Answer {
        Answer(serde_json::from_str(rows).expect("rows"))
    }

    #[test]
    fn answers_agree_up_to_rounding() {
        let wanted = answer(r#"[["A", 25.5, null], ["B", 1000000.0, 1]]"#);
        let check = |rows| answer(rows).check(&wanted).map_err(|error| error.to_string());
        assert_eq!(check(r#"[["A", 25.50001, null], ["B", 1000001.0, 1.0]]"#), Ok(()));
        assert_eq!(check(r#"[["A", 25.5, null]]"#), Err("1 rows instead of 2".to_owned()));
        for wrong in [
            r#"[["B", 1000000.0, 1], ["A", 25.5, null]]"#,
            r#"[["A", 25.6, null], ["B", 1000000.0, 1]]"#,
            r#"[["A", 25.5, 0], ["B", 1000000.0, 1]]"#,
            r#"[["A", 25.5], ["B", 1000000.0, 1]]"#,
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
