//! Takes calls of plugins' functions out of expressions, and has nodes of their own compute them before.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, Filter, Join, LogicalPlan, LogicalPlanBuilder};

use super::node::{ScalarCall, ScalarNode};
use super::placeholder::Placeholder;
use crate::function::OnRefusal;
use crate::node::Call;
use crate::step::Emits;

/// A function that a plan calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Used {
    /// Its name in SQL.
    pub name: String,
    pub plugin: String,
    pub file: PathBuf,
    pub digest: String,
    pub function: String,
}

/// The same plan, with nodes in the place of calls; and the functions that it calls.
pub(crate) fn extract(plan: LogicalPlan, step: &str) -> DataFusionResult<(LogicalPlan, Vec<Used>)> {
    let mut extraction = Extraction { step, used: Vec::new() };
    let plan = plan.transform_up_with_subqueries(|node| extraction.of(node))?.data;
    Ok((plan, extraction.used))
}

struct Extraction<'a> {
    step: &'a str,
    used: Vec<Used>,
}

/// Columns that stand for calls.
type Columns = HashMap<Expr, Column>;

impl Extraction<'_> {
    fn of(&mut self, node: LogicalPlan) -> DataFusionResult<Transformed<LogicalPlan>> {
        let mut calls = false;
        node.apply_expressions(|expression| {
            calls = calls || has_call(expression);
            Ok(TreeNodeRecursion::Continue)
        })?;
        if !calls {
            return Ok(Transformed::no(node));
        }
        let before = DFSchemaRef::clone(node.schema());
        let node = match node {
            LogicalPlan::Filter(filter) => self.of_filter(filter)?,
            LogicalPlan::Join(join) => self.of_join(join)?,
            other if other.inputs().len() == 1 => self.of_one_input(&other)?,
            other => {
                let place = other.display().to_string();
                return Err(DataFusionError::Plan(format!(
                    "a plugin's function cannot be called in this place of a query ({place}); call it in a step before"
                )));
            }
        };
        Ok(Transformed::yes(as_before(node, &before)?))
    }

    /// Conditions without calls first, so that functions don't see the rows that these leave out.
    fn of_filter(&mut self, filter: Filter) -> DataFusionResult<LogicalPlan> {
        let conditions = split_conjunction_owned(filter.predicate);
        let (calling, plain): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(has_call);
        let input = match conjunction(plain) {
            None => filter.input,
            Some(plain) => Arc::new(LogicalPlan::Filter(Filter::try_new(plain, filter.input)?)),
        };
        match conjunction(calling) {
            None => Ok(Arc::unwrap_or_clone(input)),
            Some(calling) => self.of_one_input(&LogicalPlan::Filter(Filter::new(calling, input))),
        }
    }

    fn of_one_input(&mut self, node: &LogicalPlan) -> DataFusionResult<LogicalPlan> {
        let names = NamePreserver::new(node);
        let mut expressions = node.expressions();
        let saved: Vec<_> = expressions.iter().map(|expression| names.save(expression)).collect();
        let mut input = node.inputs().into_iter().next().cloned();
        while let calls @ [_, ..] = innermost(&expressions)?.as_slice() {
            let below = input.take().ok_or_else(without_input)?;
            let taken = DFSchema::clone(below.schema());
            let (above, columns) = self.compute(calls, below, &[&taken])?;
            input = Some(above);
            expressions = replaced(expressions, &columns)?;
        }
        let expressions = saved.into_iter().zip(expressions);
        let expressions = expressions
            .map(|(saved, expression)| saved.restore(expression))
            .collect();
        node.with_new_exprs(expressions, vec![input.ok_or_else(without_input)?])
    }

    /// A call in the condition of a join is computed on the side whose columns it takes.
    fn of_join(&mut self, join: Join) -> DataFusionResult<LogicalPlan> {
        let (mut left, mut right) = (join.left.as_ref().clone(), join.right.as_ref().clone());
        let node = LogicalPlan::Join(join);
        let mut expressions = node.expressions();
        while let calls @ [_, ..] = innermost(&expressions)?.as_slice() {
            let (mut of_left, mut of_right) = (Vec::new(), Vec::new());
            for call in calls {
                let columns = call.column_refs();
                let all_in = |schema: &DFSchema| columns.iter().all(|column| schema.has_column(column));
                if all_in(left.schema()) {
                    of_left.push(call.clone());
                } else if all_in(right.schema()) {
                    of_right.push(call.clone());
                } else {
                    return Err(DataFusionError::Plan(format!(
                        "the condition of a join calls {call} with columns of both sides; call the function in `where`"
                    )));
                }
            }
            let schemas = (DFSchema::clone(left.schema()), DFSchema::clone(right.schema()));
            let taken = [&schemas.0, &schemas.1];
            let mut columns = Columns::new();
            for (calls, side) in [(&of_left, &mut left), (&of_right, &mut right)] {
                if !calls.is_empty() {
                    let taken = [taken[0], taken[1], &names_of(&columns)?];
                    let (above, made) = self.compute(calls, side.clone(), &taken)?;
                    *side = above;
                    columns.extend(made);
                }
            }
            expressions = replaced(expressions, &columns)?;
        }
        node.with_new_exprs(expressions, vec![left, right])
    }

    /// A node that computes calls, and the columns that stand for them. `taken` have the names that these can't have.
    fn compute(
        &mut self,
        calls: &[Expr],
        input: LogicalPlan,
        taken: &[&DFSchema],
    ) -> DataFusionResult<(LogicalPlan, Columns)> {
        let (mut planned, mut values, mut columns) = (Vec::new(), Vec::new(), Columns::new());
        for expression in calls {
            let Some((function, placeholder)) = as_call(expression) else {
                continue;
            };
            let types = function.args.iter().map(|value| value.get_type(input.schema()));
            let opened = placeholder.opened(&types.collect::<DataFusionResult<Vec<_>>>()?)?;
            let known = placeholder.known();
            let is_taken = |name: &String| {
                let here = planned.iter().any(|call: &ScalarCall| call.column == *name);
                here || taken.iter().any(|schema| schema.has_column_with_unqualified_name(name))
            };
            let mut names = (1..).map(|number| format!("__{}_{number}", known.name));
            let column = names.find(|name| !is_taken(name)).unwrap_or_default();
            self.note(Used {
                name: known.name.clone(),
                plugin: known.plugin.name().to_owned(),
                file: known.file.clone(),
                digest: known.plugin.digest().to_owned(),
                function: known.function.name.clone(),
            });
            values.extend(function.args.iter().cloned());
            columns.insert(expression.clone(), Column::new_unqualified(&column));
            planned.push(ScalarCall {
                name: known.name.clone(),
                call: Call {
                    emits: Emits::Rows,
                    step: self.step.to_owned(),
                    plugin: known.plugin.digest().to_owned(),
                    function: known.function.name.clone(),
                    config: known.config.clone(),
                    stateless: true,
                    memory: opened.memory,
                },
                arguments: Arc::clone(&opened.arguments),
                announced: Arc::clone(&opened.output),
                column,
                null_where_refused: known.on_refusal == OnRefusal::Null,
            });
        }
        let node = Arc::new(ScalarNode::try_new(planned, values, input)?);
        Ok((LogicalPlan::Extension(Extension { node }), columns))
    }

    fn note(&mut self, used: Used) {
        if !self.used.contains(&used) {
            self.used.push(used);
        }
    }
}

/// The node with the columns that it had before calls below it added some.
fn as_before(node: LogicalPlan, before: &DFSchema) -> DataFusionResult<LogicalPlan> {
    if node.schema().fields().len() == before.fields().len() {
        return Ok(node);
    }
    let kept: Vec<Expr> = before.iter().map(Expr::from).collect();
    LogicalPlanBuilder::from(node).project(kept)?.build()
}

fn as_call(expression: &Expr) -> Option<(&ScalarFunction, &Placeholder)> {
    match expression {
        Expr::ScalarFunction(function) => Some((function, function.func.inner().downcast_ref::<Placeholder>()?)),
        _ => None,
    }
}

fn has_call(expression: &Expr) -> bool {
    let found = expression.exists(|inner| Ok(as_call(inner).is_some()));
    found.unwrap_or(false)
}

/// The calls that are given no calls, each once.
fn innermost(expressions: &[Expr]) -> DataFusionResult<Vec<Expr>> {
    let mut calls: Vec<Expr> = Vec::new();
    for expression in expressions {
        expression.apply(|inner| {
            if let Some((function, _)) = as_call(inner)
                && !function.args.iter().any(has_call)
                && !calls.contains(inner)
            {
                calls.push(inner.clone());
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(calls)
}

fn replaced(expressions: Vec<Expr>, columns: &Columns) -> DataFusionResult<Vec<Expr>> {
    let replace = |expression: Expr| {
        let replaced = expression.transform_down(|inner| {
            Ok(match columns.get(&inner) {
                Some(column) => Transformed::new(Expr::Column(column.clone()), true, TreeNodeRecursion::Jump),
                None => Transformed::no(inner),
            })
        });
        Ok(replaced?.data)
    };
    expressions.into_iter().map(replace).collect()
}

/// A schema of the columns that stand for calls, for their names.
fn names_of(columns: &Columns) -> DataFusionResult<DFSchema> {
    let field = |column: &Column| arrow::datatypes::Field::new(&column.name, arrow::datatypes::DataType::Null, true);
    let fields: Vec<_> = columns.values().map(field).collect();
    DFSchema::try_from(arrow::datatypes::Schema::new(fields))
}

fn without_input() -> DataFusionError {
    DataFusionError::Internal("a node that calls functions has no input".to_owned())
}
