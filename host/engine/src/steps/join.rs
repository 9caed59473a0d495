//! Joins by equal columns.

use std::collections::BTreeMap;

use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use super::{known_columns, list, quoted, sql};
use crate::step::{JoinHow, JoinStep};

/// The plan of a join: all columns of the left, then those of the right that it was not joined by.
pub(super) async fn plan(
    step: &JoinStep,
    left: LogicalPlan,
    right: LogicalPlan,
    session: &SessionContext,
) -> DataFusionResult<LogicalPlan> {
    if step.on.is_empty() {
        return Err(DataFusionError::Plan(
            "a join needs at least one column to join by".to_owned(),
        ));
    }
    known_columns(&left, step.on.iter().map(|(left, _)| left))?;
    known_columns(&right, step.on.iter().map(|(_, right)| right))?;
    let columns = columns(step, &left, &right)?;
    let conditions: Vec<String> = step
        .on
        .iter()
        .map(|(left, right)| format!("l.{} = r.{}", quoted(left), quoted(right)))
        .collect();
    let how = match step.how {
        JoinHow::Inner => "inner",
        JoinHow::Left => "left",
        JoinHow::Right => "right",
        JoinHow::Full => "full",
        JoinHow::Semi => "left semi",
        JoinHow::Anti => "left anti",
    };
    let query = format!(
        "select {} from l {how} join r on {}",
        list(columns),
        conditions.join(" and ")
    );
    let tables = BTreeMap::from([("l".to_owned(), left), ("r".to_owned(), right)]);
    sql::plan(&query, tables, session).await
}

fn columns(step: &JoinStep, left: &LogicalPlan, right: &LogicalPlan) -> DataFusionResult<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    for field in left.schema().fields() {
        let name = quoted(field.name());
        let partner = step.on.iter().find(|(left, _)| left == field.name());
        // Where the left has no row, the right one knows the value.
        columns.push(match (step.how, partner) {
            (JoinHow::Right | JoinHow::Full, Some((_, right))) => {
                format!("coalesce(l.{name}, r.{}) as {name}", quoted(right))
            }
            _ => format!("l.{name} as {name}"),
        });
    }
    if matches!(step.how, JoinHow::Semi | JoinHow::Anti) {
        return Ok(columns);
    }
    for field in right.schema().fields() {
        if step.on.iter().any(|(_, right)| right == field.name()) {
            continue;
        }
        if left.schema().fields().iter().any(|other| other.name() == field.name()) {
            return Err(DataFusionError::Plan(format!(
                "both inputs have a column `{}`; rename it or leave it out in one of them before the join",
                field.name()
            )));
        }
        let name = quoted(field.name());
        columns.push(format!("r.{name} as {name}"));
    }
    Ok(columns)
}
