//! YAML 1.2 with the core schema.

use std::collections::HashMap;
use std::iter::Peekable;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as Marks, StrInput, Tag};

use super::{Budget, MOST_DEPTH, duplicate, pointer, push};
use crate::node::Table;
use crate::{Node, Problem, Span, Value};

pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    // One more than the own limit, so that the own message is given.
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MOST_DEPTH + 1,
        block_nesting_limit: MOST_DEPTH + 1,
        simple_key_max_lookahead: 1024,
    };
    let mut builder = Builder {
        text,
        events: Parser::new_from_str_with_options(text, options).peekable(),
        anchors: HashMap::new(),
        budget: Budget::new(),
    };
    builder.document()
}

struct Builder<'t> {
    text: &'t str,
    events: Peekable<Parser<'t, StrInput<'t>>>,
    /// What aliases repeat, with the number of its values.
    anchors: HashMap<usize, (Node, usize)>,
    budget: Budget,
}

impl<'t> Builder<'t> {
    fn document(&mut self) -> Result<Node, Problem> {
        let mut root = None;
        loop {
            let (event, marks) = self.next()?;
            match event {
                Event::StreamEnd => {
                    let empty = || Node::spanned(Value::Table(Table::default()), Span::new(0, 0));
                    return Ok(root.unwrap_or_else(empty));
                }
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let at = Some(self.span(marks));
                    return Err(Problem::new("a job file holds one YAML document; here begins another").at(at));
                }
                Event::DocumentStart(..) => {
                    let (event, marks) = self.next()?;
                    let mut node = self.node(event, marks, None, 0)?;
                    if matches!(node.value, Value::Table(_)) {
                        node.span = Some(Span::new(0, 0));
                    }
                    root = Some(node);
                }
                _ => return Err(Problem::new("unexpected YAML").at(Some(self.span(marks)))),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, marks: Marks, name: Option<Span>, depth: usize) -> Result<Node, Problem> {
        let span = self.span(marks);
        self.budget.take(1, depth, span)?;
        let before = self.budget.nodes;
        let (node, anchor) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref()).map_err(|problem| problem.at(Some(span)))?;
                // Nothing is written where a value is left out: its key is pointed to.
                let place = if span.start == span.end {
                    name.unwrap_or(span)
                } else {
                    span
                };
                (Node::spanned(value, place), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), span)?;
                (self.sequence(span, name, depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                refuse_tag(tag.as_deref(), span)?;
                (self.mapping(span, name, depth)?, anchor)
            }
            _ => return Err(Problem::new("expected a value").at(Some(span))),
        };
        if anchor != 0 {
            let nodes = self.budget.nodes - before + 1;
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        Ok(node)
    }

    /// What an alias stands for; its values stand where they are written.
    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Node, Problem> {
        let Some((node, nodes)) = self.anchors.get(&anchor) else {
            return Err(Problem::new("this alias is part of what it stands for").at(Some(span)));
        };
        self.budget.take(*nodes, depth + height(node), span)?;
        Ok(node.clone())
    }

    fn sequence(&mut self, start: Span, name: Option<Span>, depth: usize) -> Result<Node, Problem> {
        let mut items = Vec::new();
        loop {
            let (event, marks) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                let whole = Span::new(start.start, self.span(marks).end);
                return Ok(Node::spanned(Value::List(items), pointer(self.text, whole, name)));
            }
            items.push(self.node(event, marks, None, depth + 1)?);
        }
    }

    fn mapping(&mut self, start: Span, name: Option<Span>, depth: usize) -> Result<Node, Problem> {
        let mut table = Table::default();
        loop {
            let (event, marks) = self.next()?;
            let key_span = self.span(marks);
            let key = match event {
                Event::MappingEnd => {
                    let whole = Span::new(start.start, key_span.end);
                    return Ok(Node::spanned(Value::Table(table), pointer(self.text, whole, name)));
                }
                Event::Scalar(text, style, _, tag) => {
                    refuse_tag(tag.as_deref(), key_span)?;
                    if text == "<<" && style == ScalarStyle::Plain {
                        let problem = Problem::new("merge keys (`<<`) are not part of YAML 1.2: write the keys out");
                        return Err(problem.at(Some(key_span)));
                    }
                    text.into_owned()
                }
                _ => return Err(Problem::new("a key must be a string").at(Some(key_span))),
            };
            if table.get(&key).is_some() {
                return Err(duplicate(&key, key_span));
            }
            let (event, marks) = self.next()?;
            let value = self.node(event, marks, Some(key_span), depth + 1)?;
            push(&mut table, key, key_span, value)?;
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Marks), Problem> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.problem(&error)),
            None => Err(Problem::new("this YAML ends too early").at(Some(Span::new(self.text.len(), self.text.len())))),
        }
    }

    fn problem(&self, error: &ScanError) -> Problem {
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(self.text.len())
            .min(self.text.len());
        Problem::new(error.info()).at(Some(Span::new(at, at)))
    }

    fn span(&self, marks: Marks) -> Span {
        let range = marks.byte_range().unwrap_or(0..0);
        Span::new(range.start.min(self.text.len()), range.end.min(self.text.len()))
    }
}

/// How many tables and lists lie in one another.
fn height(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Value::Table(table) => 1 + table.iter().map(|entry| height(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

fn refuse_tag(tag: Option<&Tag>, span: Span) -> Result<(), Problem> {
    match tag {
        None => Ok(()),
        Some(tag) => Err(Problem::new(format!("the tag `{}` has no meaning here", tag.original())).at(Some(span))),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, Problem> {
    let string = || Value::String(text.to_owned());
    match tag {
        Some(tag) if tag.is_yaml_core_schema_tag("str") => return Ok(string()),
        Some(tag) => {
            return Err(Problem::new(format!(
                "the tag `{}` has no meaning here",
                tag.original()
            )));
        }
        None if style != ScalarStyle::Plain => return Ok(string()),
        None => {}
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let too_large = || Problem::new(format!("the number {text} does not fit in 64 bits"));
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Value::Int).map_err(|_| too_large());
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            return i64::from_str_radix(digits, radix)
                .map(Value::Int)
                .map_err(|_| too_large());
        }
    }
    if matches!(unsigned.to_ascii_lowercase().as_str(), ".inf" | ".nan") {
        return Err(Problem::new(format!("the number {text} is not a finite one")));
    }
    // Rust's parser takes what YAML's grammar has, and words such as `inf` and `nan`, which are strings.
    let looks_like_a_number = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if looks_like_a_number && number.is_finite() => Ok(Value::Float(number)),
        Ok(_) if looks_like_a_number => Err(Problem::new(format!("the number {text} is not a finite one"))),
        _ => Ok(string()),
    }
}
