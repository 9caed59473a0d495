//! Functions that ask the budget before they allocate.

use std::{fmt, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray},
    compute,
    datatypes::{DataType, FieldRef, Int64Type},
};
use datafusion_common::{DataFusionError, Result, ScalarValue, tree_node::Transformed};
use datafusion_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    preimage::PreimageResult,
    simplify::{ExprSimplifyResult, SimplifyContext},
};

use crate::{
    budget,
    error::Error,
    functions::Growth,
    measure::{self, TooMuch},
    plan,
};

/// Longest text that a function of [`Growth::Fixed`] makes, in bytes: the digests in hexadecimal.
const FIXED: u64 = 128;

/// A function of DataFusion that allocates only what the call may still allocate.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Guarded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl Guarded {
    pub fn new(inner: Arc<ScalarUDF>, growth: Growth) -> Guarded {
        Guarded { inner, growth }
    }

    /// Which argument is a regular expression, for the functions that take one.
    pub fn pattern_argument(&self) -> Option<usize> {
        matches!(self.growth, Growth::Regex | Growth::RegexReplace).then_some(1)
    }

    /// Fails when the call would allocate or compute more than it may. The work is the same for any number of rows,
    /// except where rows share values and where an argument decides how long a row gets.
    fn check(&self, call: &ScalarFunctionArgs) -> Result<(), Error> {
        let what = ResultOf(self.inner.name());
        let sizes = Sizes {
            args: &call.args,
            rows: rows(call),
            allowed: budget::left(),
        };
        let needed = sizes
            .needed(self.growth)
            .map_err(|TooMuch| Error::output_bytes(what.to_string(), u64::MAX, sizes.allowed))?;
        budget::check(&what, needed)?;
        if self.growth == Growth::Pairs {
            let steps = sizes
                .pairs()
                .map_err(|TooMuch| Error::output_bytes(what.to_string(), u64::MAX, sizes.allowed))?;
            budget::check_steps(self.inner.name(), steps)?;
        }
        Ok(())
    }

    /// Takes what the result holds off the budget.
    fn charge(&self, result: &ColumnarValue) -> Result<(), Error> {
        if self.growth == Growth::Shared {
            return Ok(());
        }
        let what = ResultOf(self.inner.name());
        let allowed = budget::left();
        let bytes = match result {
            ColumnarValue::Array(array) => measure::array_bytes(array.as_ref(), allowed),
            ColumnarValue::Scalar(scalar) => measure::scalar_bytes(scalar, allowed),
        };
        budget::charge(
            &what,
            bytes.map_err(|TooMuch| Error::output_bytes(what.to_string(), u64::MAX, allowed))?,
        )
    }
}

/// Names a result in an error, and costs nothing before.
struct ResultOf<'a>(&'a str);

impl fmt::Display for ResultOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the result of {}", self.0)
    }
}

/// Rows that the function will work on: one where no argument is an array.
fn rows(call: &ScalarFunctionArgs) -> u64 {
    let scalars_only = call.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    if scalars_only { 1 } else { call.number_rows as u64 }
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check(&args).map_err(external)?;
        let result = self.inner.invoke_with_args(args)?;
        self.charge(&result).map_err(external)?;
        Ok(result)
    }

    /// A function may be rewritten to others, which have to be guarded in turn.
    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        match self.inner.simplify(args, info)? {
            ExprSimplifyResult::Simplified(expr) => plan::guard_functions(expr)
                .map(|guarded: Transformed<Expr>| ExprSimplifyResult::Simplified(guarded.data)),
            original @ ExprSimplifyResult::Original(_) => Ok(original),
        }
    }

    fn preimage(&self, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        self.inner.preimage(args, literal, info)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// Our error on its way through DataFusion.
pub(crate) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The arguments of one call, measured.
struct Sizes<'a> {
    args: &'a [ColumnarValue],
    rows: u64,
    allowed: u64,
}

type Measured = Result<u64, TooMuch>;

impl Sizes<'_> {
    /// An upper bound of what the function allocates: its result, and its scalar arguments once per row, since many
    /// functions expand them.
    fn needed(&self, growth: Growth) -> Measured {
        let all = self.all()?;
        let result = match growth {
            Growth::Shared => 0,
            Growth::Fixed | Growth::Regex | Growth::Pairs => self.rows.saturating_mul(FIXED).saturating_add(all),
            Growth::Times(factor) => all.saturating_mul(factor).saturating_add(self.rows.saturating_mul(16)),
            Growth::Repeat => self.bytes(0)?.saturating_mul(self.largest(1)),
            Growth::Pad => self.rows.saturating_mul(self.largest(1)).saturating_mul(4),
            Growth::Replace => {
                let (text, from, to) = (self.bytes(0)?, self.shortest_scalar(1), self.longest(2)?);
                let found = (text / from.max(1)).saturating_add(self.rows);
                text.saturating_add(found.saturating_mul(to))
            }
            Growth::RegexReplace => {
                let (text, to) = (self.bytes(0)?, self.longest(2)?);
                let found = if self.replaces_all() {
                    text.saturating_add(self.rows)
                } else {
                    self.rows
                };
                let references = self.references(2).unwrap_or(to);
                text.saturating_mul(references.saturating_add(1))
                    .saturating_add(found.saturating_mul(to))
            }
            Growth::Split => self.bytes(0)?.saturating_mul(24),
            Growth::Join => {
                let elements = self.elements(0).saturating_add(self.rows);
                let between = self.rest_longest()?.saturating_add(64);
                all.saturating_mul(4).saturating_add(elements.saturating_mul(between))
            }
            Growth::Resize => {
                let element = self.longest(2)?.saturating_add(self.element_width(0));
                self.rows.saturating_mul(self.largest(1)).saturating_mul(element)
            }
        };
        let expanded = if growth == Growth::Shared { 0 } else { all };
        let needed = result.saturating_add(expanded);
        Ok(needed)
    }

    /// Comparisons that a function of [`Growth::Pairs`] makes.
    fn pairs(&self) -> Measured {
        Ok(self.bytes(0)?.saturating_mul(self.longest(1)?))
    }

    fn all(&self) -> Measured {
        (0..self.args.len()).try_fold(0_u64, |sum, index| Ok(sum.saturating_add(self.bytes(index)?)))
    }

    /// Bytes of all rows of an argument.
    fn bytes(&self, index: usize) -> Measured {
        match self.args.get(index) {
            Some(ColumnarValue::Array(array)) => measure::array_bytes(array.as_ref(), self.allowed),
            Some(ColumnarValue::Scalar(scalar)) => {
                Ok(measure::scalar_bytes(scalar, self.allowed)?.saturating_mul(self.rows))
            }
            None => Ok(0),
        }
    }

    /// Bytes of the longest row of an argument.
    fn longest(&self, index: usize) -> Measured {
        self.args
            .get(index)
            .map_or(Ok(16), |arg| measure::longest_row(arg, self.allowed))
    }

    /// Bytes of the longest rows of all arguments but the first, together.
    fn rest_longest(&self) -> Measured {
        (1..self.args.len()).try_fold(0_u64, |sum, index| Ok(sum.saturating_add(self.longest(index)?)))
    }

    /// Bytes of a text that is the same for all rows; 0 where it may be empty.
    fn shortest_scalar(&self, index: usize) -> u64 {
        match self.args.get(index) {
            Some(ColumnarValue::Scalar(scalar)) => text(scalar).map_or(0, |text| text.len() as u64),
            _ => 0,
        }
    }

    /// How often a replacement may refer to what was matched, where that is the same for all rows.
    fn references(&self, index: usize) -> Option<u64> {
        match self.args.get(index) {
            Some(ColumnarValue::Scalar(scalar)) => Some(text(scalar).map_or(0, |text| {
                text.bytes().filter(|b| matches!(b, b'$' | b'\\')).count() as u64
            })),
            _ => None,
        }
    }

    /// Whether the flags of `regexp_replace` ask for every match, not the first one.
    fn replaces_all(&self) -> bool {
        match self.args.get(3) {
            None => false,
            Some(ColumnarValue::Scalar(scalar)) => text(scalar).is_some_and(|flags| flags.contains('g')),
            Some(ColumnarValue::Array(_)) => true,
        }
    }

    /// The largest number in an argument; 0 where it is negative or null.
    fn largest(&self, index: usize) -> u64 {
        let array: ArrayRef = match self.args.get(index) {
            Some(ColumnarValue::Array(array)) => Arc::clone(array),
            Some(ColumnarValue::Scalar(scalar)) => match scalar.to_array() {
                Ok(array) => array,
                Err(_) => return u64::MAX,
            },
            None => return 0,
        };
        match compute::cast(&array, &DataType::Int64) {
            // A number that doesn't fit becomes null: that many of anything is too much.
            Ok(numbers) if numbers.null_count() > array.null_count() => u64::MAX,
            Ok(numbers) => {
                compute::max(numbers.as_primitive::<Int64Type>()).map_or(0, |n| u64::try_from(n).unwrap_or(0))
            }
            Err(_) => u64::MAX,
        }
    }

    fn elements(&self, index: usize) -> u64 {
        match self.args.get(index) {
            Some(ColumnarValue::Array(array)) => measure::elements(array.as_ref()),
            Some(ColumnarValue::Scalar(scalar)) => scalar
                .to_array()
                .map_or(0, |array| measure::elements(array.as_ref()).saturating_mul(self.rows)),
            None => 0,
        }
    }

    /// Bytes of a list's element apart from shared values.
    fn element_width(&self, index: usize) -> u64 {
        match self.args.get(index).map(ColumnarValue::data_type) {
            Some(DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _)) => {
                measure::bytes_per_row(field.data_type())
            }
            _ => 16,
        }
    }
}

fn text(scalar: &ScalarValue) -> Option<&str> {
    scalar.try_as_str().flatten()
}
