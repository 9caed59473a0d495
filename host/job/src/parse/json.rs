//! JSON. The structure is read here, for the places; strings and numbers by serde_json.

use super::{Budget, duplicate, pointer, push};
use crate::node::Table;
use crate::{Node, Problem, Span, Value};

pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let mut parser = Parser {
        text,
        at: 0,
        budget: Budget::new(),
    };
    let mut root = parser.value(None, 0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(parser.unexpected("the end of the file"));
    }
    if matches!(root.value, Value::Table(_)) {
        root.span = Some(Span::new(0, 0));
    }
    Ok(root)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    budget: Budget,
}

impl Parser<'_> {
    fn value(&mut self, name: Option<Span>, depth: usize) -> Result<Node, Problem> {
        self.skip_space();
        let start = self.at;
        self.budget.take(1, depth, Span::new(start, start + 1))?;
        let value = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Value::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        let span = pointer(self.text, Span::new(start, self.at), name);
        Ok(Node::spanned(value, span))
    }

    fn object(&mut self, depth: usize) -> Result<Value, Problem> {
        self.at += 1;
        let mut table = Table::default();
        if self.take('}') {
            return Ok(Value::Table(table));
        }
        loop {
            self.skip_space();
            if self.peek() != Some('"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = Span::new(start, self.at);
            if table.get(&key).is_some() {
                return Err(duplicate(&key, key_span));
            }
            if !self.take(':') {
                return Err(self.unexpected("`:` after the key"));
            }
            let value = self.value(Some(key_span), depth + 1)?;
            push(&mut table, key, key_span, value)?;
            if self.take('}') {
                return Ok(Value::Table(table));
            }
            if !self.take(',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Problem> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(None, depth + 1)?);
            if self.take(']') {
                return Ok(Value::List(items));
            }
            if !self.take(',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start + 1..];
        let mut escaped = false;
        let length = rest.iter().position(|byte| match byte {
            _ if escaped => {
                escaped = false;
                false
            }
            b'\\' => {
                escaped = true;
                false
            }
            b'"' => true,
            _ => false,
        });
        let Some(length) = length else {
            let quote = Span::new(start, start + 1);
            return Err(Problem::new("this string has no end: a `\"` is missing").at(Some(quote)));
        };
        self.at = start + length + 2;
        let span = Span::new(start, self.at);
        serde_json::from_str(&self.text[start..self.at]).map_err(|error| foreign(&error, span))
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        let length = self.text[start..].find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        self.at = length.map_or(self.text.len(), |length| start + length);
        let span = Span::new(start, self.at);
        let digits = &self.text[start..self.at];
        let number: serde_json::Number = serde_json::from_str(digits).map_err(|error| foreign(&error, span))?;
        if digits.contains(['.', 'e', 'E']) {
            let float = number.as_f64().filter(|float| float.is_finite());
            return float
                .map(Value::Float)
                .ok_or_else(|| Problem::new(format!("the number {digits} is not a finite one")).at(Some(span)));
        }
        number
            .as_i64()
            .map(Value::Int)
            .ok_or_else(|| Problem::new(format!("the number {digits} does not fit in 64 bits")).at(Some(span)))
    }

    fn word(&mut self) -> Result<Value, Problem> {
        let words = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn unexpected(&self, expected: &str) -> Problem {
        let found = self
            .peek()
            .map_or_else(|| "the end of the file".to_owned(), |found| format!("`{found}`"));
        let width = self.peek().map_or(0, char::len_utf8);
        Problem::new(format!("expected {expected}, found {found}")).at(Some(Span::new(self.at, self.at + width)))
    }
}

/// serde_json's message, without its line and column within the slice.
fn foreign(error: &serde_json::Error, span: Span) -> Problem {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    Problem::new(message).at(Some(span))
}
