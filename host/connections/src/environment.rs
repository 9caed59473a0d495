//! Environment variables.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// The environment of this process, or one that is made up. Values are not shown: they may be secrets.
#[derive(Clone, Default)]
pub struct Environment {
    made_up: Option<Arc<BTreeMap<String, String>>>,
}

impl Environment {
    /// That of this process.
    pub fn process() -> Self {
        Self::default()
    }

    /// One that has only these variables.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables = variables.into_iter();
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            made_up: Some(Arc::new(variables.collect())),
        }
    }

    /// The value of a variable, if it is text.
    pub fn get(&self, name: &str) -> Option<String> {
        match &self.made_up {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        }
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The path that a variable holds, if it is not empty.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let path = match &self.made_up {
            Some(variables) => variables.get(name).map(PathBuf::from),
            None => std::env::var_os(name).map(PathBuf::from),
        };
        path.filter(|path| !path.as_os_str().is_empty())
    }

    /// The user's own folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let home = match &self.made_up {
            Some(_) => self.path("HOME"),
            None => std::env::home_dir(),
        };
        home.filter(|home| home.is_absolute())
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.made_up {
            Some(variables) => variables.keys().cloned().collect(),
            None => std::env::vars_os()
                .filter_map(|(name, _)| name.into_string().ok())
                .collect(),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.made_up.is_some() {
            "Environment::of(..)"
        } else {
            "Environment::process()"
        })
    }
}
