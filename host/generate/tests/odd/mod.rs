//! Names that may break a quote, and how the engine's SQL reads what is made of them.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::Path;

use sqlparser::ast::{Expr, Ident, SelectItem};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// Names of tables and columns that mean something else to somebody.
pub const ODD: &[&str] = &[
    "*/ exit(1) //",
    "'; drop table orders; --",
    "\"; drop table orders; --",
    "a\"b'c",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "\u{2028}import os",
    "\u{202e}evil",
    "\\",
    "ends with \\",
    "what??/",
    "${env:HOME}",
    "$${x}",
    "${",
    "#{x}",
    "{{x}}",
    "%s %n",
    "😀",
    "Größe",
    "order",
    "select",
    "as",
    "1st",
    "a.b",
    "[x]",
    "x = 1 # y",
    "'''",
    "\"\"\"",
    "`rm -rf`",
    "../../etc/passwd",
    "@variable",
    "?",
    "$1",
    "*",
    " leading and trailing ",
    "_",
    "id",
    "ID",
];

/// Compares a text with one that is kept; with `UPDATE_GOLDEN` set, keeps it.
pub fn assert_golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, text).expect("the text can be kept");
    }
    let golden = std::fs::read_to_string(&file).expect("the text is kept");
    assert_eq!(text, golden, "{name}:\n{text}");
}

/// The column that an item of a select list is, which must be one and nothing more.
pub fn column_of(item: &str) -> String {
    match parsed(item) {
        SelectItem::UnnamedExpr(Expr::Identifier(Ident { value, .. })) => value,
        other => panic!("{item} is {other:?}"),
    }
}

/// The column that an item casts and gives its own name to.
pub fn cast_column_of(item: &str) -> String {
    match parsed(item) {
        SelectItem::ExprWithAlias {
            expr: Expr::Cast { expr, .. },
            alias,
        } => match *expr {
            Expr::Identifier(Ident { value, .. }) if value == alias.value => value,
            other => panic!("{item} is of {other:?}"),
        },
        other => panic!("{item} is {other:?}"),
    }
}

fn parsed(item: &str) -> SelectItem {
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(item).expect(item);
    let parsed = parser.parse_select_item().expect(item);
    parser.expect_token(&Token::EOF).expect(item);
    parsed
}
