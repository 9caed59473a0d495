//! Words that SQL does not take for the name of a column unless they are quoted.

/// In alphabetic order. What reserves them is the parser of job files and of plugins' expressions; those of other
/// databases are among them, so that an expression can be tried there.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast", "check",
    "cluster", "collate", "column", "constraint", "create", "current_catalog", "current_date", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "desc", "describe", "distinct", "distribute",
    "do", "else", "end", "except", "exclude", "exists", "false", "fetch", "for", "foreign", "from", "group",
    "having", "in", "initially", "intersect", "interval", "into", "lambda", "lateral", "leading", "limit",
    "localtime", "localtimestamp", "minus", "not", "null", "offset", "on", "only", "or", "order", "pivot",
    "placing", "primary", "qualify", "references", "returning", "select", "session_user", "show", "some", "sort",
    "struct", "summarize", "symmetric", "table", "then", "to", "top", "trailing", "trim", "true", "union", "unique",
    "unpivot", "user", "using", "values", "variadic", "view", "when", "where", "window", "with",
];

/// Whether a word has to be quoted to be a name. Upper and lower case are the same.
pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::{Expr, SelectItem};
    use sqlparser::dialect::{AnsiDialect, Dialect, GenericDialect, PostgreSqlDialect};
    use sqlparser::keywords::ALL_KEYWORDS;
    use sqlparser::parser::Parser;

    use super::*;

    fn is_name(word: &str, dialect: &dyn Dialect) -> bool {
        let item = |text: &str| {
            let mut parser = Parser::new(dialect).try_with_sql(text).ok()?;
            let item = parser.parse_select_item().ok()?;
            parser.expect_token(&sqlparser::tokenizer::Token::EOF).ok()?;
            Some(item)
        };
        let alone = matches!(item(word), Some(SelectItem::UnnamedExpr(Expr::Identifier(name))) if name.value == word);
        let cast = item(&format!("cast({word} as bigint) as {word}"));
        let is_cast = matches!(&cast, Some(SelectItem::ExprWithAlias { expr: Expr::Cast { expr, .. }, alias })
            if matches!(&**expr, Expr::Identifier(name) if name.value == word) && alias.value == word);
        alone && is_cast
    }

    #[test]
    fn words_that_are_not_quoted_are_names() {
        assert!(RESERVED.is_sorted());
        let dialects: [&dyn Dialect; 3] = [&GenericDialect {}, &AnsiDialect {}, &PostgreSqlDialect {}];
        // `END-EXEC` is none: only letters, digits and `_` go without quotes.
        let words = ALL_KEYWORDS.iter().filter(|word| !word.contains('-'));
        let words = words.map(|word| word.to_lowercase());
        let missed: Vec<String> = words
            .filter(|word| !is_reserved(word) && !dialects.iter().all(|dialect| is_name(word, *dialect)))
            .collect();
        assert_eq!(missed, Vec::<String>::new());
    }
}
