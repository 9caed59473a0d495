//! Reads settings, sources, steps, functions and sinks from a resolved tree.

use std::collections::BTreeMap;

use crate::nearest::suggestion;
use crate::node::{Entry, Table};
use crate::reference::is_identifier;
use crate::resolve::unknown_secret;
use crate::settings::{SETTINGS, Stream};
use crate::{Document, Function, Lookup, Node, Problem, Settings, Sink, SinkInput, Source, Step, Value, read, step};

/// The keys of a job file besides the settings.
const SECTIONS: [&str; 7] = [
    "name",
    "description",
    "params",
    "sources",
    "steps",
    "functions",
    "sinks",
];

/// The connector of sources and sinks that name none.
pub(crate) const FILES: &str = "file";

/// How much of a source of files a run reads at most.
pub(crate) const MAX_FILES: &str = "max_files";
pub(crate) const MAX_BYTES: &str = "max_bytes";

/// Keys of sources and sinks that are not their connector's.
const NOT_CONFIG: [&str; 6] = ["connector", "bookmark", MAX_FILES, MAX_BYTES, "from", "rejects_of"];

/// Something is wrong, and among the problems already.
struct Reported;

/// Sources, steps and sinks at most, each.
const MOST_ENTRIES: usize = 1_000;

/// Reads a resolved tree and collects what is wrong with it.
pub(crate) struct Reader<'a> {
    pub document: Option<&'a Document>,
    pub problems: Vec<Problem>,
}

impl Reader<'_> {
    pub fn settings(&mut self, root: &Node, lookup: &dyn Lookup) -> Option<Settings> {
        let known: Vec<_> = SECTIONS.into_iter().chain(SETTINGS).collect();
        let mut table = Table::default();
        for entry in root.as_table().into_iter().flatten() {
            if SETTINGS.contains(&entry.key.as_str()) {
                self.refuse_secrets(&entry.value, &entry.key);
                table.push(entry.key.clone(), entry.key_span, entry.value.clone());
            } else if !SECTIONS.contains(&entry.key.as_str()) {
                let key = crate::problem::clipped(&entry.key);
                let message = format!("unknown key `{key}`; {}", suggestion(&key, &known));
                self.problems.push(Problem::new(message).at(entry.key_span));
            }
        }
        let node = Node {
            value: Value::Table(table),
            span: root.span,
        };
        let settings: Settings = read::all(&node, &mut |problem| self.problems.push(problem))?;
        let item = |key: &str, index: usize| match node.get(key).map(Node::value) {
            Some(Value::List(items)) => items.get(index).and_then(Node::span),
            _ => None,
        };
        for (index, host) in settings.http.iter().enumerate() {
            let well_formed = host
                .rsplit_once(':')
                .is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0));
            if !well_formed || host.contains('/') {
                let message = format!("`{host}` is not a host with a port such as `api.example.com:443`");
                self.problems.push(Problem::new(message).at(item("http", index)));
            }
        }
        for (index, name) in settings.secrets.iter().enumerate() {
            if lookup.secret(name).is_none() {
                self.problems
                    .push(Problem::new(unknown_secret(lookup, name)).at(item("secrets", index)));
            }
        }
        if settings.retries.factor < 1.0 {
            let at = node.find(&["retries", "factor"]).and_then(Node::span);
            self.problems
                .push(Problem::new("`factor` is at least 1: waits don't get shorter").at(at));
        }
        let window = Stream::SHORTEST..=Stream::LONGEST;
        if settings.stream.is_some_and(|stream| !window.contains(&stream.every.0)) {
            let at = node.find(&["stream", "every"]).and_then(Node::span);
            let message = "the window of a stream, `every`, is 100ms at least and 1d at most";
            self.problems.push(Problem::new(message).at(at).under("stream"));
        }
        Some(settings)
    }

    pub fn text(&mut self, root: &Node, key: &str) -> Option<String> {
        let node = root.get(key)?;
        self.refuse_secrets(node, key);
        node.read()
            .map_err(|problem| self.problems.push(problem.under(key)))
            .ok()
    }

    pub fn check_name(&mut self, name: &str, root: &Node) {
        let length = name.chars().count();
        if length == 0 || length > 128 || name.contains(|c: char| c.is_control() || c == '/' || c == '\\') {
            let message = "a job's name has 1 to 128 characters, none of them a slash or a control character";
            self.problems
                .push(Problem::new(message).at(root.get("name").and_then(Node::span)));
        }
    }

    pub fn section<T>(
        &mut self,
        root: &Node,
        key: &str,
        read: impl Fn(&mut Self, &Entry) -> Option<T>,
    ) -> BTreeMap<String, T> {
        let Some(node) = root.get(key) else {
            return BTreeMap::new();
        };
        let Some(table) = node.as_table() else {
            let message = format!("expected a table of {key} by name, found {}", node.kind());
            self.problems.push(Problem::new(message).at(node.span).under(key));
            return BTreeMap::new();
        };
        if table.len() > MOST_ENTRIES {
            let message = format!(
                "a job has at most {MOST_ENTRIES} {key}, and this one has {}",
                table.len()
            );
            self.problems.push(Problem::new(message).at(node.span).under(key));
            return BTreeMap::new();
        }
        let mut section = BTreeMap::new();
        for entry in table {
            if !is_identifier(&entry.key) {
                let problem = read::bad_name(key.trim_end_matches('s'), &entry.key);
                self.problems.push(problem.at(entry.key_span).under(key));
            }
            self.refuse_secrets_outside_config(key, entry);
            let before = self.problems.len();
            let item = read(self, entry);
            for problem in &mut self.problems[before..] {
                *problem = problem.clone().at(entry.key_span).under(entry.key.clone()).under(key);
            }
            if let Some(item) = item {
                section.insert(entry.key.clone(), item);
            }
        }
        section
    }

    pub fn source(&mut self, entry: &Entry) -> Option<Source> {
        let mut table = self.table("source", entry)?;
        let connector = self.take(&mut table, "connector");
        let bookmark = self.take(&mut table, "bookmark");
        let connector = connector.ok()?.unwrap_or_else(|| FILES.to_owned());
        // Other connectors know nothing of files, and say that they know no such key.
        let (max_files, max_bytes) = if connector == FILES {
            (self.take(&mut table, MAX_FILES), self.take(&mut table, MAX_BYTES))
        } else {
            (Ok(None), Ok(None))
        };
        Some(Source {
            connector,
            bookmark: bookmark.ok()?,
            max_files: max_files.ok()?,
            max_bytes: max_bytes.ok()?,
            config: config(table, entry),
        })
    }

    pub fn step(&mut self, entry: &Entry) -> Option<Step> {
        step::read(entry, &mut |problem| self.problems.push(problem))
    }

    pub fn function(&mut self, entry: &Entry) -> Option<Function> {
        read::all(&entry.value, &mut |problem| self.problems.push(problem))
    }

    pub fn sink(&mut self, entry: &Entry) -> Option<Sink> {
        let mut table = self.table("sink", entry)?;
        let rejects_at = table.entry("rejects_of").and_then(|entry| entry.key_span);
        let connector = self.take(&mut table, "connector");
        let from = self.take(&mut table, "from").ok()?;
        let rejects_of = self.take(&mut table, "rejects_of").ok()?;
        let input = match (from, rejects_of) {
            (Some(from), None) => SinkInput::From(from),
            (None, Some(of)) => SinkInput::RejectsOf(of),
            (None, None) => {
                let message = format!(
                    "the sink `{}` reads nothing; it needs `from` or `rejects_of`",
                    entry.key
                );
                self.problems.push(Problem::new(message).at(entry.key_span));
                return None;
            }
            (Some(_), Some(_)) => {
                let message = format!(
                    "the sink `{}` has both `from` and `rejects_of`; make it two sinks",
                    entry.key
                );
                self.problems.push(Problem::new(message).at(rejects_at));
                return None;
            }
        };
        Some(Sink {
            input,
            connector: connector.ok()?.unwrap_or_else(|| FILES.to_owned()),
            config: config(table, entry),
        })
    }

    fn table(&mut self, what: &str, entry: &Entry) -> Option<Table> {
        if let Value::Table(table) = &entry.value.value {
            return Some(table.clone());
        }
        let message = format!(
            "expected a table for the {what} `{}`, found {}",
            entry.key,
            entry.value.kind()
        );
        self.problems.push(Problem::new(message).at(entry.value.span));
        None
    }

    /// Takes a key out.
    fn take<T: serde::de::DeserializeOwned>(&mut self, table: &mut Table, key: &str) -> Result<Option<T>, Reported> {
        let Some(node) = table.remove(key) else {
            return Ok(None);
        };
        node.read().map(Some).map_err(|problem| {
            self.problems.push(problem.under(key));
            Reported
        })
    }

    /// Connectors and plugins are configured with secrets; elsewhere they would show in plans and records.
    fn refuse_secrets_outside_config(&mut self, section: &str, entry: &Entry) {
        for key in entry.value.as_table().into_iter().flatten() {
            let is_config = match section {
                "steps" | "functions" => key.key == "config",
                _ => !NOT_CONFIG.contains(&key.key.as_str()),
            };
            if !is_config {
                self.refuse_secrets(&key.value, &key.key);
            }
        }
    }

    fn refuse_secrets(&mut self, node: &Node, key: &str) {
        match &node.value {
            Value::Secret(secret) => {
                let message =
                    format!("`{key}` can't hold a secret: only the configuration of connectors and plugins can");
                let place = self
                    .document
                    .and_then(|document| document.find(node.span, secret.reference(), 0));
                self.problems.push(Problem::new(message).at(place.or(node.span)));
            }
            Value::List(items) => items.iter().for_each(|item| self.refuse_secrets(item, key)),
            Value::Table(table) => table.iter().for_each(|entry| self.refuse_secrets(&entry.value, key)),
            _ => {}
        }
    }
}

fn config(table: Table, entry: &Entry) -> Node {
    Node {
        value: Value::Table(table),
        span: entry.value.span,
    }
}
