//! Plugin projects.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::code::{self, FUNCTION};
use crate::job::StepForm;
use crate::mapping::Mapping;
use crate::{Error, Flow, Job};

/// Expressions that a function may have the host compute at a time.
const MOST_EXPRESSIONS: usize = 1_024;
/// Bytes of their text together.
const MOST_BYTES: usize = 64 << 10;

/// A language that plugins are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// JavaScript.
    Js,
    /// TypeScript.
    Ts,
    /// Go.
    Go,
    /// C.
    C,
    /// C++.
    Cpp,
    /// Zig.
    Zig,
}

/// What is to be laid over the project of a transform that `tenon new` makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Files by their paths in the project's folder, with `/` between the parts, and their texts. They take the place of
    /// those that are there.
    pub files: Vec<(String, String)>,
    /// Files of the template that have no use here.
    pub removed: Vec<String>,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Rust,
        Self::Python,
        Self::Js,
        Self::Ts,
        Self::Go,
        Self::C,
        Self::Cpp,
        Self::Zig,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Js => "js",
            Self::Ts => "ts",
            Self::Go => "go",
            Self::C => "c",
            Self::Cpp => "cpp",
            Self::Zig => "zig",
        }
    }

    /// The file that the function is in.
    fn source_file(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Python => "plugin.py",
            Self::Js => "src/index.js",
            Self::Ts => "src/index.ts",
            Self::Go => "main.go",
            Self::C => "src/map_columns.c",
            Self::Cpp => "src/map_columns.cpp",
            Self::Zig => "src/main.zig",
        }
    }

    /// Files of the template that belong to the function in it.
    fn template_files(self) -> &'static [&'static str] {
        match self {
            Self::Rust | Self::Zig => &[],
            Self::Python => &["tests/test_plugin.py"],
            Self::Js => &["tests/classify.test.js"],
            Self::Ts => &["tests/classify.test.ts"],
            Self::Go => &["main_test.go"],
            Self::C => &["src/classify.c", "tests/classify_test.c"],
            Self::Cpp => &["src/classify.cpp", "tests/classify_test.cpp"],
        }
    }
}

impl Project {
    /// The plugin and the job that take a source to a target. `name` is the project's.
    ///
    /// # Errors
    /// As those of a job file, and [`Error::TooWide`].
    pub fn of(name: &str, language: Language, flow: &Flow) -> Result<Self, Error> {
        let mapping = Mapping::of(flow)?;
        check_width(&mapping, flow)?;
        let head = "Run it in this folder: `tenon run job.toml`. The columns are written out in ";
        let head = format!("{head}`{}`.", language.source_file());
        let job = Job::new(name, vec![flow.clone()]).write(&head, StepForm::Function(FUNCTION))?;
        let source = code::source(language, &mapping, &flow.source.shown(), &flow.target.shown());
        let removed = language.template_files().iter().chain(&["data/orders.csv"]);
        Ok(Self {
            files: vec![
                (language.source_file().to_owned(), source),
                ("job.toml".to_owned(), job),
            ],
            removed: removed.map(|&file| file.to_owned()).collect(),
        })
    }
}

fn check_width(mapping: &Mapping, flow: &Flow) -> Result<(), Error> {
    let too_wide = |what: String, most: usize| Error::TooWide {
        source_name: flow.source.shown(),
        what,
        most,
    };
    let expressions = mapping.expressions().count();
    if expressions > MOST_EXPRESSIONS {
        return Err(too_wide(format!("{expressions} columns"), MOST_EXPRESSIONS));
    }
    let bytes: usize = mapping.expressions().map(str::len).sum();
    if bytes > MOST_BYTES {
        return Err(too_wide(format!("{bytes} bytes of expressions"), MOST_BYTES));
    }
    Ok(())
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|language| language.name() == name)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|language| language.name()).collect();
                format!("there is no language `{name}`; there are {}", names.join(", "))
            })
    }
}
