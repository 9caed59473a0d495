//! Calls of plugins' functions as a node of the logical plan.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, SchemaRef};
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use crate::node::Call;

/// A call of a function: which, and what it is given and makes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ScalarCall {
    /// The function's name in SQL.
    pub name: String,
    pub call: Call,
    /// The input that it was opened with.
    pub arguments: SchemaRef,
    /// The column that it announced.
    pub announced: FieldRef,
    /// The column's name in the plan.
    pub column: String,
    /// Whether the value is null where the function refuses a row, instead of failing the run.
    pub null_where_refused: bool,
}

/// Rows of `input` with a column more for each call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ScalarNode {
    pub calls: Vec<ScalarCall>,
    /// What the functions are called with, one call after the other.
    pub values: Vec<Expr>,
    pub input: LogicalPlan,
    schema: DFSchemaRef,
}

impl ScalarNode {
    pub fn try_new(calls: Vec<ScalarCall>, values: Vec<Expr>, input: LogicalPlan) -> DataFusionResult<Self> {
        let known = input.schema().iter();
        let known = known.map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)));
        let made = calls.iter().map(|call| (None, call.field()));
        let schema = DFSchema::new_with_metadata(known.chain(made).collect(), input.schema().metadata().clone())?;
        Ok(Self {
            calls,
            values,
            input,
            schema: DFSchemaRef::new(schema),
        })
    }

    /// Columns of its rows.
    pub fn output(&self) -> SchemaRef {
        SchemaRef::clone(self.schema.inner())
    }
}

impl ScalarCall {
    fn field(&self) -> FieldRef {
        Arc::new(Field::new(&self.column, self.announced.data_type().clone(), true))
    }
}

impl PartialOrd for ScalarNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.values.partial_cmp(&other.values) {
            Some(Ordering::Equal) => self.input.partial_cmp(&other.input),
            different => different,
        }
    }
}

impl UserDefinedLogicalNodeCore for ScalarNode {
    fn name(&self) -> &'static str {
        "Functions"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.values.clone()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.calls.iter().map(|call| call.column.clone()).collect()
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        // What the calls themselves need is added by the optimiser.
        let width = self.input.schema().fields().len();
        let passed = output_columns.iter().copied().filter(|column| *column < width);
        Some(vec![passed.collect()])
    }

    fn fmt_for_explain(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<&str> = self.calls.iter().map(|call| call.name.as_str()).collect();
        write!(formatter, "Functions: {}", calls.join(", "))
    }

    fn with_exprs_and_inputs(&self, values: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DataFusionResult<Self> {
        match (inputs.pop(), inputs.is_empty()) {
            (Some(input), true) if values.len() == self.values.len() => {
                Self::try_new(self.calls.clone(), values, input)
            }
            _ => Err(DataFusionError::Internal(
                "a node of calls has one input, and as many values as before".to_owned(),
            )),
        }
    }
}
