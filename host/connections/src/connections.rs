//! All connections: those of the project, and those of the user.

use std::path::PathBuf;

use chrono::Utc;
use tenon_database::{ConnectOptions, Secret};

use crate::address::{self, Password};
use crate::connection::{Connection, NewConnection, Scope, written_options};
use crate::connections_file::{ConnectionsFile, password_secret};
use crate::nearest::suggestion;
use crate::private_file::Lock;
use crate::{Error, Origin, Places, SecretStore, Stored, name, reference};

/// All connections that can be used here: those of the project's file come before the user's own of the same names.
#[derive(Debug)]
pub struct Connections {
    user: ConnectionsFile,
    project: ConnectionsFile,
    has_project: bool,
    used: Vec<Connection>,
}

/// What became of a connection that was added.
#[derive(Debug)]
pub struct Added {
    /// The connection as it is stored.
    pub connection: Connection,
    /// Whether it took the place of another one.
    pub replaced: bool,
    /// The secret that its password was stored as, if it had one.
    pub secret: Option<String>,
    /// Where another secret of that name comes from, which is used instead of the one that was stored.
    pub hidden_by: Option<Origin>,
    /// The project's file, if it has a connection of that name, which is used instead here.
    pub covered_by: Option<PathBuf>,
}

/// What became of a connection that was removed.
#[derive(Debug)]
pub struct Removed {
    /// The connection as it was.
    pub connection: Connection,
    /// The secret that held its password, and that nothing else referred to: it is removed too.
    pub secret: Option<String>,
    /// The user's own connection of the same name, which is used from now on.
    pub uncovered: Option<PathBuf>,
}

impl Connections {
    /// Reads the user's file and the project's, as far as they are there, and checks all that they hold.
    ///
    /// # Errors
    /// [`Error::Line`] and [`Error::Entry`] with file and line; [`Error::Foreign`] for a project's file that somebody else
    /// could have written.
    pub fn open(places: &Places) -> Result<Self, Error> {
        let mut connections = Self {
            user: ConnectionsFile::new(places.user_connections(), Scope::User),
            project: ConnectionsFile::new(places.project_connections().to_owned(), Scope::Project),
            has_project: places.has_project(),
            used: Vec::new(),
        };
        connections.read()?;
        Ok(connections)
    }

    fn read(&mut self) -> Result<(), Error> {
        let mut connections = Vec::new();
        if self.has_project {
            connections = self.project.read()?.connections;
        }
        for user in self.user.read()?.connections {
            match connections.iter_mut().find(|connection| connection.name == user.name) {
                Some(connection) => connection.hides = Some(user.file),
                None => connections.push(user),
            }
        }
        connections.sort_by(|one, two| one.name.cmp(&two.name));
        self.used = connections;
        Ok(())
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.used.iter()
    }

    /// The connection of this name.
    ///
    /// # Errors
    /// [`Error::NoConnection`] with the nearest name.
    pub fn find(&self, name: &str) -> Result<&Connection, Error> {
        let known = self.used.iter().map(|connection| connection.name.as_str());
        let missing = || Error::NoConnection {
            name: name.escape_debug().take(128).collect(),
            suggestion: suggestion(name, known),
        };
        self.used
            .iter()
            .find(|connection| connection.name == name)
            .ok_or_else(missing)
    }

    /// Stores a connection, and its password in the store of secrets.
    ///
    /// # Errors
    /// [`Error::ConnectionExists`] and [`Error::SecretTaken`] unless it may replace another one; [`Error::BadName`],
    /// [`Error::BadConnection`], and where a file cannot be read or written.
    pub fn add(&mut self, new: NewConnection, secrets: &SecretStore) -> Result<Added, Error> {
        name::check_connection(&new.name)?;
        let Prepared {
            mut connection,
            password,
            replace,
        } = prepare(new)?;
        let file = self.file(connection.scope).clone();
        let lock = Lock::take(file.path())?;
        let mut parsed = file.read()?;
        let before = parsed
            .connections
            .iter()
            .find(|other| other.name == connection.name)
            .cloned();
        if let (Some(before), false) = (&before, replace) {
            return Err(Error::ConnectionExists {
                name: before.name.clone(),
                path: before.file.clone(),
            });
        }
        let mut stored = None;
        let secret = password_secret(&connection.name);
        if let Some(password) = &password {
            stored = Some(store_password(&connection, password, &secret, replace, secrets)?);
        }
        connection.created = before.as_ref().map_or(connection.changed, |before| before.created);
        parsed.put(&connection);
        file.write(&parsed)?;
        let mut written = file.read()?.connections.into_iter();
        connection = written
            .find(|other| other.name == connection.name)
            .unwrap_or(connection);
        drop(lock);
        self.has_project |= connection.scope == Scope::Project;
        self.read()?;
        // The password of the one before, if this one has none or another reference.
        if password.is_none() && before.as_ref().is_some_and(|before| before.refers_to(&secret)) {
            self.discard(&secret, secrets)?;
        }
        Ok(Added {
            covered_by: self.cover(&connection),
            connection,
            replaced: before.is_some(),
            secret: stored.is_some().then_some(secret),
            hidden_by: stored.and_then(|stored| stored.hidden_by),
        })
    }

    /// Removes a connection from the file that it is used from, and the secret that its password was stored as unless
    /// another connection refers to it.
    ///
    /// # Errors
    /// [`Error::NoConnection`] with the nearest name, and where a file cannot be read or written.
    pub fn remove(&mut self, name: &str, secrets: &SecretStore) -> Result<Removed, Error> {
        let connection = self.find(name)?.clone();
        let file = self.file(connection.scope).clone();
        let lock = Lock::take(file.path())?;
        let mut parsed = file.read()?;
        parsed.take(name);
        file.write(&parsed)?;
        drop(lock);
        self.read()?;
        let secret = password_secret(name);
        let removed = connection.refers_to(&secret) && self.discard(&secret, secrets)?;
        Ok(Removed {
            uncovered: connection.hides.clone(),
            connection,
            secret: removed.then_some(secret),
        })
    }

    /// The project's file, where it has a connection that is used instead of this one of the user's.
    fn cover(&self, connection: &Connection) -> Option<PathBuf> {
        let covers = |other: &&Connection| other.name == connection.name && other.scope != connection.scope;
        let cover = self.used.iter().find(covers)?;
        Some(cover.file.clone())
    }

    fn file(&self, scope: Scope) -> &ConnectionsFile {
        match scope {
            Scope::User => &self.user,
            Scope::Project => &self.project,
        }
    }

    /// Removes a secret that no connection refers to, hidden ones included.
    fn discard(&self, secret: &str, secrets: &SecretStore) -> Result<bool, Error> {
        let hidden = self.user.read()?.connections;
        if self
            .used
            .iter()
            .chain(&hidden)
            .any(|connection| connection.refers_to(secret))
        {
            return Ok(false);
        }
        secrets.discard(secret)
    }
}

/// A new connection without its password.
struct Prepared {
    connection: Connection,
    /// The password, unless it is a reference, which the connection keeps.
    password: Option<Secret>,
    replace: bool,
}

fn prepare(new: NewConnection) -> Result<Prepared, Error> {
    let bad = |reason: String| Error::BadConnection {
        connection: new.name.clone(),
        reason,
    };
    let written = new.url.reveal().trim();
    let scheme = address::driver(written).map_err(bad)?;
    let unknown = || bad("its URL does not tell the driver; name it".to_owned());
    let driver = new.driver.or(scheme).ok_or_else(unknown)?;
    reference::pieces(written).map_err(|reason| bad(format!("the URL: {reason}")))?;
    let mut options = new.options.clone();
    let mut passwords: Vec<String> = [&new.password, &options.password]
        .into_iter()
        .flatten()
        .map(|password| password.reveal().to_owned())
        .collect();
    let mut within = None;
    let url = match address::find(written).map_err(bad)? {
        Password::None => written.to_owned(),
        Password::Apart { url, password } => {
            passwords.extend(Some(password).filter(|password| !password.is_empty()));
            url
        }
        Password::Within {
            before,
            password,
            after,
        } => {
            within = Some((before, after));
            passwords.push(password);
            written.to_owned()
        }
    };
    if passwords.len() > 1 {
        return Err(bad("it is given two passwords".to_owned()));
    }
    for (key, value) in written_options(&ConnectOptions {
        password: None,
        ..options.clone()
    }) {
        let text = value.as_str().unwrap_or_default();
        reference::pieces(text).map_err(|reason| bad(format!("`{key}`: {reason}")))?;
    }
    let password = passwords.pop();
    let is_reference = password.as_deref().is_some_and(reference::is_references);
    let secret = format!("${{secret:{}}}", password_secret(&new.name));
    let url = match &within {
        Some((before, after)) => format!("{before}{secret}{after}"),
        None => url,
    };
    let (reference, password) = match password {
        Some(reference) if is_reference => (Some(Secret::new(reference)), None),
        Some(password) => (Some(Secret::new(secret)), Some(Secret::new(password))),
        None => (None, None),
    };
    options.password = reference.filter(|_| within.is_none());
    let now = Some(Utc::now());
    Ok(Prepared {
        connection: Connection {
            name: new.name,
            driver,
            url,
            options,
            created: now,
            changed: now,
            file: PathBuf::new(),
            line: 0,
            scope: new.scope,
            hides: None,
        },
        password,
        replace: new.replace,
    })
}

fn store_password(
    connection: &Connection,
    password: &Secret,
    secret: &str,
    replace: bool,
    secrets: &SecretStore,
) -> Result<Stored, Error> {
    secrets
        .set_new(secret, password, replace)?
        .ok_or_else(|| Error::SecretTaken {
            connection: connection.name.clone(),
            secret: secret.to_owned(),
        })
}
