//! A file of connections: read, checked and changed, with the comments that people have put into it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::{Map, Value};
use tenon_database::{ConnectOptions, Driver, Secret};
use toml_edit::{DocumentMut, Item, Key, Table, TableLike};
use zeroize::Zeroizing;

use crate::address::{self, Password};
use crate::connection::{Connection, Scope};
use crate::nearest::suggestion;
use crate::private_file::{self, Access, line_at};
use crate::{Error, name, reference};

const LONGEST: u64 = 4 << 20;
const CONNECTIONS: &str = "connections";

/// Keys beside those of [`ConnectOptions`].
const OWN_KEYS: [&str; 4] = ["driver", "url", "created", "changed"];

const HEADING: &str =
    "# Connections of Tenon. Passwords do not belong here: `password = \"${secret:NAME}\"` refers to one.\n\n";

/// A file of connections.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionsFile {
    path: PathBuf,
    scope: Scope,
}

/// What the file holds.
pub(crate) struct Parsed {
    document: DocumentMut,
    pub connections: Vec<Connection>,
}

impl ConnectionsFile {
    pub fn new(path: PathBuf, scope: Scope) -> Self {
        Self { path, scope }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads and checks all of it. A file that is not there holds nothing.
    pub fn read(&self) -> Result<Parsed, Error> {
        let check = |metadata: &_| match self.scope {
            Scope::User => Ok(()),
            Scope::Project => private_file::check_own(&self.path, metadata),
        };
        let text = private_file::read_text(&self.path, LONGEST, check)?;
        let text = text.unwrap_or_else(|| Zeroizing::new(HEADING.to_owned()));
        // The error's own text shows the line, and with it perhaps a password.
        let document = toml_edit::Document::parse(text.as_str()).map_err(|error| Error::Line {
            path: self.path.clone(),
            line: line_at(text.as_bytes(), error.span().map_or(0, |span| span.start)),
            reason: "this is not TOML: a name without its value, a quote without its end, or the same name twice"
                .to_owned(),
        })?;
        let reader = Reader {
            file: self,
            text: &text,
        };
        let mut connections = reader.connections(document.as_table())?;
        connections.sort_by(|one, two| one.name.cmp(&two.name));
        let text = document.raw().to_owned();
        let document = DocumentMut::from_str(&text).unwrap_or_default();
        Ok(Parsed { document, connections })
    }

    /// Writes what the file holds.
    pub fn write(&self, parsed: &Parsed) -> Result<(), Error> {
        let access = match self.scope {
            Scope::User => Access::Owner,
            Scope::Project => Access::AsBefore,
        };
        private_file::replace(&self.path, parsed.document.to_string().as_bytes(), access)
    }
}

impl Parsed {
    /// Puts a connection in, in the place of one of its name if there is one.
    pub fn put(&mut self, connection: &Connection) {
        // Comments of a file that holds nothing else would come after what is added.
        let comments = self.document.is_empty().then(|| {
            let comments = self.document.trailing().as_str().unwrap_or_default().to_owned();
            self.document.set_trailing("");
            comments
        });
        let mut parent = Table::new();
        parent.set_implicit(true);
        let parent = self.document.entry(CONNECTIONS).or_insert(Item::Table(parent));
        let Some(parent) = parent.as_table_like_mut() else {
            return;
        };
        let mut fresh = Table::new();
        if let Some(comments) = comments {
            fresh.decor_mut().set_prefix(comments);
        }
        // What stands above the table stays with it.
        let table = match parent.get_mut(&connection.name).and_then(Item::as_table_mut) {
            Some(table) => {
                table.clear();
                table
            }
            None => &mut fresh,
        };
        fill(table, connection);
        if !fresh.is_empty() {
            parent.insert(&connection.name, Item::Table(fresh));
        }
    }

    /// Takes a connection out.
    pub fn take(&mut self, name: &str) {
        let parent = self.document.get_mut(CONNECTIONS).and_then(Item::as_table_like_mut);
        if let Some(parent) = parent {
            parent.remove(name);
        }
    }
}

fn fill(table: &mut Table, connection: &Connection) {
    table.insert("driver", toml_edit::value(connection.driver.name()));
    table.insert("url", toml_edit::value(&connection.url));
    for (key, value) in connection.written_options() {
        let item = match value {
            Value::String(text) => toml_edit::value(text),
            Value::Bool(value) => toml_edit::value(value),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => toml_edit::value(whole),
                None => toml_edit::value(number.as_f64().unwrap_or_default()),
            },
            _ => continue,
        };
        table.insert(&key, item);
    }
    for (key, time) in [("created", connection.created), ("changed", connection.changed)] {
        let written = time.map(|time| time.trunc_subsecs(0).to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        if let Some(time) = written.and_then(|text| toml_edit::Datetime::from_str(&text).ok()) {
            table.insert(key, toml_edit::value(time));
        }
    }
}

/// Reads connections and says where what is wrong stands.
struct Reader<'a> {
    file: &'a ConnectionsFile,
    text: &'a str,
}

impl Reader<'_> {
    fn connections(&self, root: &Table) -> Result<Vec<Connection>, Error> {
        for (key, _) in root {
            if key != CONNECTIONS {
                let reason = format!(
                    "unknown key `{}`; connections are tables [connections.NAME]",
                    key.escape_debug()
                );
                return Err(self.at(self.line_of(root, key), reason));
            }
        }
        let Some(all) = root.get(CONNECTIONS) else {
            return Ok(Vec::new());
        };
        let not_tables = "connections are tables [connections.NAME]";
        let all = all
            .as_table_like()
            .ok_or_else(|| self.at(self.line_of(root, CONNECTIONS), not_tables.to_owned()))?;
        all.iter()
            .map(|(name, item)| {
                let line = self.line_of(all, name);
                name::check_connection(name).map_err(|error| self.at(line, error.to_string()))?;
                let table = item
                    .as_table_like()
                    .ok_or_else(|| self.at(line, not_tables.to_owned()))?;
                self.connection(name, line, table)
            })
            .collect()
    }

    fn connection(&self, name: &str, line: usize, table: &dyn TableLike) -> Result<Connection, Error> {
        let entry = Entry {
            reader: self,
            name,
            line,
            table,
        };
        let mut options = entry.options()?;
        let written = entry.text("url")?.ok_or_else(|| entry.wrong(line, "it has no `url`"))?;
        let url_line = entry.line_of("url");
        let scheme = address::driver(written).map_err(|reason| entry.wrong(url_line, &reason));
        let driver = match entry.text("driver")? {
            Some(driver) => entry.driver(driver)?,
            None => scheme?.ok_or_else(|| entry.wrong(line, "it has no `driver`, and its URL does not tell it"))?,
        };
        if !written.starts_with("${") {
            address::driver(written).map_err(|reason| entry.wrong(url_line, &reason))?;
        }
        reference::pieces(written).map_err(|reason| entry.wrong(url_line, &format!("`url`: {reason}")))?;
        let found = address::find(written).map_err(|reason| entry.wrong(url_line, &reason))?;
        let url = match found {
            Password::None => written.to_owned(),
            Password::Apart { url, password } if reference::is_references(&password) => {
                if options.password.is_some() {
                    return Err(entry.wrong(url_line, "there is a password in the URL and another one beside it"));
                }
                options.password = Some(Secret::new(password));
                url
            }
            Password::Apart { url, password } if password.is_empty() => url,
            _ => return Err(entry.literal_password(url_line)),
        };
        Ok(Connection {
            name: name.to_owned(),
            driver,
            url,
            options,
            created: entry.time("created")?,
            changed: entry.time("changed")?,
            file: self.file.path.clone(),
            line,
            scope: self.file.scope,
            hides: None,
        })
    }

    fn line_of(&self, table: &dyn TableLike, key: &str) -> usize {
        let at = table.key(key).and_then(Key::span).map(|span| span.start);
        let at = at.or_else(|| table.get(key).and_then(Item::span).map(|span| span.start));
        line_at(self.text.as_bytes(), at.unwrap_or(0))
    }

    fn at(&self, line: usize, reason: String) -> Error {
        Error::Line {
            path: self.file.path.clone(),
            line,
            reason,
        }
    }
}

/// One connection that is being read.
struct Entry<'a> {
    reader: &'a Reader<'a>,
    name: &'a str,
    line: usize,
    table: &'a dyn TableLike,
}

impl Entry<'_> {
    fn options(&self) -> Result<ConnectOptions, Error> {
        let known = option_keys();
        let mut options = Map::new();
        for (key, item) in self.table.iter().filter(|(key, _)| !OWN_KEYS.contains(key)) {
            let line = self.line_of(key);
            if !known.iter().any(|known| known == key) {
                let known = OWN_KEYS.into_iter().chain(known.iter().map(String::as_str));
                let reason = format!("unknown key `{}`; {}", key.escape_debug(), suggestion(key, known));
                return Err(self.wrong(line, &reason));
            }
            let value = self.option(key, item, line)?;
            options.insert(key.to_owned(), value);
        }
        let options = serde_json::from_value(Value::Object(options));
        options.map_err(|error| self.wrong(self.line, &error.to_string()))
    }

    /// Checks an option by itself, so that what is wrong is told with its line.
    fn option(&self, key: &str, item: &Item, line: usize) -> Result<Value, Error> {
        let value = match item.as_value() {
            Some(toml_edit::Value::String(text)) => Value::String(text.value().clone()),
            Some(toml_edit::Value::Integer(number)) => Value::from(*number.value()),
            Some(toml_edit::Value::Float(number)) => Value::from(*number.value()),
            Some(toml_edit::Value::Boolean(value)) => Value::Bool(*value.value()),
            _ => return Err(self.wrong(line, &format!("`{key}` is a text, a number, or true or false"))),
        };
        if key == "password" && !value.as_str().is_some_and(reference::is_references) {
            return Err(self.literal_password(line));
        }
        if let Some(text) = value.as_str() {
            reference::pieces(text).map_err(|reason| self.wrong(line, &format!("`{key}`: {reason}")))?;
        }
        let alone = Map::from_iter([(key.to_owned(), value.clone())]);
        match serde_json::from_value::<ConnectOptions>(Value::Object(alone)) {
            Ok(_) => Ok(value),
            Err(error) => Err(self.wrong(line, &format!("`{key}`: {error}"))),
        }
    }

    fn text(&self, key: &str) -> Result<Option<&str>, Error> {
        let Some(item) = self.table.get(key) else {
            return Ok(None);
        };
        let not_text = || self.wrong(self.line_of(key), &format!("`{key}` is a text"));
        item.as_str().map(Some).ok_or_else(not_text)
    }

    fn driver(&self, name: &str) -> Result<Driver, Error> {
        name.parse().map_err(|_| {
            let known = Driver::ALL.iter().map(|driver| driver.name());
            let reason = format!(
                "there is no driver `{}`; {}",
                name.escape_debug(),
                suggestion(name, known)
            );
            self.wrong(self.line_of("driver"), &reason)
        })
    }

    fn time(&self, key: &str) -> Result<Option<DateTime<Utc>>, Error> {
        let Some(item) = self.table.get(key) else {
            return Ok(None);
        };
        let written = item.as_datetime().map(ToString::to_string);
        let time = written.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        let not_a_time = || {
            self.wrong(
                self.line_of(key),
                &format!("`{key}` is a time such as 2013-01-31T12:00:00Z"),
            )
        };
        time.map(|time| Some(time.to_utc())).ok_or_else(not_a_time)
    }

    fn line_of(&self, key: &str) -> usize {
        self.reader.line_of(self.table, key)
    }

    fn literal_password(&self, line: usize) -> Error {
        let secret = password_secret(self.name);
        let reason = format!(
            "passwords do not belong in this file; store it with `tenon secret set {secret}` and write \
             `password = \"${{secret:{secret}}}\"`"
        );
        self.wrong(line, &reason)
    }

    fn wrong(&self, line: usize, reason: &str) -> Error {
        Error::Entry {
            path: self.reader.file.path.clone(),
            line,
            connection: self.name.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// The secret that a connection's password is stored as.
pub(crate) fn password_secret(connection: &str) -> String {
    format!("{connection}_password")
}

/// The keys of [`ConnectOptions`].
fn option_keys() -> Vec<String> {
    match serde_json::to_value(ConnectOptions::default()) {
        Ok(Value::Object(options)) => options.into_iter().map(|(key, _)| key).collect(),
        _ => Vec::new(),
    }
}
