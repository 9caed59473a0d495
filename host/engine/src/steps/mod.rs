//! Makes a logical plan of each step.

mod join;
mod sample;
mod sql;

use std::collections::BTreeMap;

use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::{DataFrame, SessionContext};

pub(crate) use sql::tables_of;

use crate::step::Step;

/// Name of the only input in the queries that ready-made steps are turned into.
const INPUT: &str = "input";

/// The one of these names that a query means by a table's name, in which capitals make no difference.
pub(crate) fn named<'a>(table: &str, mut known: impl Iterator<Item = &'a String> + Clone) -> Option<&'a String> {
    let exactly = known.clone().find(|name| name.as_str() == table);
    exactly.or_else(|| known.find(|name| name.eq_ignore_ascii_case(table)))
}

/// The plan of a step other than a plugin's, given the plans of its inputs by name.
pub(crate) async fn plan_of(
    step: &Step,
    inputs: &BTreeMap<String, LogicalPlan>,
    session: &SessionContext,
) -> DataFusionResult<LogicalPlan> {
    let input = |name: &str| {
        let missing = || DataFusionError::Internal(format!("the input {name} was not planned"));
        inputs.get(name).cloned().ok_or_else(missing)
    };
    let query = |from: &str, query: String| {
        let input = input(from);
        async move { sql::plan(&query, BTreeMap::from([(INPUT.to_owned(), input?)]), session).await }
    };
    match step {
        Step::Sql { query, inputs: named } => {
            let mut tables = inputs.clone();
            for (table, from) in named {
                tables.insert(table.clone(), input(from)?);
            }
            // A query knows its tables by the names that it writes.
            for written in tables_of(query, session)? {
                if let Some(known) = self::named(&written, tables.keys()).cloned()
                    && known != written
                {
                    tables.insert(written, tables[&known].clone());
                }
            }
            sql::plan(query, tables, session).await
        }
        Step::Plugin(_) => Err(DataFusionError::Internal(
            "a plugin step is planned elsewhere".to_owned(),
        )),
        Step::Select { from, expressions } => query(from, format!("select {} from {INPUT}", list(expressions))).await,
        Step::Filter { from, predicate } => {
            // On a line of its own, so that a comment at its end ends there.
            query(from, format!("select * from {INPUT} where (\n{predicate}\n)")).await
        }
        Step::Sort { from, by } => query(from, format!("select * from {INPUT} order by {}", list(by))).await,
        Step::Aggregate { from, group_by, values } => {
            let columns: Vec<&String> = group_by.iter().chain(values).collect();
            let groups = if group_by.is_empty() {
                String::new()
            } else {
                let places: Vec<String> = (1..=group_by.len()).map(|place| place.to_string()).collect();
                format!(" group by {}", places.join(", "))
            };
            query(from, format!("select {} from {INPUT}{groups}", list(columns))).await
        }
        Step::Rename { from, columns } => rename(input(from)?, columns),
        Step::Cast { from, columns } => {
            let input = input(from)?;
            known_columns(&input, columns.keys())?;
            let expressions = input.schema().fields().iter().map(|field| {
                let name = quoted(field.name());
                match columns.get(field.name()) {
                    Some(to) => format!("cast({name} as {to}) as {name}"),
                    None => name,
                }
            });
            let text = format!("select {} from {INPUT}", list(expressions.collect::<Vec<_>>()));
            sql::plan(&text, BTreeMap::from([(INPUT.to_owned(), input)]), session).await
        }
        Step::Dedupe { from, by, order_by } => {
            known_columns(&input(from)?, by)?;
            if by.is_empty() {
                return LogicalPlanBuilder::from(input(from)?).distinct()?.build();
            }
            let by: Vec<String> = by.iter().map(|column| quoted(column)).collect();
            let orders = list(by.iter().chain(order_by));
            let text = format!("select distinct on ({}) * from {INPUT} order by {orders}", list(&by));
            query(from, text).await
        }
        Step::Join(step) => join::plan(step, input(&step.from)?, input(&step.with)?, session).await,
        Step::Union {
            inputs: names,
            distinct,
        } => {
            let mut frames = names
                .iter()
                .map(|name| Ok(DataFrame::new(session.state(), input(name)?)));
            let first = frames
                .next()
                .unwrap_or_else(|| Err(DataFusionError::Plan("a union needs at least one input".to_owned())))?;
            let all = frames.try_fold(first, |all, next: DataFusionResult<DataFrame>| all.union_by_name(next?))?;
            let all = if *distinct { all.distinct()? } else { all };
            Ok(all.into_unoptimized_plan())
        }
        Step::Limit { from, rows, offset } => LogicalPlanBuilder::from(input(from)?)
            .limit(*offset, Some(*rows))?
            .build(),
        Step::Sample(step) => sample::plan(step, input(&step.from)?, session).await,
    }
}

fn rename(input: LogicalPlan, columns: &BTreeMap<String, String>) -> DataFusionResult<LogicalPlan> {
    known_columns(&input, columns.keys())?;
    let schema = std::sync::Arc::clone(input.schema());
    let names: Vec<&String> = schema
        .fields()
        .iter()
        .map(|field| columns.get(field.name()).unwrap_or(field.name()))
        .collect();
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(*name)) {
        return Err(DataFusionError::Plan(format!(
            "two columns would be named `{}`; choose another new name",
            twice.1
        )));
    }
    let renamed = schema
        .iter()
        .zip(names)
        .map(|((qualifier, field), name)| datafusion::logical_expr::Expr::from((qualifier, field)).alias(name.clone()))
        .collect::<Vec<_>>();
    LogicalPlanBuilder::from(input).project(renamed)?.build()
}

/// Refuses columns that the input does not have.
pub(crate) fn known_columns<'a>(
    input: &LogicalPlan,
    columns: impl IntoIterator<Item = &'a String>,
) -> DataFusionResult<()> {
    let fields = input.schema().fields();
    for column in columns {
        if !fields.iter().any(|field| field.name() == column) {
            let known: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            return Err(DataFusionError::Plan(format!(
                "there is no column `{column}`; the columns are {}",
                known.join(", ")
            )));
        }
    }
    Ok(())
}

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Expressions, each on a line of its own so that a comment at its end ends there.
fn list<S: AsRef<str>>(expressions: impl IntoIterator<Item = S>) -> String {
    let lines: Vec<String> = expressions
        .into_iter()
        .map(|expression| format!("{}\n", expression.as_ref()))
        .collect();
    lines.join(", ")
}
