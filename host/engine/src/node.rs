//! A plugin's function as a node of the logical plan.

use std::cmp::Ordering;
use std::fmt;

use arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use crate::step::Emits;

/// Which function is called, and how. Plain data, so that a plan can be carried elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Call {
    pub step: String,
    /// Digest of the plugin.
    pub plugin: String,
    pub function: String,
    /// JSON.
    pub config: String,
    /// Which rows it gives.
    pub emits: Emits,
    /// Whether batches may go to several sandboxes in any order.
    pub stateless: bool,
}

/// Rows of `input`, sent through a plugin's function.
///
/// Predicates are not pushed through it: the function may have made the columns that they look at, and it sees every row
/// of its input.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PluginNode {
    pub call: Call,
    pub input: LogicalPlan,
    schema: DFSchemaRef,
}

impl PluginNode {
    /// `output` is what the function answered when it was opened with the schema of `input`.
    pub fn try_new(call: Call, input: LogicalPlan, output: &SchemaRef) -> DataFusionResult<Self> {
        let schema = DFSchemaRef::new(DFSchema::try_from(SchemaRef::clone(output))?);
        Ok(Self { call, input, schema })
    }

    /// Columns of the function's rows.
    pub fn output(&self) -> SchemaRef {
        SchemaRef::clone(self.schema.inner())
    }
}

impl PartialOrd for PluginNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.call.cmp(&other.call) {
            Ordering::Equal => self.input.partial_cmp(&other.input),
            different => Some(different),
        }
    }
}

impl UserDefinedLogicalNodeCore for PluginNode {
    fn name(&self) -> &'static str {
        "Plugin"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Plugin: step={}, function={}",
            self.call.step, self.call.function
        )
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DataFusionResult<Self> {
        match (inputs.pop(), inputs.is_empty()) {
            (Some(input), true) => Ok(Self { input, ..self.clone() }),
            _ => Err(DataFusionError::Internal("a plugin node has one input".to_owned())),
        }
    }
}
