//! From a syntax tree to an executable expression.

use std::sync::Arc;

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::{DataType, Schema, SchemaRef},
};
use datafusion_common::{
    DFSchema, DFSchemaRef, DataFusionError, Result as PlanResult, TableReference,
    config::ConfigOptions,
    plan_err,
    tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion},
};
use datafusion_expr::{
    AggregateUDF, ColumnarValue, Expr, HigherOrderUDF, Operator, ScalarUDF, TableSource, WindowUDF,
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
    patterns, physical,
};

/// Bytes that the planner may spend on computing the constant parts of one expression. What takes more is computed
/// with each batch, under the limits of that call.
const FOLDED_BYTES: u64 = 64 << 10;

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
                .and_then(|expr| self.executable(&expr))
                .map_err(|error| planning_error(at, error))
        })
    }

    fn executable(&self, expr: &Expr) -> PlanResult<Arc<dyn PhysicalExpr>> {
        let context = PhysicalPlanningContext::default();
        let physical = create_physical_expr(expr, &self.schema, &ExecutionProps::new(), &context)?;
        physical::guard(physical, self.schema.inner())
    }

    /// Computes the constant parts of integer arithmetic. The simplifier would let them overflow.
    fn fold_arithmetic(&self, expr: Expr) -> PlanResult<Expr> {
        expr.transform_up(|expr| {
            let arithmetic = matches!(&expr, Expr::BinaryExpr(binary)
                if matches!(binary.op, Operator::Plus | Operator::Minus | Operator::Multiply));
            if !arithmetic || expr.any_column_refs() {
                return Ok(Transformed::no(expr));
            }
            let physical = self.executable(&expr)?;
            let no_columns = RecordBatchOptions::new().with_row_count(Some(1));
            let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &no_columns)?;
            match physical.evaluate(&row)? {
                ColumnarValue::Scalar(value) => Ok(Transformed::yes(Expr::Literal(value, None))),
                ColumnarValue::Array(_) => Ok(Transformed::no(expr)),
            }
        })
        .data()
    }

    fn logical(&self, expression: ast::Expr, limits: &Limits) -> PlanResult<Expr> {
        let options = ParserOptions::default()
            .with_enable_ident_normalization(false)
            .with_collect_spans(true);
        let to_logical = SqlToRel::new_with_options(self, options);
        let planned = to_logical.sql_to_expr(expression, &self.schema, &mut PlannerContext::new())?;
        let guarded = guard_functions(planned)?.data;

        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(&self.options))
            .with_schema(Arc::clone(&self.schema))
            .build();
        let simplifier = ExprSimplifier::new(context);
        let coerced = simplifier.coerce(guarded, &self.schema)?;
        check(&coerced, limits)?;
        let shorter = simplifier.simplify(self.fold_arithmetic(coerced)?)?;
        let typed = simplifier.coerce(shorter, &self.schema)?;
        let guarded = guard_functions(typed)?.data;
        check(&guarded, limits)?;
        Ok(guarded)
    }
}

fn planning_error(at: &At, error: DataFusionError) -> Error {
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
fn check(expr: &Expr, limits: &Limits) -> PlanResult<()> {
    expr.apply(|expr| {
        match expr {
            Expr::Like(like) | Expr::SimilarTo(like) => patterns::check_like(&like.pattern)?,
            Expr::BinaryExpr(binary) => match binary.op {
                Operator::RegexMatch | Operator::RegexIMatch | Operator::RegexNotMatch | Operator::RegexNotIMatch => {
                    patterns::check_regex(&binary.right, limits)?;
                }
                Operator::LikeMatch | Operator::ILikeMatch | Operator::NotLikeMatch | Operator::NotILikeMatch => {
                    patterns::check_like(&binary.right)?;
                }
                _ => {}
            },
            Expr::Cast(cast) => check_width(cast.field.data_type())?,
            Expr::TryCast(cast) => check_width(cast.field.data_type())?,
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
    Ok(())
}

fn check_width(data_type: &DataType) -> PlanResult<()> {
    if physical::too_wide(data_type) {
        return Err(guard::external(Error::NotOffered {
            at: At::new(&error::name(&data_type.to_string())),
            what: "casts to values wider than 256 bytes are not offered".to_owned(),
        }));
    }
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
