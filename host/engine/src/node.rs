//! A plugin's function as a node of the logical plan.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
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
    /// What a sandbox holds as soon as the function is open, in bytes.
    pub memory: usize,
}

/// What a function does with the columns of its input, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Passage {
    /// Columns that the function neither reads nor makes: they come out as they went in, or not at all.
    pub untouched: BTreeSet<String>,
    /// Whether rows that nobody wants in the end may be left out before the function sees them.
    pub skips_rows: bool,
}

impl Passage {
    /// Compares what a function makes of all columns of its input with what it makes of those that it `reads`.
    pub fn between(input: &Schema, reads: &[String], all: &Schema, narrow: &Schema, skips_rows: bool) -> Self {
        let names: HashSet<&String> = input.fields().iter().map(|field| field.name()).collect();
        let unread = |name: &String| !reads.contains(name);
        let is_untouched = |field: &Arc<Field>| {
            unread(field.name())
                && narrow.field_with_name(field.name()).is_err()
                && all
                    .field_with_name(field.name())
                    .is_ok_and(|made| made == field.as_ref())
        };
        let untouched: BTreeSet<String> = input
            .fields()
            .iter()
            .filter(|field| is_untouched(field) || unread(field.name()) && all.field_with_name(field.name()).is_err())
            .map(|field| field.name().clone())
            .collect();
        let rest = all.fields().iter().filter(|field| !untouched.contains(field.name()));
        if names.len() != input.fields().len() || !rest.eq(narrow.fields().iter()) {
            // Two columns of one name, or a function that goes by more than it says.
            return Self::default();
        }
        Self { untouched, skips_rows }
    }
}

/// Rows of `input`, sent through a plugin's function.
///
/// What a function says about the columns that it reads lets others pass by it: they are read only if somebody wants
/// them, and predicates on them may be tested before the function runs. Else it sees every column of every row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PluginNode {
    pub call: Call,
    pub input: LogicalPlan,
    passage: Passage,
    schema: DFSchemaRef,
}

impl PluginNode {
    /// `output` is what the function answered when it was opened with the schema of `input`.
    pub fn try_new(call: Call, input: LogicalPlan, output: &SchemaRef, passage: Passage) -> DataFusionResult<Self> {
        let schema = DFSchemaRef::new(DFSchema::try_from(SchemaRef::clone(output))?);
        Ok(Self {
            call,
            input,
            passage,
            schema,
        })
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

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        let fields = self.schema.fields().iter();
        let made = fields.filter(|field| !self.passage.skips_rows || !self.passage.untouched.contains(field.name()));
        made.map(|field| field.name().clone()).collect()
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let fields = self.schema.fields();
        let wanted: HashSet<&String> = output_columns
            .iter()
            .filter_map(|column| Some(fields.get(*column)?.name()))
            .collect();
        let input = self.input.schema().fields().iter().enumerate();
        let needed =
            input.filter(|(_, field)| !self.passage.untouched.contains(field.name()) || wanted.contains(field.name()));
        let needed: Vec<usize> = needed.map(|(column, _)| column).collect();
        // Where the function reads nothing, a column is still needed to count rows by.
        Some(vec![if needed.is_empty() { vec![0] } else { needed }])
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> DataFusionResult<Self> {
        let (Some(input), true) = (inputs.pop(), inputs.is_empty()) else {
            return Err(DataFusionError::Internal("a plugin node has one input".to_owned()));
        };
        let is_there = |field: &&Arc<Field>| {
            let untouched = self.passage.untouched.contains(field.name());
            !untouched || input.schema().has_column_with_unqualified_name(field.name())
        };
        let schema = self.schema.inner();
        let fields: Vec<Arc<Field>> = schema.fields().iter().filter(is_there).cloned().collect();
        let schema = if fields.len() == schema.fields().len() {
            DFSchemaRef::clone(&self.schema)
        } else {
            let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
            DFSchemaRef::new(DFSchema::try_from(schema)?)
        };
        Ok(Self {
            input,
            schema,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    fn schema(columns: &[&str]) -> Schema {
        let field = |name: &&str| Field::new(*name, DataType::Int64, true);
        Schema::new(columns.iter().map(field).collect::<Vec<_>>())
    }

    fn untouched(reads: &[&str], all: &[&str], narrow: &[&str]) -> Vec<String> {
        let reads: Vec<String> = reads.iter().map(|&name| name.to_owned()).collect();
        let input = schema(&["a", "b", "c"]);
        let passage = Passage::between(&input, &reads, &schema(all), &schema(narrow), true);
        passage.untouched.into_iter().collect()
    }

    #[test]
    fn columns_that_a_function_has_nothing_to_do_with_are_told() {
        assert_eq!(untouched(&["a"], &["a", "b", "c", "made"], &["a", "made"]), ["b", "c"]);
        // `b` is made anew, `c` is dropped.
        assert_eq!(untouched(&["a"], &["a", "b"], &["a", "b"]), ["c"]);
        // One that makes something of all columns, whatever it says.
        assert!(untouched(&["a"], &["a", "b", "c", "a_b_c"], &["a", "a_only"]).is_empty());
    }
}
