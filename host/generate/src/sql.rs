//! Names and expressions in the SQL of job files and plugins.

use crate::keywords::is_reserved;

/// A column's name, in quotes only where it needs them.
pub(crate) fn name(name: &str) -> String {
    let is_small = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_word = name.starts_with(is_small) && name.chars().all(|c| is_small(c) || c.is_ascii_digit());
    if is_word && !is_reserved(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An expression under a name.
pub(crate) fn named(expression: &str, as_name: &str) -> String {
    format!("{expression} as {}", name(as_name))
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::{Expr, SelectItem};
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn names_stay_names() {
        for column in [
            "id",
            "Id",
            "order",
            "a b",
            "a\"b",
            "\"",
            "x; drop table y; --",
            "*/ exit(1) //",
            "1st",
            "ä",
            "😀",
            "a\nb",
            "@x",
            "a.b",
            "'",
            "\\",
            "$1",
            "?",
            "*",
        ] {
            let text = named(&name(column), "as");
            let mut parser = Parser::new(&GenericDialect {}).try_with_sql(&text).expect("tokens");
            let item = parser.parse_select_item().expect(column);
            let SelectItem::ExprWithAlias {
                expr: Expr::Identifier(parsed),
                alias,
            } = item
            else {
                panic!("{text} is {item:?}");
            };
            assert_eq!((parsed.value.as_str(), alias.value.as_str()), (column, "as"));
        }
        assert_eq!(name("amount_2"), "amount_2");
    }
}
