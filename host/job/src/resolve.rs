//! Puts values into a job file's references.

use std::collections::BTreeMap;

use crate::nearest::suggestion;
use crate::node::{Secret, Table};
use crate::params::{Declaration, Param, Params};
use crate::reference::{Piece, Reference, Target, escape, is_identifier, pieces};
use crate::{Document, Lookup, Node, Problem, Span, Value, read, sql};

/// The keys of steps whose texts are SQL; `aggregate` and `dedupe` hold some too.
const SQL_KEYS: [&str; 4] = ["sql", "select", "filter", "sort"];
const SQL_KEYS_WITHIN: [(&str, &str); 3] = [
    ("aggregate", "group_by"),
    ("aggregate", "values"),
    ("dedupe", "order_by"),
];

/// The key of sources whose text is SQL of a database's own.
const QUERY: &str = "query";

/// How a value is put into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    Plain,
    Sql,
    /// SQL of a database, which may see more in a text than its quotes.
    Query,
}

/// Puts values into references and collects what is wrong with them.
pub(crate) struct Resolver<'a> {
    pub document: Option<&'a Document>,
    pub lookup: &'a dyn Lookup,
    /// Values that the caller gives to parameters.
    pub given: &'a BTreeMap<String, serde_json::Value>,
    pub check_only: bool,
    pub params: Params,
    pub problems: Vec<Problem>,
}

impl Resolver<'_> {
    /// Reads the declarations and settles the values. The parameters must be settled before the rest is resolved.
    pub fn settle_params(&mut self, declarations: Option<&Table>) {
        let none = Table::default();
        let declarations = declarations.unwrap_or(&none);
        for entry in declarations {
            let param = self.param(&entry.key, entry.key_span, &entry.value);
            self.params.insert(entry.key.clone(), param);
        }
        let known: Vec<_> = declarations.keys().collect();
        for name in self.given.keys().filter(|name| !known.contains(&name.as_str())) {
            let message = format!(
                "a value is given for the parameter `{name}`, which the job doesn't have; {}",
                suggestion(name, &known)
            );
            self.problems.push(Problem::new(message));
        }
    }

    fn param(&mut self, name: &str, key_span: Option<Span>, node: &Node) -> Option<Param> {
        let path = |problem: Problem| problem.at(key_span).under(name).under("params");
        if !is_identifier(name) {
            self.problems.push(path(read::bad_name("parameter", name)));
        }
        let declaration: Declaration = read::all(node, &mut |problem| self.problems.push(path(problem)))?;
        for choice in &declaration.choices {
            if let Err(message) = declaration.kind.accept(choice, false) {
                let problem = Problem::new(format!("choice of the parameter `{name}`: {message}"));
                self.problems.push(path(problem.at(choice.span)));
            }
        }
        let (node, from_text) = match (self.given.get(name), &declaration.default) {
            (Some(given), _) => (Node::from_json(given.clone()), true),
            (None, Some(default)) => {
                let before = self.problems.len();
                let mut node = default.clone();
                self.resolve(&mut node, Text::Plain, true);
                if self.problems.len() > before {
                    return None;
                }
                // A text that came out of the environment is read as the type.
                let from_text = node != *default;
                (node, from_text)
            }
            (None, None) if self.check_only => (declaration.some_value(), true),
            (None, None) => {
                let problem = Problem::new(format!("the parameter `{name}` has neither a value nor a default"));
                self.problems.push(path(problem.help(format!(
                    "give it a value for this run, or a `default` under [params.{name}]"
                ))));
                return None;
            }
        };
        let checked = declaration.kind.accept(&node, from_text).and_then(|value| {
            let value = Node { value, span: node.span };
            declaration.check_choice(&value).map(|()| value)
        });
        match checked {
            Ok(value) => Some(Param {
                kind: declaration.kind,
                value,
                description: declaration.description,
                choices: declaration.choices,
            }),
            Err(message) => {
                let problem = Problem::new(format!("parameter `{name}`: {message}")).at(node.span);
                self.problems.push(path(problem));
                None
            }
        }
    }

    /// Resolves everything but the declarations of parameters.
    pub fn resolve_job(&mut self, root: &mut Node) {
        for entry in entries(root) {
            match entry.key.as_str() {
                "params" => {}
                "steps" => entries(&mut entry.value).for_each(|step| self.resolve_step(&mut step.value)),
                "sources" => entries(&mut entry.value).for_each(|source| self.resolve_source(&mut source.value)),
                _ => self.resolve(&mut entry.value, Text::Plain, false),
            }
        }
    }

    fn resolve_source(&mut self, source: &mut Node) {
        for entry in entries(source) {
            let text = if entry.key == QUERY { Text::Query } else { Text::Plain };
            self.resolve(&mut entry.value, text, false);
        }
    }

    fn resolve_step(&mut self, step: &mut Node) {
        for entry in entries(step) {
            if SQL_KEYS.contains(&entry.key.as_str()) {
                self.resolve(&mut entry.value, Text::Sql, false);
                continue;
            }
            if !SQL_KEYS_WITHIN.iter().any(|(key, _)| *key == entry.key) || entry.value.as_table().is_none() {
                self.resolve(&mut entry.value, Text::Plain, false);
                continue;
            }
            for inner in entries(&mut entry.value) {
                let is_sql = SQL_KEYS_WITHIN.contains(&(entry.key.as_str(), inner.key.as_str()));
                self.resolve(&mut inner.value, if is_sql { Text::Sql } else { Text::Plain }, false);
            }
        }
    }

    fn resolve(&mut self, node: &mut Node, text: Text, in_default: bool) {
        match &mut node.value {
            Value::List(items) => items.iter_mut().for_each(|item| self.resolve(item, text, in_default)),
            Value::Table(table) => table
                .entries_mut()
                .for_each(|entry| self.resolve(&mut entry.value, text, in_default)),
            Value::String(written) if written.contains("${") => {
                let written = std::mem::take(written);
                let resolved = match text {
                    Text::Plain => self.plain(&written, node.span, in_default),
                    Text::Sql => self.sql(&written, node.span, false),
                    Text::Query => self.sql(&written, node.span, true),
                };
                // What could not be resolved is reported; as it was written it serves to find further problems.
                node.value = resolved.unwrap_or(Value::String(written));
                let span = node.span;
                node.place(span);
            }
            _ => {}
        }
    }

    fn plain(&mut self, written: &str, span: Option<Span>, in_default: bool) -> Option<Value> {
        let pieces = self.pieces(written, span)?;
        if let [Piece::Reference(reference)] = pieces.as_slice() {
            return self.value(*reference, written, span, in_default);
        }
        let (mut text, mut record, mut hidden) = (String::new(), String::new(), Vec::new());
        let mut complete = true;
        for piece in &pieces {
            let value = match piece {
                Piece::Text(plain) => Some(Value::String(plain.clone().into_owned())),
                Piece::Reference(reference) => self.value(*reference, written, span, in_default),
            };
            let plain = match value {
                None => {
                    complete = false;
                    continue;
                }
                Some(Value::Secret(secret)) => {
                    text.push_str(secret.expose());
                    record.push_str(secret.reference());
                    hidden.extend_from_slice(secret.hidden());
                    continue;
                }
                Some(Value::String(plain)) => plain,
                Some(Value::Int(number)) => number.to_string(),
                Some(Value::Float(number)) => number.to_string(),
                Some(Value::Bool(value)) => value.to_string(),
                Some(other) => {
                    let message = format!("{} can't be part of a text", Node::new(other).kind());
                    self.report(piece, written, span, message);
                    complete = false;
                    continue;
                }
            };
            text.push_str(&plain);
            record.push_str(&escape(&plain));
        }
        complete.then(|| {
            if hidden.is_empty() {
                Value::String(text)
            } else {
                Value::Secret(Secret::new(text, record, hidden))
            }
        })
    }

    /// In SQL of a database (`foreign`) a backslash may take the meaning from the quote behind it.
    fn sql(&mut self, written: &str, span: Option<Span>, foreign: bool) -> Option<Value> {
        let pieces = self.pieces(written, span)?;
        let substituted = sql::substitute(&pieces, &mut |reference| {
            let Target::Param(name) = reference.target else {
                return None;
            };
            let param = self.find_param(name, reference, written, span)?;
            if foreign && has_backslash(&param.value) {
                let message = format!("the value of `{name}` has a backslash, which databases read in different ways");
                self.problem(reference.written, written, span, message);
                return None;
            }
            Some(param)
        });
        match substituted {
            Ok(text) => text.map(Value::String),
            Err(refused) => {
                self.problem(refused.written, written, span, refused.message);
                None
            }
        }
    }

    fn value(
        &mut self,
        reference: Reference<'_>,
        written: &str,
        span: Option<Span>,
        in_default: bool,
    ) -> Option<Value> {
        match reference.target {
            Target::Param(name) if in_default => {
                let message = format!("the default of a parameter can't refer to the parameter `{name}`");
                self.problem(reference.written, written, span, message);
                None
            }
            Target::Param(name) => Some(self.find_param(name, reference, written, span)?.value.value),
            Target::Env(name) => {
                if let Some(secret) = name.strip_prefix("TENON_SECRET_") {
                    let message = format!(
                        "`{name}` holds a secret: write `${{secret:{}}}`",
                        secret.to_ascii_lowercase()
                    );
                    self.problem(reference.written, written, span, message);
                    return None;
                }
                let value = self.lookup.env(name);
                if value.is_none() {
                    let names = self.lookup.env_names();
                    let near = crate::nearest::nearest(name, names.iter().map(String::as_str));
                    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    self.problem(
                        reference.written,
                        written,
                        span,
                        format!("the environment variable `{name}` is not set{near}"),
                    );
                }
                value.map(Value::String)
            }
            Target::Secret(name) => {
                let Some(value) = self.lookup.secret(name) else {
                    self.problem(reference.written, written, span, unknown_secret(self.lookup, name));
                    return None;
                };
                let record = reference.written.to_owned();
                Some(Value::Secret(Secret::new(value.clone(), record, vec![value])))
            }
        }
    }

    fn find_param(&mut self, name: &str, reference: Reference<'_>, written: &str, span: Option<Span>) -> Option<Param> {
        if let Some(param) = self.params.get(name) {
            return param.clone();
        }
        let known: Vec<_> = self.params.keys().map(String::as_str).collect();
        let message = if known.is_empty() {
            format!("unknown parameter `{name}`: the job declares none under [params]")
        } else {
            format!("unknown parameter `{name}`; {}", suggestion(name, &known))
        };
        self.problem(reference.written, written, span, message);
        None
    }

    fn pieces<'t>(&mut self, written: &'t str, span: Option<Span>) -> Option<Vec<Piece<'t>>> {
        match pieces(written) {
            Ok(pieces) => Some(pieces),
            Err(malformed) => {
                self.problem(malformed.written, written, span, malformed.message);
                None
            }
        }
    }

    fn report(&mut self, piece: &Piece<'_>, written: &str, span: Option<Span>, message: String) {
        if let Piece::Reference(reference) = piece {
            self.problem(reference.written, written, span, message);
        }
    }

    /// `part` is a slice of `written`, the text of the value at `span`.
    fn problem(&mut self, part: &str, written: &str, span: Option<Span>, message: String) {
        let offset = (part.as_ptr() as usize).wrapping_sub(written.as_ptr() as usize);
        let nth = written.get(..offset).map_or(0, |before| before.matches(part).count());
        let place = self
            .document
            .and_then(|document| document.find(span, part, nth))
            .or(span);
        self.problems.push(Problem::new(message).at(place));
    }
}

/// What to say of a secret that nobody has.
pub(crate) fn unknown_secret(lookup: &dyn Lookup, name: &str) -> String {
    if let Some(problem) = lookup.secret_problem(name) {
        return format!("the secret `{name}` can't be looked for: {problem}");
    }
    let names = lookup.secret_names();
    let near = crate::nearest::nearest(name, names.iter().map(String::as_str));
    match near {
        Some(near) => format!("the secret `{name}` is not known; did you mean `{near}`?"),
        None => format!("the secret `{name}` is not known"),
    }
}

/// Whether a text, or one in a list, has a backslash.
fn has_backslash(node: &Node) -> bool {
    match &node.value {
        Value::String(text) => text.contains('\\'),
        Value::List(items) => items.iter().any(has_backslash),
        _ => false,
    }
}

fn entries(node: &mut Node) -> impl Iterator<Item = &mut crate::node::Entry> {
    match &mut node.value {
        Value::Table(table) => Some(table.entries_mut()),
        _ => None,
    }
    .into_iter()
    .flatten()
}
