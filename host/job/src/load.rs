//! From a text to a job: parse, put in values, read, check.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::graph::Graph;
use crate::job::Origin;
use crate::nearest::suggestion;
use crate::node::{Entry, Table};
use crate::reference::is_identifier;
use crate::resolve::{Resolver, unknown_secret};
use crate::settings::SETTINGS;
use crate::{
    Document, Error, Format, Job, Located, Lookup, Node, Problem, ProcessLookup, Settings, Sink, SinkInput, Source,
    Value, read, step,
};

/// What a job is loaded with.
#[derive(Clone)]
pub struct Options {
    /// Values of parameters. A string is read as the parameter's type.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Where environment variables and secrets come from. Default: [`ProcessLookup`].
    pub lookup: Arc<dyn Lookup>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            params: BTreeMap::new(),
            lookup: Arc::new(ProcessLookup::default()),
        }
    }
}

impl Options {
    /// With the value of a parameter.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// With another place for environment variables and secrets.
    #[must_use]
    pub fn lookup(mut self, lookup: impl Lookup + 'static) -> Self {
        self.lookup = Arc::new(lookup);
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

/// A job, and what is suspicious about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The job.
    pub job: Job,
    /// What is suspicious.
    pub warnings: Vec<Located>,
}

impl Job {
    /// Reads a job file; its ending says whether it is TOML, YAML or JSON.
    ///
    /// # Errors
    /// If the file can't be read, and for everything that is wrong with it.
    pub fn load(path: impl AsRef<Path>, options: &Options) -> Result<Loaded, Error> {
        let path = path.as_ref();
        let format = Format::of(path).ok_or_else(|| Error::UnknownFormat { path: path.to_owned() })?;
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Job::parse(&path.to_string_lossy(), &text, format, options)
    }

    /// Reads a job from a text. `name` is the path of the file in messages, and gives the job its name.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn parse(name: &str, text: &str, format: Format, options: &Options) -> Result<Loaded, Error> {
        let document = Arc::new(Document::new(name, text));
        let root = Node::parse(&document, format).map_err(|problems| invalid(problems, Some(&document)))?;
        let stem = Path::new(name)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        load(root, stem.unwrap_or_else(|| "job".to_owned()), Some(document), options)
    }

    /// Takes a job from JSON that is no file. Its name, unless it has one, is `job`.
    ///
    /// # Errors
    /// Everything that is wrong with it, with the keys that lead there in the place of line and column.
    pub fn from_json(json: serde_json::Value, options: &Options) -> Result<Loaded, Error> {
        load(Node::from_json(json), "job".to_owned(), None, options)
    }
}

fn load(root: Node, name: String, document: Option<Arc<Document>>, options: &Options) -> Result<Loaded, Error> {
    let mut root = root;
    let Some(declarations) = root.as_table().map(|table| table.get("params")) else {
        let problem = Problem::new(format!("a job is a table of keys; this is {}", root.kind()));
        return Err(invalid(vec![problem], document.as_ref()));
    };
    let mut resolver = Resolver {
        document: document.as_deref(),
        lookup: options.lookup.as_ref(),
        given: &options.params,
        params: BTreeMap::new(),
        problems: Vec::new(),
    };
    resolver.settle_params(declarations.and_then(Node::as_table));
    resolver.resolve_job(&mut root);
    let Resolver { params, problems, .. } = resolver;

    let mut reader = Reader {
        document: document.as_deref(),
        problems,
    };
    let settings = reader.settings(&root, options.lookup.as_ref());
    let name = reader.text(&root, "name").unwrap_or(name);
    reader.check_name(&name, &root);
    let mut job = Job {
        name,
        description: reader.text(&root, "description"),
        params: params
            .into_iter()
            .filter_map(|(name, param)| Some((name, param?)))
            .collect(),
        sources: reader.section(&root, "sources", Reader::source),
        steps: reader.section(&root, "steps", |reader, entry| {
            step::read(entry, &mut |problem| reader.problems.push(problem))
        }),
        sinks: reader.section(&root, "sinks", Reader::sink),
        settings: settings.unwrap_or_default(),
        origin: Origin(document.clone()),
    };
    let mut graph = Graph {
        root: &root,
        document: document.as_deref(),
        problems: reader.problems,
        warnings: Vec::new(),
    };
    graph.check(&mut job);
    if !graph.problems.is_empty() {
        return Err(invalid(graph.problems, document.as_ref()));
    }
    let warnings = graph.warnings.into_iter();
    let warnings = warnings
        .map(|warning| Located::warning(warning, document.clone()))
        .collect();
    Ok(Loaded { job, warnings })
}

fn invalid(mut problems: Vec<Problem>, document: Option<&Arc<Document>>) -> Error {
    problems.sort_by_key(Problem::span);
    problems.dedup();
    let located = problems
        .into_iter()
        .map(|problem| Located::error(problem, document.cloned()));
    Error::Invalid {
        problems: located.collect(),
    }
}

/// The keys of a job file besides the settings.
const SECTIONS: [&str; 6] = ["name", "description", "params", "sources", "steps", "sinks"];

/// Sources, steps and sinks at most, each.
const MOST_ENTRIES: usize = 1_000;

/// Reads a resolved tree and collects what is wrong with it.
struct Reader<'a> {
    document: Option<&'a Document>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn settings(&mut self, root: &Node, lookup: &dyn Lookup) -> Option<Settings> {
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
        Some(settings)
    }

    fn text(&mut self, root: &Node, key: &str) -> Option<String> {
        let node = root.get(key)?;
        self.refuse_secrets(node, key);
        node.read()
            .map_err(|problem| self.problems.push(problem.under(key)))
            .ok()
    }

    fn check_name(&mut self, name: &str, root: &Node) {
        let length = name.chars().count();
        if length == 0 || length > 128 || name.contains(|c: char| c.is_control() || c == '/' || c == '\\') {
            let message = "a job's name has 1 to 128 characters, none of them a slash or a control character";
            self.problems
                .push(Problem::new(message).at(root.get("name").and_then(Node::span)));
        }
    }

    fn section<T>(
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

    fn source(&mut self, entry: &Entry) -> Option<Source> {
        let mut table = self.table("source", entry)?;
        let connector = self.take(&mut table, "connector");
        let bookmark = self.take(&mut table, "bookmark");
        Some(Source {
            connector: connector?.unwrap_or_else(|| "file".to_owned()),
            bookmark: bookmark?,
            config: config(table, entry),
        })
    }

    fn sink(&mut self, entry: &Entry) -> Option<Sink> {
        let mut table = self.table("sink", entry)?;
        let rejects_at = table.entry("rejects_of").and_then(|entry| entry.key_span);
        let connector = self.take(&mut table, "connector");
        let from = self.take(&mut table, "from")?;
        let rejects_of = self.take(&mut table, "rejects_of")?;
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
            connector: connector?.unwrap_or_else(|| "file".to_owned()),
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

    /// Takes a key out. None: it is there, but wrong.
    fn take<T: serde::de::DeserializeOwned>(&mut self, table: &mut Table, key: &str) -> Option<Option<T>> {
        let Some(node) = table.remove(key) else {
            return Some(None);
        };
        node.read()
            .map(Some)
            .map_err(|problem| self.problems.push(problem.under(key)))
            .ok()
    }

    /// Connectors and plugins are configured with secrets; elsewhere they would show in plans and records.
    fn refuse_secrets_outside_config(&mut self, section: &str, entry: &Entry) {
        for key in entry.value.as_table().into_iter().flatten() {
            let is_config = match section {
                "steps" => key.key == "config",
                _ => !matches!(key.key.as_str(), "connector" | "bookmark" | "from" | "rejects_of"),
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
