//! The grammar of expressions: what the parser accepts at all.

use datafusion_sql::sqlparser::dialect::Dialect;

/// Standard SQL expressions with the additions that DataFusion's users know: `"quoted"` and `` `quoted` `` names,
/// `a['field']`, `{'key': value}` and `[1, 2]`.
///
/// A dialect of our own keeps everything else out, above all the parts of other dialects whose parsing takes
/// exponential time, such as named arguments whose names are expressions.
#[derive(Debug)]
pub(crate) struct Expressions;

impl Dialect for Expressions {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"' || ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn supports_dictionary_syntax(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        true
    }
}
