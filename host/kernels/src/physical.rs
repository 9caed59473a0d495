//! Guards around the parts of an executable expression that are not functions.

use std::{
    any::Any,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    datatypes::{DataType, Field, FieldRef, Schema, SchemaRef},
};
use datafusion_common::{
    Result, ScalarValue,
    tree_node::{Transformed, TreeNode},
};
use datafusion_expr::{ColumnarValue, Operator};
use datafusion_physical_expr::{
    PhysicalExpr,
    expressions::{BinaryExpr, CaseExpr, CastExpr, Column, InListExpr, Literal, TryCastExpr},
};

use crate::{
    budget,
    error::Error,
    guard::external,
    measure::{self, TooMuch},
};

/// Bytes per row and per byte of text that a cast may add: a float takes up to 24 bytes as text, a list more commas.
const CAST_GROWTH: u64 = 8;

/// Guards whatever could allocate more than its fixed width per row, and makes integer arithmetic fail on overflow.
pub(crate) fn guard(expression: Arc<dyn PhysicalExpr>, schema: &SchemaRef) -> Result<Arc<dyn PhysicalExpr>> {
    let guarded = expression.transform_up(|node| {
        let any = node.as_ref() as &dyn Any;
        if let Some(binary) = any.downcast_ref::<BinaryExpr>() {
            return guard_binary(&node, binary, schema);
        }
        if let Some(case) = any.downcast_ref::<CaseExpr>() {
            return guard_case(&node, case, schema);
        }
        if let Some(list) = any.downcast_ref::<InListExpr>() {
            let mut operands: Vec<_> = node.children().into_iter().cloned().collect();
            operands[0] = spread(list.expr(), schema)?;
            return Ok(Transformed::yes(Arc::clone(&node).with_new_children(operands)?));
        }
        if any.is::<CastExpr>() || any.is::<TryCastExpr>() {
            let source = node.children()[0].data_type(schema)?;
            let target = node.data_type(schema)?;
            if measure::is_fixed(&source) && measure::is_fixed(&target) {
                return Ok(Transformed::no(node));
            }
            return Ok(Transformed::yes(Arc::new(Staged::new(
                node,
                schema,
                "the result of the cast",
                CAST_GROWTH,
            )?)));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(guarded.data)
}

fn guard_binary(
    node: &Arc<dyn PhysicalExpr>,
    binary: &BinaryExpr,
    schema: &SchemaRef,
) -> Result<Transformed<Arc<dyn PhysicalExpr>>> {
    match binary.op() {
        Operator::StringConcat => {
            let staged = Staged::new(Arc::clone(node), schema, "the result of ||", 1)?;
            Ok(Transformed::yes(Arc::new(staged)))
        }
        Operator::Plus | Operator::Minus | Operator::Multiply if !node.data_type(schema)?.is_floating() => {
            Ok(Transformed::yes(Arc::new(binary.clone().with_fail_on_overflow(true))))
        }
        Operator::RegexMatch | Operator::RegexIMatch | Operator::RegexNotMatch | Operator::RegexNotIMatch => {
            let operands = vec![spread(binary.left(), schema)?, Arc::clone(binary.right())];
            Ok(Transformed::yes(Arc::clone(node).with_new_children(operands)?))
        }
        _ => Ok(Transformed::no(Arc::clone(node))),
    }
}

fn guard_case(
    node: &Arc<dyn PhysicalExpr>,
    case: &CaseExpr,
    schema: &SchemaRef,
) -> Result<Transformed<Arc<dyn PhysicalExpr>>> {
    let fixed =
        |expression: &Arc<dyn PhysicalExpr>| -> Result<bool> { Ok(measure::is_fixed(&expression.data_type(schema)?)) };
    if fixed(node)? && case.expr().map_or(Ok(true), fixed)? {
        return Ok(Transformed::no(Arc::clone(node)));
    }
    let mut longest_literal = 0;
    let mut branch = |expression: &Arc<dyn PhysicalExpr>| -> Result<Arc<dyn PhysicalExpr>> {
        if let Some(literal) = (expression.as_ref() as &dyn Any).downcast_ref::<Literal>() {
            let bytes = measure::scalar_bytes(literal.value(), u64::MAX).unwrap_or(u64::MAX);
            longest_literal = bytes.max(longest_literal);
            return Ok(Arc::clone(expression));
        }
        spread(expression, schema)
    };
    let when_then = case
        .when_then_expr()
        .iter()
        .map(|(when, then)| Ok((Arc::clone(when), branch(then)?)))
        .collect::<Result<Vec<_>>>()?;
    let otherwise = case.else_expr().map(&mut branch).transpose()?;
    let base = case.expr().map(|base| spread(base, schema)).transpose()?;
    let inner: Arc<dyn PhysicalExpr> = Arc::new(CaseExpr::try_new(base, when_then, otherwise)?);
    Ok(Transformed::yes(Arc::new(Case {
        inner: Inner(inner),
        longest_literal,
    })))
}

/// Guards an operand that may be spread over the rows. A column has a value for each row already.
fn spread(operand: &Arc<dyn PhysicalExpr>, schema: &SchemaRef) -> Result<Arc<dyn PhysicalExpr>> {
    if (operand.as_ref() as &dyn Any).is::<Column>() || measure::is_fixed(&operand.data_type(schema)?) {
        return Ok(Arc::clone(operand));
    }
    Ok(Arc::new(Spread {
        inner: Inner(Arc::clone(operand)),
    }))
}

/// The expression inside of a guard. (Comparing an `Arc` of a trait object can't be derived.)
#[derive(Debug)]
struct Inner(Arc<dyn PhysicalExpr>);

impl PartialEq for Inner {
    fn eq(&self, other: &Inner) -> bool {
        self.0.as_ref() == other.0.as_ref()
    }
}

impl Eq for Inner {}

impl Hash for Inner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// An operator whose operands are computed and measured before it runs.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Staged {
    inner: Inner,
    /// The operator over columns 0, 1 and so on, which hold the operands.
    kernel: Inner,
    operands: SchemaRef,
    input: SchemaRef,
    what: &'static str,
    growth: u64,
}

impl Staged {
    fn new(inner: Arc<dyn PhysicalExpr>, input: &SchemaRef, what: &'static str, growth: u64) -> Result<Staged> {
        let mut fields = Vec::new();
        let mut columns: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
        for (index, operand) in inner.children().into_iter().enumerate() {
            let name = index.to_string();
            let field = operand
                .return_field(input)?
                .as_ref()
                .clone()
                .with_name(&name)
                .with_nullable(true);
            fields.push(field);
            columns.push(Arc::new(Column::new(&name, index)));
        }
        let kernel = Arc::clone(&inner).with_new_children(columns)?;
        Ok(Staged {
            inner: Inner(inner),
            kernel: Inner(kernel),
            operands: Arc::new(Schema::new(fields)),
            input: Arc::clone(input),
            what,
            growth,
        })
    }

    fn check(&self, operands: &[ColumnarValue], rows: u64) -> Result<()> {
        let left = budget::left();
        let needed = operands.iter().try_fold(rows.saturating_mul(32), |sum, operand| {
            let bytes = match operand {
                ColumnarValue::Array(array) => measure::array_bytes(array.as_ref(), left)?,
                ColumnarValue::Scalar(scalar) => measure::scalar_bytes(scalar, left)?.saturating_mul(rows),
            };
            Ok(sum.saturating_add(bytes.saturating_mul(self.growth)))
        });
        let needed = needed.map_err(|TooMuch| external(Error::output_bytes(self.what, u64::MAX, left)))?;
        budget::check(self.what, needed).map_err(external)
    }
}

impl fmt::Display for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.0.fmt(f)
    }
}

impl PhysicalExpr for Staged {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let operands = self
            .inner
            .0
            .children()
            .into_iter()
            .map(|operand| operand.evaluate(batch))
            .collect::<Result<Vec<_>>>()?;
        let one_value = operands
            .iter()
            .all(|operand| matches!(operand, ColumnarValue::Scalar(_)));
        let rows = if one_value { 1 } else { batch.num_rows() };
        self.check(&operands, rows as u64)?;
        let columns: Vec<ArrayRef> = operands
            .into_iter()
            .map(|operand| operand.into_array(rows))
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let staged = RecordBatch::try_new_with_options(Arc::clone(&self.operands), columns, &options)?;
        let result = self.kernel.0.evaluate(&staged)?.into_array(rows)?;
        charge(self.what, &result)?;
        if one_value {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }

    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.0.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.0.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.0.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.inner.0.children()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = Arc::clone(&self.inner.0).with_new_children(children)?;
        Ok(Arc::new(Staged::new(inner, &self.input, self.what, self.growth)?))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.0.fmt_sql(f)
    }
}

/// A `case` whose literals are measured before they are spread over the rows.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Case {
    inner: Inner,
    longest_literal: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.0.fmt(f)
    }
}

impl PhysicalExpr for Case {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let bytes = self.longest_literal.saturating_mul(batch.num_rows() as u64);
        budget::charge("the result of case", bytes).map_err(external)?;
        self.inner.0.evaluate(batch)
    }

    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.0.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.0.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.0.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner.0]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner.0));
        Ok(Arc::new(Case {
            inner: Inner(inner),
            longest_literal: self.longest_literal,
        }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.0.fmt_sql(f)
    }
}

/// An operand that its operator copies, or spreads over the rows where it is a single value.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Spread {
    inner: Inner,
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.0.fmt(f)
    }
}

impl PhysicalExpr for Spread {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        const WHAT: &str = "an operand, spread over the rows,";
        let value = self.inner.0.evaluate(batch)?;
        match &value {
            ColumnarValue::Array(array) => charge(WHAT, array)?,
            ColumnarValue::Scalar(scalar) => {
                let left = budget::left();
                let bytes = measure::scalar_bytes(scalar, left)
                    .map_err(|TooMuch| external(Error::output_bytes(WHAT, u64::MAX, left)))?;
                budget::charge(WHAT, bytes.saturating_mul(batch.num_rows() as u64)).map_err(external)?;
            }
        }
        Ok(value)
    }

    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.inner.0.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.inner.0.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.0.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner.0]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner.0));
        Ok(Arc::new(Spread { inner: Inner(inner) }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.0.fmt_sql(f)
    }
}

fn charge(what: &'static str, result: &ArrayRef) -> Result<()> {
    let left = budget::left();
    measure::array_bytes(result.as_ref(), left)
        .map_err(|TooMuch| Error::output_bytes(what, u64::MAX, left))
        .and_then(|bytes| budget::charge(what, bytes))
        .map_err(external)
}

/// Whether a type is too wide for a cast to it: a guest could have gigabytes made of a null.
pub(crate) fn too_wide(data_type: &DataType) -> bool {
    /// Bytes of the widest value of fixed width that a cast may make.
    const WIDEST: u64 = 256;
    fn inner(field: &Field) -> bool {
        too_wide(field.data_type())
    }
    measure::bytes_per_row(data_type) > WIDEST
        || match data_type {
            DataType::List(field)
            | DataType::LargeList(field)
            | DataType::ListView(field)
            | DataType::LargeListView(field)
            | DataType::FixedSizeList(field, _)
            | DataType::Map(field, _) => inner(field),
            DataType::Struct(fields) => fields.iter().any(|field| inner(field)),
            DataType::Dictionary(_, values) => too_wide(values),
            DataType::RunEndEncoded(_, values) => inner(values),
            _ => false,
        }
}
