//! Why there is no job, with file, line and column.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use crate::{Document, Position, Problem};

/// Why a job could not be loaded.
///
/// Displayed, it is one line, with the first problem of a file; the alternate form (`{:#}`) has a line for each. As a
/// [`miette::Diagnostic`] it shows each of them in the text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not there or can't be read.
    #[error("the job file `{}` can't be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The name doesn't say what the file holds.
    #[error("the job file `{}` is of no known kind; its name should end in .toml, .yaml, .yml or .json", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// What the file says is wrong.
    #[error(fmt = fmt_invalid)]
    Invalid {
        /// Everything that is wrong, in the order of the text. Never empty.
        problems: Vec<Located>,
    },
}

fn fmt_invalid(problems: &[Located], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if f.alternate() {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return f.write_str(&lines.join("\n"));
    }
    if let Some(first) = problems.first() {
        write!(f, "{first}")?;
    }
    match problems.len() {
        0 | 1 => Ok(()),
        2 => f.write_str(" (and another problem)"),
        more => write!(f, " (and {} more problems)", more - 1),
    }
}

impl Error {
    /// What is wrong with the file, where it could be read.
    pub fn problems(&self) -> &[Located] {
        match self {
            Error::Invalid { problems } => problems,
            Error::Read { .. } | Error::UnknownFormat { .. } => &[],
        }
    }
}

impl Diagnostic for Error {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.problems() {
            [only] => only.help(),
            _ => None,
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match self.problems() {
            [only] => only.source_code(),
            _ => None,
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match self.problems() {
            [only] => only.labels(),
            _ => None,
        }
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        match self.problems() {
            [] | [_] => None,
            many => Some(Box::new(many.iter().map(|problem| problem as &dyn Diagnostic))),
        }
    }
}

/// A problem, or a warning, with the file in which it stands.
#[derive(Clone, Debug)]
pub struct Located {
    problem: Problem,
    document: Option<Arc<Document>>,
    severity: Severity,
}

impl Located {
    /// Something that is wrong. Without a document, the path of keys takes the place of line and column.
    pub fn error(problem: Problem, document: Option<Arc<Document>>) -> Self {
        Located {
            problem,
            document,
            severity: Severity::Error,
        }
    }

    /// Something that is suspicious.
    pub fn warning(problem: Problem, document: Option<Arc<Document>>) -> Self {
        Located {
            severity: Severity::Warning,
            ..Located::error(problem, document)
        }
    }

    /// What is wrong, without the file.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The name of the file.
    pub fn file(&self) -> Option<&str> {
        self.document.as_ref().map(|document| document.name())
    }

    /// Line and column.
    pub fn position(&self) -> Option<Position> {
        let document = self.document.as_ref()?;
        Some(document.position(self.problem.span()?.start))
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = self.file() {
            write!(f, "{file}:")?;
            if let Some(Position { line, column }) = self.position() {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for Located {}

impl Diagnostic for Located {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let advice = self.problem.advice()?;
        Some(Box::new(advice))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let document = self.document.as_ref()?;
        Some(document.source())
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.problem.span()?;
        let label = LabeledSpan::new(Some("here".to_owned()), span.start, span.end - span.start);
        Some(Box::new(std::iter::once(label)))
    }
}
