//! Expressions compiled against a schema.

use std::{
    collections::{BTreeSet, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::Instant,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions},
    compute::filter_record_batch,
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};
use datafusion_common::{DataFusionError, ScalarValue};
use datafusion_expr::ColumnarValue;
use datafusion_physical_expr::{PhysicalExpr, expressions::Column, utils::collect_columns};

use crate::{
    Limits, batch, budget,
    error::{self, At, Error},
    measure::{self, TooMuch},
    parse,
    plan::{self, Planner},
    weight::weigh,
};

/// Stack of the thread that compiles. Parser and planner recurse over text that a guest wrote.
const COMPILE_STACK: usize = 64 << 20;
/// Levels of the executable tree per level of the expression: the planner adds casts and rewrites functions.
const PLANNED_DEPTH: usize = 3;
/// Longest name of a result column that the expression's text gives, in characters.
const NAME_FROM_TEXT: usize = 200;

/// SQL expressions over one schema, ready to run on any number of batches and threads.
///
/// Each expression is an item of a select list: `amount * rate as total`, `upper(name)`, `status = 'paid'`. Column
/// names are taken as written, in upper or lower case, quoted or not (`"Two words"`); function names and keywords are
/// not case sensitive. [`crate::function_names`] lists the functions.
///
/// Integers that overflow and divisions by zero are errors, a failed cast is an error (`try_cast` gives null).
#[derive(Debug)]
pub struct Program {
    input: SchemaRef,
    output: SchemaRef,
    expressions: Vec<Compiled>,
    limits: Limits,
    /// Bytes of fixed width per row that a call holds at most.
    bytes_per_row: u64,
    /// Levels of nested `case`.
    cases: u64,
    /// Positions of the columns that the expressions read.
    reads: Vec<usize>,
}

#[derive(Debug)]
struct Compiled {
    physical: Arc<dyn PhysicalExpr>,
    at: At,
}

impl Program {
    /// Parses, checks and plans expressions against a schema.
    ///
    /// # Errors
    /// Names the expression at fault and the position in it, where it is known: a typing error, an unknown column or
    /// function, types that don't fit, a limit that is passed, two results of one name.
    pub fn compile(schema: &SchemaRef, expressions: &[String], limits: &Limits) -> Result<Program, Error> {
        check_text(expressions, limits)?;
        thread::scope(|scope| {
            let compiling = thread::Builder::new()
                .name("compile expressions".to_owned())
                .stack_size(COMPILE_STACK)
                .spawn_scoped(scope, || compile(schema, expressions, limits))
                .map_err(|e| Error::internal(&format!("no thread to compile on: {e}")))?;
            compiling.join().unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
        })
    }

    /// The schema of the batches that the program takes.
    pub fn input(&self) -> &SchemaRef {
        &self.input
    }

    /// The schema of what [`Program::project`] returns.
    pub fn output(&self) -> &SchemaRef {
        &self.output
    }

    /// One column per expression. A column named alone comes back as it is, without a copy.
    ///
    /// # Errors
    /// The batch has another schema, the data can't be processed as asked, or a limit is passed.
    pub fn project(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        self.check_schema(batch)?;
        self.run(batch, || {
            let columns: Vec<ArrayRef> = self
                .expressions
                .iter()
                .zip(self.output.fields())
                .map(|(expression, field)| expression.column(batch, field))
                .collect::<Result<_, _>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            RecordBatch::try_new_with_options(Arc::clone(&self.output), columns, &options)
                .map_err(|e| Error::internal(&e.to_string()))
        })
    }

    /// The rows for which the one boolean expression is true. Null counts as false.
    ///
    /// # Errors
    /// Like [`Program::project`]; also when the program is not one boolean expression.
    pub fn filter(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let expression = self.predicate()?;
        self.check_schema(batch)?;
        self.run(batch, || match expression.evaluate(batch)? {
            ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))) => Ok(batch.clone()),
            ColumnarValue::Scalar(_) => Ok(batch.slice(0, 0)),
            ColumnarValue::Array(array) => keep(batch, array.as_boolean(), &expression.at),
        })
    }

    fn predicate(&self) -> Result<&Compiled, Error> {
        let [expression] = self.expressions.as_slice() else {
            return Err(Error::NotAFilter {
                found: format!("there are {}", self.expressions.len()),
            });
        };
        match self.output.field(0).data_type() {
            DataType::Boolean => Ok(expression),
            other => Err(Error::NotAFilter {
                found: format!("this one is of type {}", error::name(&other.to_string())),
            }),
        }
    }

    fn check_schema(&self, batch: &RecordBatch) -> Result<(), Error> {
        let schema = batch.schema_ref();
        if Arc::ptr_eq(schema, &self.input) {
            return Ok(());
        }
        batch::check_fields("The program", &self.input, schema)
    }

    /// Fails when values of fixed width alone, or the rows that nested `case` sets aside, would take too much.
    fn check_weight(&self, batch: &RecordBatch) -> Result<(), Error> {
        budget::check(
            "the results",
            self.bytes_per_row.saturating_mul(batch.num_rows() as u64),
        )?;
        if self.cases > 1 {
            let read = self
                .reads
                .iter()
                .map(|index| batch.column(*index).get_array_memory_size() as u64);
            let copies = (self.cases - 1).saturating_mul(read.sum());
            budget::check("copies of the rows for nested case", copies)?;
        }
        Ok(())
    }

    /// Runs the kernels with the budget of one call, and survives their panics.
    fn run<T>(&self, batch: &RecordBatch, kernels: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        budget::within(self.limits.output_bytes, self.limits.steps, || {
            self.check_weight(batch)?;
            catch_unwind(AssertUnwindSafe(kernels)).unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
        })
    }
}

impl Compiled {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue, Error> {
        self.physical
            .evaluate(batch)
            .map_err(|error| self.evaluation_error(error))
    }

    /// The result as a column. A value that is the same for all rows is only spread out if there is room for it.
    fn column(&self, batch: &RecordBatch, field: &FieldRef) -> Result<ArrayRef, Error> {
        let array = match self.evaluate(batch)? {
            ColumnarValue::Array(array) => array,
            ColumnarValue::Scalar(scalar) => {
                let rows = batch.num_rows();
                let left = budget::left();
                let bytes = measure::scalar_bytes(&scalar, left)
                    .map_err(|TooMuch| Error::output_bytes("the result", u64::MAX, left))
                    .map(|bytes| bytes.saturating_mul(rows as u64));
                bytes
                    .and_then(|bytes| budget::charge("the result", bytes))
                    .map_err(|error| error.in_expression(&self.at))?;
                scalar
                    .to_array_of_size(rows)
                    .map_err(|error| self.evaluation_error(error))?
            }
        };
        if array.len() != batch.num_rows() || array.data_type() != field.data_type() {
            return Err(Error::internal(&format!(
                "{}: planned {} rows of {}, got {} of {}",
                self.at,
                batch.num_rows(),
                field.data_type(),
                array.len(),
                array.data_type()
            )));
        }
        Ok(array)
    }

    fn evaluation_error(&self, error: DataFusionError) -> Error {
        match plan::ours(error) {
            Ok(ours) => ours.in_expression(&self.at),
            Err(error) => match error.find_root() {
                DataFusionError::NotImplemented(what) => Error::NotOffered {
                    at: self.at.clone(),
                    what: error::reason(what),
                },
                DataFusionError::ArrowError(arrow, _) => Error::Evaluation {
                    at: self.at.clone(),
                    reason: error::reason(&arrow.to_string()),
                },
                root => Error::Evaluation {
                    at: self.at.clone(),
                    reason: error::reason(&root.message()),
                },
            },
        }
    }
}

/// Bounds that need no look at the text.
fn check_text(expressions: &[String], limits: &Limits) -> Result<(), Error> {
    let limit = |needed: String, limit: &'static str, allowed: usize| Error::Limit {
        at: None,
        what: "a program".to_owned(),
        needed,
        limit,
        allowed: allowed as u64,
    };
    if expressions.len() > limits.expressions {
        return Err(limit(
            format!("{} expressions", expressions.len()),
            "expressions",
            limits.expressions,
        ));
    }
    let bytes: usize = expressions.iter().map(String::len).sum();
    if bytes > limits.expression_bytes {
        return Err(limit(
            format!("{bytes} bytes of text"),
            "expression_bytes",
            limits.expression_bytes,
        ));
    }
    Ok(())
}

fn compile(schema: &SchemaRef, expressions: &[String], limits: &Limits) -> Result<Program, Error> {
    let planner = Planner::new(schema)?;
    let mut nodes = limits.nodes;
    let mut names = HashSet::new();
    let mut fields = Vec::with_capacity(expressions.len());
    let mut compiled = Vec::with_capacity(expressions.len());
    let (mut results_per_row, mut held_per_row, mut cases) = (0_u64, 0_u64, 0);
    let mut reads = BTreeSet::new();
    let start = Instant::now();
    for text in expressions {
        let at = At::new(text);
        if start.elapsed() > limits.compile_time {
            return Err(too_slow(at, limits));
        }
        let item = parse::parse(text, schema, limits, &mut nodes)?;
        let physical = planner.plan(&at, item.expression, limits)?;
        let field = output_field(schema, physical.as_ref(), item.alias, text).map_err(|e| Error::Type {
            at: at.clone(),
            reason: error::reason(&e.strip_backtrace()),
        })?;
        if !names.insert(field.name().clone()) {
            return Err(Error::DuplicateName {
                name: error::name(field.name()),
            });
        }
        let weight = weigh(&physical, schema).map_err(|e| Error::internal(&e.strip_backtrace()))?;
        if weight.depth > limits.depth.saturating_mul(PLANNED_DEPTH) {
            return Err(parse::depth(&at, limits));
        }
        held_per_row = held_per_row.max(weight.bytes_per_row);
        results_per_row = results_per_row.saturating_add(weight.result_per_row);
        cases = cases.max(weight.cases);
        reads.extend(collect_columns(&physical).iter().map(Column::index));
        fields.push(field);
        compiled.push(Compiled { physical, at });
    }
    let output = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    Ok(Program {
        input: Arc::clone(schema),
        output,
        expressions: compiled,
        limits: limits.clone(),
        bytes_per_row: results_per_row.saturating_add(held_per_row),
        cases,
        reads: reads.into_iter().collect(),
    })
}

fn too_slow(at: At, limits: &Limits) -> Error {
    let milliseconds = limits.compile_time.as_millis();
    Error::Limit {
        at: Some(at),
        what: "compiling this and the expressions before it".to_owned(),
        needed: format!("more than {milliseconds} ms"),
        limit: "compile_time",
        allowed: u64::try_from(milliseconds).unwrap_or(u64::MAX),
    }
}

/// A column named alone keeps its field; everything else is named by its alias or its text.
fn output_field(
    schema: &SchemaRef,
    physical: &dyn PhysicalExpr,
    alias: Option<String>,
    text: &str,
) -> Result<Field, DataFusionError> {
    let column = (physical as &dyn std::any::Any).downcast_ref::<Column>();
    let field = if let Some(column) = column {
        schema.field(column.index()).clone()
    } else {
        let field = physical.return_field(schema)?;
        Field::new("", field.data_type().clone(), field.is_nullable()).with_metadata(field.metadata().clone())
    };
    Ok(match (alias, column) {
        (Some(alias), _) => field.with_name(alias),
        (None, Some(_)) => field,
        (None, None) => field.with_name(error::clip(text.trim(), NAME_FROM_TEXT)),
    })
}

/// The rows where the mask is true, without copying when that is all or none.
fn keep(batch: &RecordBatch, mask: &BooleanArray, at: &At) -> Result<RecordBatch, Error> {
    match mask.true_count() {
        0 => Ok(batch.slice(0, 0)),
        all if all == batch.num_rows() => Ok(batch.clone()),
        _ => filter_record_batch(batch, mask).map_err(|e| Error::Evaluation {
            at: at.clone(),
            reason: error::reason(&e.to_string()),
        }),
    }
}

/// The last resort: a kernel panicked.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Error::internal(&format!("a kernel panicked: {text}"))
}
