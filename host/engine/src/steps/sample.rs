//! Draws some of the rows.

use std::collections::BTreeMap;

use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use super::{INPUT, list, quoted, sql};
use crate::step::{SampleSize, SampleStep};

/// The plan of a sample.
pub(super) async fn plan(
    step: &SampleStep,
    input: LogicalPlan,
    session: &SessionContext,
) -> DataFusionResult<LogicalPlan> {
    // With a seed, rows are drawn by their digest: eight hexadecimal digits, which sort as the numbers do.
    let digest = step.seed.map(|seed| {
        let columns = input.schema().fields().iter();
        let texts: Vec<String> = columns
            .map(|field| format!("cast({} as varchar)", quoted(field.name())))
            .collect();
        format!("left(md5(concat_ws('|', '{seed}', {})), 8)", list(texts))
    });
    let query = match (step.size, digest) {
        (SampleSize::Share(share), _) if !(0.0..=1.0).contains(&share) => {
            return Err(DataFusionError::Plan(format!(
                "a share is a number from 0 to 1, not {share}"
            )));
        }
        (SampleSize::Share(share), None) => format!("select * from {INPUT} where random() < {share:?}"),
        (SampleSize::Share(share), Some(digest)) => {
            let bound = (share * 4_294_967_296.0) as u64;
            format!("select * from {INPUT} where {bound} > 4294967295 or {digest} < '{bound:08x}'")
        }
        (SampleSize::Rows(rows), digest) => {
            let by = digest.unwrap_or_else(|| "random()".to_owned());
            format!("select * from {INPUT} order by {by} limit {rows}")
        }
    };
    sql::plan(&query, BTreeMap::from([(INPUT.to_owned(), input)]), session).await
}
