//! Secrets, wherever they are.

mod key;
mod listed;
mod local;
mod sealed;

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tenon_database::Secret;
use zeroize::Zeroizing;

pub use key::Key;

use crate::nearest::suggestion;
use crate::{Environment, Error, Places, name, private_file};
use local::{LocalStore, SetOutcome};

const PREFIX: &str = "TENON_SECRET_";

/// Bytes of one secret.
const LONGEST: usize = 64 << 10;

/// Finds secrets by name, in this order: the environment variable `TENON_SECRET_NAME`, the file of that name in the folder
/// `TENON_SECRETS`, the file `TENON_SECRETS_FILE`, and the encrypted store, which alone is written to.
///
/// In variables, in the file and in the store, names that differ only in capitals and in `-`, `.` and `_` are the same.
#[derive(Debug, Clone)]
pub struct SecretStore {
    environment: Environment,
    folder: Option<PathBuf>,
    file: Option<PathBuf>,
    /// None where nobody says where it would be.
    local: Option<LocalStore>,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// An environment variable.
    Variable(String),
    /// A file of its own, in the folder that `TENON_SECRETS` names.
    Folder(PathBuf),
    /// A line of the file that `TENON_SECRETS_FILE` names.
    File(PathBuf, usize),
    /// The encrypted store.
    Store(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(variable) => formatter.write_str(variable),
            Self::Folder(path) | Self::Store(path) => path.display().fmt(formatter),
            Self::File(path, line) => write!(formatter, "{}:{line}", path.display()),
        }
    }
}

/// What may be known of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretEntry {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// When it was first stored; only of secrets in the encrypted store.
    pub created: Option<DateTime<Utc>>,
    /// When its value was last changed; only of secrets in the encrypted store.
    pub changed: Option<DateTime<Utc>>,
    /// Where another secret of that name comes from, which is used instead.
    pub hidden_by: Option<Origin>,
}

/// What became of a secret that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Whether there was one of that name with another value.
    pub replaced: bool,
    /// Where another secret of that name comes from, which is used instead.
    pub hidden_by: Option<Origin>,
}

/// What became of a change of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many secrets are encrypted with the new key.
    pub secrets: usize,
    /// The file that holds the new key; none where the key was given, and now has to be put where the old one is.
    pub key_file: Option<PathBuf>,
}

impl SecretStore {
    /// Reads nothing before a secret is asked for.
    pub fn new(places: &Places) -> Self {
        Self {
            local: Some(LocalStore::new(places)),
            ..Self::without_store(places.environment().clone())
        }
    }

    /// Without the encrypted store, where [`Places`] cannot tell where it is: a process in a container may have no home.
    pub fn without_store(environment: Environment) -> Self {
        Self {
            folder: environment.path("TENON_SECRETS"),
            file: environment.path("TENON_SECRETS_FILE"),
            local: None,
            environment,
        }
    }

    /// The value of a secret; none if there is none of that name.
    ///
    /// # Errors
    /// Where a place that had to be looked at cannot be read, and for names that no secret can have.
    pub fn find(&self, name: &str) -> Result<Option<Secret>, Error> {
        name::check_secret(name)?;
        if let Some((_, value)) = self.outside(name)? {
            return Ok(Some(value));
        }
        self.local.as_ref().map_or(Ok(None), |local| local.find(name))
    }

    /// The value of a secret.
    ///
    /// # Errors
    /// [`Error::NoSecret`] with the nearest name, and whatever [`find`](Self::find) says.
    pub fn get(&self, name: &str) -> Result<Secret, Error> {
        self.find(name)?.ok_or_else(|| self.missing(name, String::new()))
    }

    /// All secrets, by name, without their values.
    ///
    /// # Errors
    /// Where a place cannot be read.
    pub fn list(&self) -> Result<Vec<SecretEntry>, Error> {
        let mut entries: Vec<SecretEntry> = Vec::new();
        let mut add = |name: String, origin: Origin, times: Option<(DateTime<Utc>, DateTime<Utc>)>| {
            let hiding = entries.iter().find(|entry| name::same_secret(&entry.name, &name));
            let hidden_by = hiding.map(|entry| entry.hidden_by.clone().unwrap_or_else(|| entry.origin.clone()));
            entries.push(SecretEntry {
                name,
                origin,
                created: times.map(|times| times.0),
                changed: times.map(|times| times.1),
                hidden_by,
            });
        };
        for (name, variable) in self.variables() {
            add(name, Origin::Variable(variable), None);
        }
        for (name, path) in self.files() {
            add(name, Origin::Folder(path), None);
        }
        if let Some(file) = &self.file {
            for secret in listed::read(file)? {
                add(secret.name, Origin::File(file.clone(), secret.line), None);
            }
        }
        if let Some(local) = &self.local {
            for secret in local.list()? {
                let origin = Origin::Store(local.path().clone());
                add(secret.name, origin, Some((secret.created, secret.changed)));
            }
        }
        // Stable, so that of the same name the one that is used comes first.
        entries.sort_by_cached_key(|entry| name::variable_part(&entry.name));
        Ok(entries)
    }

    /// The names of all secrets that can be read, each once.
    pub fn names(&self) -> Vec<String> {
        let variables = self.variables().into_iter().map(|(name, _)| name);
        let files = self.files().into_iter().map(|(name, _)| name);
        let listed = self.file.iter().filter_map(|file| listed::read(file).ok()).flatten();
        let local = self.local.iter().filter_map(|local| local.list().ok()).flatten();
        let mut names: Vec<String> = variables
            .chain(files)
            .chain(listed.map(|secret| secret.name))
            .chain(local.map(|secret| secret.name))
            .collect();
        names.sort_by_cached_key(|name| name::variable_part(name));
        names.dedup_by(|one, two| name::same_secret(one, two));
        names
    }

    /// Stores a secret, encrypted, in the place of one of that name if there is one.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::BadSecret`], and where the store cannot be read or written.
    pub fn set(&self, name: &str, value: &Secret) -> Result<Stored, Error> {
        check_value(name, value.reveal())?;
        name::check_secret(name)?;
        let hidden_by = self.outside(name)?.map(|(origin, _)| origin);
        let outcome = self.store()?.set(name, value, false)?;
        Ok(Stored {
            replaced: outcome == SetOutcome::Replaced,
            hidden_by,
        })
    }

    /// Removes a secret from the encrypted store.
    ///
    /// # Errors
    /// [`Error::NoSecret`] with the nearest name; [`Error::NotStored`] if it comes from elsewhere.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        name::check_secret(name)?;
        if self.discard(name)? {
            return Ok(());
        }
        match self.outside(name)? {
            Some((origin, _)) => Err(Error::NotStored {
                name: name.to_owned(),
                origin: origin.to_string(),
            }),
            None => Err(self.missing(name, String::new())),
        }
    }

    /// Encrypts the store with another key: the one that is given, or a new one that takes the place of the old one in its
    /// file. A key that is given has to be put where the old one is afterwards.
    ///
    /// # Errors
    /// [`Error::KeyIsGiven`] where none is given and the old one is in a variable; [`Error::NoStore`].
    pub fn rekey(&self, key: Option<Key>) -> Result<Rekeyed, Error> {
        self.store()?.rekey(key)
    }

    /// Stores a connection's password, unless there is another secret of that name; none if there is.
    pub(crate) fn set_new(&self, name: &str, value: &Secret, may_replace: bool) -> Result<Option<Stored>, Error> {
        check_value(name, value.reveal())?;
        name::check_secret(name)?;
        let hidden_by = self.outside(name)?.map(|(origin, _)| origin);
        let outcome = self.store()?.set(name, value, !may_replace)?;
        if outcome == SetOutcome::Taken {
            return Ok(None);
        }
        Ok(Some(Stored {
            replaced: outcome == SetOutcome::Replaced,
            hidden_by,
        }))
    }

    /// Removes a secret from the encrypted store if it is there.
    pub(crate) fn discard(&self, name: &str) -> Result<bool, Error> {
        self.local.as_ref().map_or(Ok(false), |local| local.remove(name))
    }

    fn store(&self) -> Result<&LocalStore, Error> {
        self.local.as_ref().ok_or(Error::NoFolder {
            variable: "XDG_CONFIG_HOME",
        })
    }

    /// The value of a secret that something refers to.
    pub(crate) fn get_for(&self, name: &str, subject: &str) -> Result<Secret, Error> {
        self.find(name)?
            .ok_or_else(|| self.missing(name, format!("{subject}: ")))
    }

    /// The value of an environment variable that something refers to.
    pub(crate) fn variable(&self, variable: &str, subject: &str) -> Result<Zeroizing<String>, Error> {
        let no_variable = || {
            let names = self.environment.names();
            let known = names
                .iter()
                .map(String::as_str)
                .filter(|name| !name.starts_with(PREFIX));
            Error::NoVariable {
                subject: subject.to_owned(),
                variable: variable.to_owned(),
                suggestion: nearest_variable(variable, known),
            }
        };
        let refused = |reason: String| {
            Err(Error::BadReference {
                subject: subject.to_owned(),
                reason,
            })
        };
        if [key::VARIABLE, key::NEW_VARIABLE].contains(&variable) {
            return refused(format!(
                "{variable} is a key of the encrypted store, which nothing may refer to"
            ));
        }
        if let Some(secret) = variable.strip_prefix(PREFIX) {
            let secret = secret.to_ascii_lowercase();
            return refused(format!("{variable} holds a secret: write `${{secret:{secret}}}`"));
        }
        self.environment
            .get(variable)
            .map(Zeroizing::new)
            .ok_or_else(no_variable)
    }

    /// A secret from outside the encrypted store.
    fn outside(&self, name: &str) -> Result<Option<(Origin, Secret)>, Error> {
        let variable = format!("{PREFIX}{}", name::variable_part(name));
        if let Some(value) = self.environment.get(&variable) {
            return Ok(Some((Origin::Variable(variable), Secret::new(value))));
        }
        if let Some(path) = self.folder.as_ref().map(|folder| folder.join(name))
            && let Some(text) = private_file::read_text(&path, LONGEST as u64, |_| Ok(()))?
        {
            return Ok(Some((Origin::Folder(path), Secret::new(without_line_end(&text)))));
        }
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let mut secrets = listed::read(file)?.into_iter();
        let found = secrets.find(|secret| name::same_secret(&secret.name, name));
        Ok(found.map(|secret| (Origin::File(file.clone(), secret.line), secret.value)))
    }

    /// Secrets in variables: their names, and those of the variables.
    fn variables(&self) -> Vec<(String, String)> {
        let mut names = self.environment.names();
        names.sort();
        let secret = |variable: String| {
            let name = variable.strip_prefix(PREFIX)?.to_ascii_lowercase();
            name::check_secret(&name).ok()?;
            Some((name, variable))
        };
        names.into_iter().filter_map(secret).collect()
    }

    /// Secrets in files of their own.
    fn files(&self) -> Vec<(String, PathBuf)> {
        let folder = self.folder.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
        let files = folder.flatten().flatten().filter(|file| file.path().is_file());
        let secret = |file: std::fs::DirEntry| {
            let name = file.file_name().into_string().ok()?;
            name::check_secret(&name).ok()?;
            Some((name, file.path()))
        };
        let mut secrets: Vec<_> = files.filter_map(secret).collect();
        secrets.sort();
        secrets
    }

    fn missing(&self, name: &str, subject: String) -> Error {
        Error::NoSecret {
            subject,
            name: name.to_owned(),
            suggestion: suggestion(name, self.names().iter().map(String::as_str)),
            variable: format!("{PREFIX}{}", name::variable_part(name)),
        }
    }
}

/// Reads a secret, as `tenon secret set` and `--password-stdin` take it: text without the line's end after it.
///
/// # Errors
/// [`Error::BadSecret`] for what is empty, too long or not text; `name` is for messages.
pub fn read_secret(name: &str, input: impl Read) -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 3));
    let mut bounded = input.take(LONGEST as u64 + 3);
    bounded
        .read_to_end(&mut bytes)
        .map_err(|source| private_file::file_error("read", "standard input".as_ref(), source))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| bad_secret(name, "it is not text in UTF-8"))?;
    let value = without_line_end(text);
    check_value(name, value)?;
    Ok(Secret::new(value))
}

fn check_value(name: &str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(bad_secret(name, "it is empty"));
    }
    if value.len() > LONGEST {
        return Err(bad_secret(name, "it is longer than 64 KiB"));
    }
    Ok(())
}

fn bad_secret(name: &str, reason: &'static str) -> Error {
    Error::BadSecret {
        name: name.escape_debug().take(128).collect(),
        reason,
    }
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Not all variables if none is near: there are many.
fn nearest_variable<'a>(variable: &str, known: impl Iterator<Item = &'a str>) -> String {
    let suggestion = suggestion(variable, known);
    if suggestion.starts_with("did you mean") {
        suggestion
    } else {
        "set it".to_owned()
    }
}
