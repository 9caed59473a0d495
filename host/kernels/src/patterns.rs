//! Patterns that are compiled once and stay small.

use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Expr;
use regex::RegexBuilder;

use crate::{
    Limits,
    error::{self, At, Error},
    guard::external,
};

/// A regular expression must be a literal, valid, and small once compiled. A pattern per row would be compiled per row.
pub(crate) fn check_regex(pattern: &Expr, limits: &Limits) -> Result<()> {
    let Some(text) = literal(pattern)? else { return Ok(()) };
    match RegexBuilder::new(text).size_limit(limits.pattern_bytes).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err(external(Error::Limit {
            at: None,
            what: format!("the regular expression `{}`, compiled,", error::name(text)),
            needed: format!("more than {} bytes", limits.pattern_bytes),
            limit: "pattern_bytes",
            allowed: limits.pattern_bytes as u64,
        })),
        Err(error) => Err(external(Error::Type {
            at: At::new(text),
            reason: format!("not a valid regular expression: {}", error::reason(&error.to_string())),
        })),
    }
}

/// The pattern of `like` must be a literal.
pub(crate) fn check_like(pattern: &Expr) -> Result<()> {
    literal(pattern).map(|_| ())
}

/// The text of a literal, none for null.
fn literal(pattern: &Expr) -> Result<Option<&str>> {
    match pattern {
        Expr::Literal(ScalarValue::Dictionary(_, value), _) => Ok(value.try_as_str().flatten()),
        Expr::Literal(value, _) => Ok(value.try_as_str().flatten()),
        Expr::Cast(cast) => literal(&cast.expr),
        _ => Err(external(Error::NotOffered {
            at: At::new(&error::name(&pattern.to_string())),
            what: "a pattern must be a literal text: patterns from columns are not offered".to_owned(),
        })),
    }
}
