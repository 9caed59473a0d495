//! From a syntax tree to an executable expression.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion_common::{
    DFSchema, DFSchemaRef, DataFusionError, Result as PlanResult, TableReference,
    config::ConfigOptions,
    plan_err,
    tree_node::{Transformed, TreeNode, TreeNodeRecursion},
};
use datafusion_expr::{
    AggregateUDF, Expr, HigherOrderUDF, Operator, ScalarUDF, TableSource, WindowUDF,
    execution_props::ExecutionProps,
    physical_planning_context::PhysicalPlanningContext,
    planner::{ContextProvider, ExprPlanner},
    simplify::SimplifyContext,
};
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion_sql::sqlparser::ast;

use crate::{
    Limits, budget,
    error::{self, At, Error},
    functions,
    guard::{self, Guarded},
    patterns,
};

/// Bytes that the planner may spend on computing the constant parts of one expression. What takes more is computed
/// with each batch, under the limits of that call.
const FOLDED_BYTES: u64 = 1 << 20;

/// What planning needs to know about the input.
pub(crate) struct Planner {
    schema: DFSchemaRef,
    options: Arc<ConfigOptions>,
    planners: Vec<Arc<dyn ExprPlanner>>,
}

impl Planner {
    pub fn new(schema: &SchemaRef) -> Result<Planner, Error> {
        let names: Vec<_> = schema.fields().iter().map(|field| field.name()).collect();
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = names.iter().find(|name| !seen.insert(**name)) {
            return Err(Error::Columns {
                reason: format!(
                    "Expressions need unique column names, but two columns are called `{}`",
                    error::name(name)
                ),
            });
        }
        let schema = DFSchema::try_from(Arc::clone(schema)).map_err(|e| Error::internal(&e.strip_backtrace()))?;
        Ok(Planner {
            schema: Arc::new(schema),
            options: Arc::new(ConfigOptions::default()),
            planners: vec![
                Arc::new(datafusion_functions::core::planner::CoreFunctionPlanner::default()),
                Arc::new(datafusion_functions_nested::planner::NestedFunctionPlanner),
                Arc::new(datafusion_functions_nested::planner::FieldAccessPlanner),
                Arc::new(datafusion_functions::datetime::planner::DatetimeFunctionPlanner),
                Arc::new(datafusion_functions::unicode::planner::UnicodeFunctionPlanner),
            ],
        })
    }

    /// Plans one expression.
    pub fn plan(&self, at: &At, expression: ast::Expr, limits: &Limits) -> Result<Arc<dyn PhysicalExpr>, Error> {
        budget::within(limits.output_bytes.min(FOLDED_BYTES), limits.steps, || {
            self.logical(expression, limits)
                .and_then(|expr| {
                    create_physical_expr(
                        &expr,
                        &self.schema,
                        &ExecutionProps::new(),
                        &PhysicalPlanningContext::default(),
                    )
                })
                .map_err(|error| self.planning_error(at, error))
        })
    }

    fn logical(&self, expression: ast::Expr, limits: &Limits) -> PlanResult<Expr> {
        let options = ParserOptions::default()
            .with_enable_ident_normalization(false)
            .with_collect_spans(true);
        let planner = SqlToRel::new_with_options(self, options);
        let planned = planner.sql_to_expr(expression, &self.schema, &mut PlannerContext::new())?;
        let guarded = guard_functions(planned)?.data;

        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(&self.options))
            .with_schema(Arc::clone(&self.schema))
            .build();
        let simplifier = ExprSimplifier::new(context);
        let coerced = simplifier.coerce(guarded, &self.schema)?;
        check(&coerced, &self.schema, limits)?;
        let simplified = simplifier.simplify(coerced)?;
        let typed = simplifier.coerce(simplified, &self.schema)?;
        let guarded = guard_functions(typed)?.data;
        check(&guarded, &self.schema, limits)?;
        Ok(guarded)
    }

    fn planning_error(&self, at: &At, error: DataFusionError) -> Error {
        let position = error
            .diagnostic()
            .and_then(|diagnostic| diagnostic.span)
            .map_or((0, 0), |span| (span.start.line, span.start.column));
        match ours(error) {
            Ok(ours) => ours.in_expression(at),
            Err(error) => {
                let at = at.clone().position(position.0, position.1);
                match error.find_root() {
                    DataFusionError::NotImplemented(what) => Error::NotOffered {
                        at,
                        what: error::reason(what),
                    },
                    DataFusionError::Internal(reason) => Error::Type {
                        at,
                        reason: error::reason(reason),
                    },
                    root => Error::Type {
                        at,
                        reason: error::reason(&root.message()),
                    },
                }
            }
        }
    }
}

/// Our own error, where DataFusion only carried it.
pub(crate) fn ours(error: DataFusionError) -> Result<Error, DataFusionError> {
    if let DataFusionError::External(inner) = error.find_root()
        && let Some(ours) = inner.downcast_ref::<Error>()
    {
        return Ok(ours.clone());
    }
    if let DataFusionError::ArrowError(arrow, _) = error.find_root()
        && let arrow::error::ArrowError::ExternalError(inner) = arrow.as_ref()
        && let Some(ours) = inner.downcast_ref::<Error>()
    {
        return Ok(ours.clone());
    }
    Err(error)
}

/// Puts the guarded function in place of each function, and refuses those that are not offered.
pub(crate) fn guard_functions(expr: Expr) -> PlanResult<Transformed<Expr>> {
    expr.transform_up(|expr| match expr {
        Expr::ScalarFunction(mut call) if !call.func.inner().is::<Guarded>() => {
            let guarded = functions::find(call.func.name())
                .ok_or_else(|| guard::external(functions::refusal(At::new(call.func.name()), call.func.name())))?;
            call.func = Arc::clone(guarded);
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// Refuses what could do unbounded work with the data.
fn check(expr: &Expr, schema: &DFSchema, limits: &Limits) -> PlanResult<()> {
    expr.apply(|expr| {
        match expr {
            Expr::Like(like) | Expr::SimilarTo(like) => patterns::check_like(&like.pattern)?,
            Expr::BinaryExpr(binary) => match binary.op {
                Operator::RegexMatch | Operator::RegexIMatch | Operator::RegexNotMatch | Operator::RegexNotIMatch => {
                    patterns::check_regex(&binary.right, limits)?
                }
                Operator::LikeMatch | Operator::ILikeMatch | Operator::NotLikeMatch | Operator::NotILikeMatch => {
                    patterns::check_like(&binary.right)?;
                }
                _ => {}
            },
            Expr::ScalarFunction(call) => {
                let guarded = call.func.inner().downcast_ref::<Guarded>();
                if let Some(pattern) = guarded
                    .and_then(Guarded::pattern_argument)
                    .and_then(|i| call.args.get(i))
                {
                    patterns::check_regex(pattern, limits)?;
                }
            }
            Expr::AggregateFunction(_)
            | Expr::WindowFunction(_)
            | Expr::Exists(_)
            | Expr::InSubquery(_)
            | Expr::SetComparison(_)
            | Expr::ScalarSubquery(_)
            | Expr::GroupingSet(_)
            | Expr::Placeholder(_)
            | Expr::OuterReferenceColumn(..)
            | Expr::ScalarVariable(..)
            | Expr::Unnest(_) => return plan_err!("aggregates, windows, queries and placeholders are not offered"),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let _ = schema;
    Ok(())
}

impl ContextProvider for Planner {
    fn get_table_source(&self, name: TableReference) -> PlanResult<Arc<dyn TableSource>> {
        plan_err!("there is no table {name}: expressions see the columns of one batch")
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.planners
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        functions::find(name).cloned()
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, _name: &str) -> Option<Arc<AggregateUDF>> {
        None
    }

    fn get_window_meta(&self, _name: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _variable_names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.options
    }

    fn udf_names(&self) -> Vec<String> {
        functions::function_names().into_iter().map(str::to_owned).collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udaf_names(&self) -> Vec<String> {
        Vec::new()
    }

    fn udwf_names(&self) -> Vec<String> {
        Vec::new()
    }
}
