//! The transform of the flights job: says what became of each flight, cleans its tail number, and refuses rows that
//! can't be true.

mod category;
mod plausible;
mod tail_number;

use schemars::JsonSchema;
use serde::Deserialize;
use tenon::{Batch, Context, Error, Result, Utf8, reject};

use category::Thresholds;
use plausible::Flight;

/// How to tell late flights.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Categorise {
    /// Minutes behind schedule up to which an arrival still counts as on time.
    #[serde(default = "fifteen")]
    pub late_after: i64,
    /// Minutes behind schedule after which an arrival counts as very late.
    #[serde(default = "two_hours")]
    pub very_late_after: i64,
}

fn fifteen() -> i64 {
    15
}

fn two_hours() -> i64 {
    120
}

/// Adds `delay_category` and cleans `tailnum`.
///
/// `delay_category` is `cancelled`, `diverted`, `early`, `on time`, `late` or `very late`. `tailnum` becomes upper case
/// without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one faster than
/// any airliner, one that arrived but never left, one with a tail number that the United States don't issue.
#[tenon::transform(reads = ["dep_delay", "arr_delay", "tailnum", "air_time", "distance"])]
pub fn categorise(batch: Batch, config: &Categorise) -> Result<Batch> {
    let thresholds = thresholds(config)?;
    let departed = batch.column::<i64>("dep_delay")?;
    let arrived = batch.column::<i64>("arr_delay")?;
    let air_time = batch.column::<i64>("air_time")?;
    let distance = batch.column::<i64>("distance")?;
    let tail_numbers = batch.strings("tailnum")?;

    let mut categories = Vec::with_capacity(batch.rows());
    for row in 0..batch.rows() {
        let flight = Flight {
            departure_delay: departed.get(row),
            arrival_delay: arrived.get(row),
            air_time: air_time.get(row),
            distance: distance.get(row),
        };
        if let Some(reason) = flight.impossible() {
            reject(row, reason);
        }
        categories.push(thresholds.category(flight.departure_delay, flight.arrival_delay));
    }
    let cleaned: Utf8 = tail_numbers
        .iter()
        .map(|text| text.and_then(tail_number::clean))
        .collect();
    for (row, tail_number) in cleaned.iter().enumerate() {
        if let Some(tail_number) = tail_number
            && !tail_number::is_american(tail_number)
        {
            reject(
                row,
                format!("{tail_number} is no tail number of the United States: N and one to five digits or letters"),
            );
        }
    }

    let category: Utf8 = categories.into_iter().collect();
    batch
        .with_columns([("delay_category", category.into()), ("tailnum", cleaned.into())])
        .context("adding the cleaned columns")?
        .without_rejected()
}

fn thresholds(config: &Categorise) -> Result<Thresholds> {
    let Categorise {
        late_after,
        very_late_after,
    } = *config;
    if very_late_after < late_after {
        let message =
            format!("very_late_after ({very_late_after} minutes) is less than late_after ({late_after} minutes)");
        return Err(Error::bad_config(message));
    }
    Ok(Thresholds {
        late_after,
        very_late_after,
    })
}

#[cfg(test)]
mod tests {
    use tenon::{DataType, RawColumn, batch, testing};

    use super::*;

    fn flights() -> Batch {
        batch! {
            "dep_delay" => [Some(2_i64), None, Some(4), Some(-3), Some(0)],
            "arr_delay" => [Some(11_i64), None, Some(20), Some(-18), Some(150)],
            "tailnum" => [Some(" n14228"), None, Some("N24211"), Some("D942DN"), Some("N668DN")],
            "air_time" => [Some(227_i64), None, Some(65), Some(183), Some(116)],
            "distance" => [1400_i64, 1416, 762, 1576, 762],
        }
    }

    #[test]
    fn flights_are_categorised_cleaned_and_refused() {
        let output = testing::run("categorise", "{}", flights()).unwrap();
        let batch = &output.batches[0];
        let categories = batch.strings("delay_category").unwrap();
        assert_eq!(
            categories.iter().flatten().collect::<Vec<_>>(),
            ["on time", "cancelled", "very late"]
        );
        let tail_numbers = batch.strings("tailnum").unwrap();
        assert_eq!(
            tail_numbers.iter().collect::<Vec<_>>(),
            [Some("N14228"), None, Some("N668DN")]
        );
        let rows: Vec<_> = output.rejected.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [2, 3]);
        assert!(output.rejected[1].1.starts_with("D942DN is no tail number"));
    }

    #[test]
    fn views_are_taken_too() {
        let mut views = flights().raw("tailnum").unwrap();
        views.field.data_type = DataType::Utf8View;
        let flights = flights().with_column("tailnum", RawColumn { ..views }).unwrap();
        assert_eq!(testing::run("categorise", "", flights).unwrap().rejected.len(), 2);
    }

    #[test]
    fn thresholds_must_be_in_order() {
        let config = r#"{ "late_after": 30, "very_late_after": 20 }"#;
        let error = testing::run("categorise", config, flights()).err().unwrap();
        assert_eq!(
            error.to_string(),
            "very_late_after (20 minutes) is less than late_after (30 minutes)"
        );
    }
}
