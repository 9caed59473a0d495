//! TOML.

use ::toml::de::{DeTable, DeValue, Error};

use super::{Budget, duplicate, pointer, push};
use crate::node::Table;
use crate::{Node, Problem, Span, Value};

pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(|error| problem(text, error)).collect());
    }
    let mut converter = Converter {
        text,
        budget: Budget::new(),
    };
    let root = converter
        .table(table.get_ref(), Span::new(0, 0), 0)
        .map_err(|problem| vec![problem])?;
    Ok(Node::spanned(root, Span::new(0, 0)))
}

fn problem(text: &str, error: &Error) -> Problem {
    let span = error.span().map(|span| Span::new(span.start, span.end));
    if let (Some(span), "duplicate key") = (span, error.message())
        && let Some(key) = text.get(span.start..span.end)
    {
        return duplicate(key, span);
    }
    // The parser's messages go over several lines.
    Problem::new(error.message().trim().replace('\n', "; ")).at(span)
}

struct Converter<'t> {
    text: &'t str,
    budget: Budget,
}

impl Converter<'_> {
    fn table(&mut self, table: &DeTable<'_>, span: Span, depth: usize) -> Result<Value, Problem> {
        self.budget.take(1, depth, span)?;
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut converted = Table::default();
        for (key, value) in entries {
            let key_span = Span::new(key.span().start, key.span().end);
            let value_span = Span::new(value.span().start, value.span().end);
            let node = self.value(value.get_ref(), value_span, Some(key_span), depth + 1)?;
            push(&mut converted, key.get_ref().clone().into_owned(), key_span, node)?;
        }
        Ok(Value::Table(converted))
    }

    fn value(&mut self, value: &DeValue<'_>, span: Span, name: Option<Span>, depth: usize) -> Result<Node, Problem> {
        self.budget.take(1, depth, span)?;
        Ok(match value {
            DeValue::String(text) => Node::spanned(Value::String(text.clone().into_owned()), span),
            DeValue::Boolean(value) => Node::spanned(Value::Bool(*value), span),
            DeValue::Datetime(moment) => Node::spanned(Value::String(moment.to_string()), span),
            DeValue::Integer(number) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| Problem::new(format!("the number {number} does not fit in 64 bits")).at(Some(span)))?;
                Node::spanned(Value::Int(whole), span)
            }
            DeValue::Float(number) => {
                let value = number.as_str().parse::<f64>().ok().filter(|value| value.is_finite());
                let value = value
                    .ok_or_else(|| Problem::new(format!("the number {number} is not a finite one")).at(Some(span)))?;
                Node::spanned(Value::Float(value), span)
            }
            DeValue::Array(items) => {
                let mut list = Vec::new();
                for item in items {
                    let item_span = Span::new(item.span().start, item.span().end);
                    list.push(self.value(item.get_ref(), item_span, None, depth + 1)?);
                }
                Node::spanned(Value::List(list), pointer(self.text, span, name))
            }
            DeValue::Table(table) => {
                let converted = self.table(table, span, depth)?;
                Node::spanned(converted, pointer(self.text, span, name))
            }
        })
    }
}
