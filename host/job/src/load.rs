//! From a text to a job: parse, put in values, read, check.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::graph::Graph;
use crate::job::Origin;
use crate::resolve::Resolver;
use crate::sections::Reader;
use crate::{Document, Error, Format, Job, Located, Lookup, Node, Problem, ProcessLookup};

/// What a job is loaded with.
#[derive(Clone)]
pub struct Options {
    /// Values of parameters. A string is read as the parameter's type.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Where environment variables and secrets come from. Default: [`ProcessLookup`].
    pub lookup: Arc<dyn Lookup>,
    /// Whether the job is only checked, before there is a run: then a parameter without a default has some value of its
    /// type. Default: no.
    pub check_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            params: BTreeMap::new(),
            lookup: Arc::new(ProcessLookup::default()),
            check_only: false,
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
        load(root, stem.unwrap_or_else(|| "job".to_owned()), Some(&document), options)
    }

    /// Takes a job from JSON that is no file. Its name, unless it has one, is `job`.
    ///
    /// # Errors
    /// Everything that is wrong with it, with the keys that lead there in the place of line and column.
    pub fn from_json(json: serde_json::Value, options: &Options) -> Result<Loaded, Error> {
        load(Node::from_json(json), "job".to_owned(), None, options)
    }
}

fn load(mut root: Node, name: String, document: Option<&Arc<Document>>, options: &Options) -> Result<Loaded, Error> {
    let Some(declarations) = root.as_table().map(|table| table.get("params")) else {
        let problem = Problem::new(format!("a job is a table of keys; this is {}", root.kind()));
        return Err(invalid(vec![problem], document));
    };
    let mut resolver = Resolver {
        document: document.map(Arc::as_ref),
        lookup: options.lookup.as_ref(),
        given: &options.params,
        check_only: options.check_only,
        params: BTreeMap::new(),
        problems: Vec::new(),
    };
    resolver.settle_params(declarations.and_then(Node::as_table));
    resolver.resolve_job(&mut root);
    let Resolver { params, problems, .. } = resolver;

    let mut reader = Reader {
        document: document.map(Arc::as_ref),
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
        steps: reader.section(&root, "steps", Reader::step),
        functions: reader.section(&root, "functions", Reader::function),
        sinks: reader.section(&root, "sinks", Reader::sink),
        settings: settings.unwrap_or_default(),
        origin: Origin(document.cloned()),
    };
    let mut graph = Graph {
        root: &root,
        document: document.map(Arc::as_ref),
        problems: reader.problems,
        warnings: Vec::new(),
    };
    graph.check(&mut job);
    if !graph.problems.is_empty() {
        return Err(invalid(graph.problems, document));
    }
    let warnings = graph.warnings.into_iter();
    let warnings = warnings
        .map(|warning| Located::warning(warning, document.cloned()))
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
