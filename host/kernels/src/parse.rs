//! From text to a syntax tree of bounded size, in which every column and function is known.

use std::{collections::HashSet, ops::ControlFlow};

use arrow::datatypes::Schema;
use datafusion_sql::sqlparser::{
    ast::{
        BinaryOperator, CastKind, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
        Ident, Query, SelectItem, Spanned, Value, ValueWithSpan, Visit, Visitor,
    },
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, Tokenizer},
};

use crate::{
    Limits,
    dialect::Expressions,
    error::{self, At, Error},
    functions, tokens,
};

/// Levels of a type such as `int[][]` in a cast. Arrow's own code recurses over types.
const TYPE_DEPTH: usize = 8;

/// One item of a select list.
#[derive(Debug)]
pub(crate) struct Item {
    pub expression: Expr,
    pub alias: Option<String>,
}

/// Parses an expression. `nodes` is what the program may still use of its limit, and goes down.
pub(crate) fn parse(text: &str, schema: &Schema, limits: &Limits, nodes: &mut usize) -> Result<Item, Error> {
    let at = At::new(text);
    let mut tokens = Tokenizer::new(&Expressions, text)
        .tokenize_with_location()
        .map_err(|e| syntax(&at, &e.message, e.location))?;
    // Spaces don't count: the parser drops them.
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    tokens::check(&at, &tokens, limits)?;

    let mut parser = Parser::new(&Expressions)
        .with_recursion_limit(limits.depth)
        .with_tokens_with_locations(tokens);
    if matches!(parser.peek_token().token, Token::EOF) {
        return Err(Error::Syntax {
            at,
            reason: "the expression is empty".to_owned(),
        });
    }
    let item = parser.parse_select_item().map_err(|e| parser_error(&at, &e, limits))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let reason = format!(
            "expected the end of the expression, found: {}",
            error::name(&rest.token.to_string())
        );
        return Err(syntax(&at, &reason, rest.span.start));
    }

    let (expression, alias) = match item {
        SelectItem::UnnamedExpr(expression) => (expression, None),
        SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value)),
        SelectItem::ExprWithAliases { .. } => {
            return Err(not_offered(&at, "an expression takes one name, not several"));
        }
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
            return Err(not_offered(&at, "`*` is not an expression: name the columns"));
        }
    };
    let mut check = Check {
        at: &at,
        schema,
        limits,
        nodes,
        depth: 0,
        names: None,
    };
    match expression.visit(&mut check) {
        ControlFlow::Continue(()) => Ok(Item { expression, alias }),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// Walks the tree once, down to the allowed depth and no further.
struct Check<'a> {
    at: &'a At,
    schema: &'a Schema,
    limits: &'a Limits,
    nodes: &'a mut usize,
    depth: usize,
    names: Option<HashSet<&'a str>>,
}

impl Check<'_> {
    fn node(&mut self, expression: &Expr) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(depth(self.at, self.limits));
        }
        match self.nodes.checked_sub(1) {
            Some(left) => *self.nodes = left,
            None => {
                return Err(limit(
                    self.at,
                    "the program",
                    format!("more than {} columns, literals, operators and calls", self.limits.nodes),
                    "nodes",
                    self.limits.nodes,
                ));
            }
        }
        match expression {
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(names) => names.first().map_or(Ok(()), |name| self.column(name)),
            Expr::Function(function) => self.function(function),
            Expr::Cast {
                kind,
                data_type,
                format,
                ..
            } => self.cast(expression, kind, data_type, format.is_some()),
            Expr::BinaryOp { op, .. } => self.operator(expression, op),
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                self.refuse(expression, "queries are not offered inside expressions")
            }
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => {
                self.refuse(expression, "`*` is not an expression: name the columns")
            }
            Expr::Lambda(_) => self.refuse(expression, "lambda functions are not offered"),
            Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => {
                self.refuse(expression, "expressions work row by row: grouping is not offered")
            }
            Expr::InUnnest { .. } | Expr::AnyOp { .. } | Expr::AllOp { .. } | Expr::SimilarTo { .. } => {
                self.refuse(expression, "this operator is not offered")
            }
            _ => Ok(()),
        }
    }

    fn column(&mut self, name: &Ident) -> Result<(), Error> {
        let schema = self.schema;
        let names = self
            .names
            .get_or_insert_with(|| schema.fields().iter().map(|f| f.name().as_str()).collect());
        if names.contains(name.value.as_str()) {
            return Ok(());
        }
        let fields = schema.fields().iter();
        Err(Error::UnknownColumn {
            at: self.at.clone().position(name.span.start.line, name.span.start.column),
            name: error::name(&name.value),
            near: error::nearest(&name.value, fields.clone().map(|f| f.name().as_str())),
            columns: error::list_columns(fields.map(|f| f.name().as_str())),
        })
    }

    fn function(&mut self, function: &Function) -> Result<(), Error> {
        let start = function.name.span().start;
        let at = self.at.clone().position(start.line, start.column);
        let full_name = function.name.to_string();
        let name = match function.name.0.as_slice() {
            [part] => part.as_ident().map(|ident| ident.value.to_lowercase()),
            _ => None,
        };
        let Some(name) = name else {
            return Err(functions::refusal(at, &full_name));
        };
        if !functions::offered(&name) {
            return Err(functions::refusal(at, &full_name));
        }
        let plain = function.over.is_none()
            && function.filter.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None)
            && match &function.args {
                FunctionArguments::List(list) => {
                    list.duplicate_treatment.is_none()
                        && list.clauses.is_empty()
                        && list
                            .args
                            .iter()
                            .all(|arg| matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Expr(_))))
                }
                FunctionArguments::None => true,
                FunctionArguments::Subquery(_) => false,
            };
        if plain {
            return Ok(());
        }
        Err(Error::NotOffered {
            at,
            what: format!(
                "the call of `{}` has a clause (over, filter, distinct, order by, named arguments or *) that row by \
                 row functions don't take",
                error::name(&full_name)
            ),
        })
    }

    fn cast(&self, expression: &Expr, kind: &CastKind, data_type: &SqlType, format: bool) -> Result<(), Error> {
        if format || matches!(kind, CastKind::SafeCast) {
            return self.refuse(
                expression,
                "cast with a format is not offered: use to_char, to_date or to_timestamp",
            );
        }
        let mut depth = 0;
        let mut inner = data_type;
        while let SqlType::Array(element) = inner {
            use datafusion_sql::sqlparser::ast::ArrayElemTypeDef::{AngleBracket, None, Parenthesis, SquareBracket};
            depth += 1;
            inner = match element {
                AngleBracket(inner) | SquareBracket(inner, Option::None) | Parenthesis(inner) => inner,
                SquareBracket(_, Some(_)) => {
                    return self.refuse(
                        expression,
                        "lists of a fixed size are not offered in casts: leave the size out",
                    );
                }
                None => break,
            };
            if depth > TYPE_DEPTH {
                return self.refuse(
                    expression,
                    "types nested more than 8 levels deep are not offered in casts",
                );
            }
        }
        if matches!(
            inner,
            SqlType::Struct(..) | SqlType::Map(..) | SqlType::Nested(_) | SqlType::Tuple(_)
        ) {
            return self.refuse(
                expression,
                "casts to structs and maps are not offered: use named_struct or map",
            );
        }
        Ok(())
    }

    fn operator(&self, expression: &Expr, op: &BinaryOperator) -> Result<(), Error> {
        match op {
            BinaryOperator::Custom(_) | BinaryOperator::PGCustomBinaryOperator(_) => {
                self.refuse(expression, "this operator is not offered")
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, expression: &Expr, what: &str) -> Result<(), Error> {
        let start = expression.span().start;
        Err(Error::NotOffered {
            at: self.at.clone().position(start.line, start.column),
            what: what.to_owned(),
        })
    }
}

fn flow(result: Result<(), Error>) -> ControlFlow<Box<Error>> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Box::new(error)),
    }
}

impl Visitor for Check<'_> {
    type Break = Box<Error>;

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        flow(self.node(expression))
    }

    fn post_visit_expr(&mut self, _expression: &Expr) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        flow(Err(not_offered(self.at, "queries are not offered inside expressions")))
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Self::Break> {
        if matches!(value.value, Value::Placeholder(_)) {
            let at = self.at.clone().position(value.span.start.line, value.span.start.column);
            return flow(Err(Error::NotOffered {
                at,
                what: "placeholders are not offered: write the value into the expression".to_owned(),
            }));
        }
        ControlFlow::Continue(())
    }
}

pub(crate) fn depth(at: &At, limits: &Limits) -> Error {
    limit(
        at,
        "the expression",
        format!("more than {} levels of nesting", limits.depth),
        "depth",
        limits.depth,
    )
}

pub(crate) fn limit(at: &At, what: &str, needed: String, limit: &'static str, allowed: usize) -> Error {
    Error::Limit {
        at: Some(at.clone()),
        what: what.to_owned(),
        needed,
        limit,
        allowed: allowed as u64,
    }
}

fn not_offered(at: &At, what: &str) -> Error {
    Error::NotOffered {
        at: at.clone(),
        what: what.to_owned(),
    }
}

pub(crate) fn syntax(at: &At, reason: &str, location: Location) -> Error {
    Error::Syntax {
        at: at.clone().position(location.line, location.column),
        reason: error::reason(reason),
    }
}

/// The parser puts the position into its message: take it out again.
fn parser_error(at: &At, error: &ParserError, limits: &Limits) -> Error {
    let message = match error {
        ParserError::RecursionLimitExceeded => return depth(at, limits),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
    };
    let (reason, location) = match message.rsplit_once(" at Line: ") {
        Some((reason, position)) => match position.split_once(", Column: ") {
            Some((line, column)) => (
                reason,
                Location {
                    line: line.parse().unwrap_or(0),
                    column: column.trim().parse().unwrap_or(0),
                },
            ),
            None => (message.as_str(), Location::empty()),
        },
        None => (message.as_str(), Location::empty()),
    };
    let mut reason = reason.replace("found: EOF", "found the end of the expression");
    if let Some(first) = reason.get(..1).map(str::to_lowercase) {
        reason.replace_range(..1, &first);
    }
    syntax(at, &reason, location)
}
