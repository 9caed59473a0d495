//! A tenant's job stays in its tenant's house: relative paths begin in the tenant's own folder, and what the tenant may
//! not touch is refused before anything is opened.

use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use tenon_connect::file::{StoreOptions, location};
use tenon_connect::{SinkConfig, SourceConfig};
use tenon_database::{ConnectionConfig, Driver, Secret, SqliteFile};
use tenon_engine::{Error as EngineError, Job, Place};
use tenon_tenants::{Access, Denied, database_option_stays};
use thiserror::Error;
use url::Url;

/// A job that wants what its tenant may not have.
#[derive(Debug, Error)]
pub enum Confined {
    /// A place outside of what the tenant may touch.
    #[error("{what} is not allowed: {source}")]
    Denied {
        /// "the source `orders`".
        what: String,
        /// Why not.
        #[source]
        source: Denied,
    },
    /// Something that no tenant may do on a server.
    #[error("{what} is not allowed: {reason}")]
    Never {
        /// "the source `orders`".
        what: String,
        /// Why not.
        reason: String,
    },
}

/// Where a tenant's jobs may go.
#[derive(Debug)]
pub struct House<'a> {
    /// The tenant's own folder.
    pub files: &'a Path,
    /// What it may touch besides.
    pub access: &'a Access,
    /// The folder with links followed, once something was looked for in it.
    home: OnceLock<Place>,
}

impl<'a> House<'a> {
    /// The house of a tenant whose own folder is `files` and that has `access` to other places.
    pub fn new(files: &'a Path, access: &'a Access) -> Self {
        Self {
            files,
            access,
            home: OnceLock::new(),
        }
    }

    /// Has the job's relative paths begin in the tenant's folder, and checks every place and host that it names.
    ///
    /// # Errors
    /// [`Confined`] for the first one that is denied.
    pub fn confine(&self, job: &mut Job) -> Result<(), Confined> {
        for (name, source) in &mut job.sources {
            let what = format!("the source `{name}`");
            match source {
                SourceConfig::File(config) => {
                    config.store.confined = true;
                    config.url = self
                        .place(&config.url, &config.store)
                        .map_err(|problem| problem.of(&what))?;
                    self.endpoint(config.store.endpoint.as_deref())
                        .map_err(|problem| problem.of(&what))?;
                }
                SourceConfig::Database(config) => {
                    self.database(config.driver, &mut config.connection)
                        .map_err(|problem| problem.of(&what))?;
                }
            }
        }
        for (name, output) in &mut job.sinks {
            let what = format!("the sink `{name}`");
            match &mut output.to {
                SinkConfig::File(config) => {
                    config.store.confined = true;
                    config.url = self
                        .place(&config.url, &config.store)
                        .map_err(|problem| problem.of(&what))?;
                    self.endpoint(config.store.endpoint.as_deref())
                        .map_err(|problem| problem.of(&what))?;
                }
                SinkConfig::Database(config) => {
                    self.database(config.driver, &mut config.connection)
                        .map_err(|problem| problem.of(&what))?;
                }
            }
        }
        if let Some(script) = &mut job.script {
            let what = "a place of the script";
            // What it names is known only as it runs, and is checked then against its places.
            script.confined = true;
            for place in &script.places {
                if !self.home().is_ok_and(|home| home.holds(place.url())) {
                    let allowed = self.access.allows_url(place.url());
                    allowed.map_err(|denied| Problem::Denied(denied).of(what))?;
                }
            }
            for (name, (driver, connection)) in &mut script.connections {
                self.connection(name, *driver, connection)?;
            }
        }
        for grant in &job.http {
            let allowed = self.access.allows_host(grant.host(), Some(grant.port()));
            allowed.map_err(|denied| Problem::Denied(denied).of("the grant of HTTP"))?;
        }
        Ok(())
    }

    /// Checks one connection.
    ///
    /// # Errors
    /// [`Confined`].
    pub fn connection(&self, name: &str, driver: Driver, connection: &mut ConnectionConfig) -> Result<(), Confined> {
        let what = format!("the connection `{name}`");
        self.database(driver, connection).map_err(|problem| problem.of(&what))
    }

    /// The place that a URL or path stands for, if the tenant may touch it.
    fn place(&self, url: &str, store: &StoreOptions) -> Result<String, Problem> {
        let never = |error: &dyn std::fmt::Display| Problem::Never(error.to_string());
        if let Some((scheme, _)) = url.split_once("://")
            && ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
        {
            return self.web(url);
        }
        let written = url;
        let url = if url.contains("://") {
            url.to_owned()
        } else {
            self.files.join(url).to_string_lossy().into_owned()
        };
        let plain = (!url.contains("://")).then_some(url.as_str());
        let local = url.strip_prefix("file://").or(plain);
        if local.is_some_and(|path| self.leads_nowhere(Path::new(path))) {
            return Err(Problem::Never(format!(
                "`{written}` is behind a link to what is not there"
            )));
        }
        // Where it leads, with links followed as far as they are there.
        let leads_to = location(&url, store).map_err(|error| never(&error))?;
        if !self.home().map_err(|error| never(&error))?.holds(&leads_to) {
            let allowed = self.access.allows_url(&leads_to);
            // Where a path leads on the server's disk is not for its tenants to know.
            if allowed.is_err() && local.is_some() {
                let reason = format!(
                    "`{written}` is, or leads, neither into the tenant's folder nor below any of its storage prefixes"
                );
                return Err(Problem::Never(reason));
            }
            allowed?;
        }
        Ok(url)
    }

    fn home(&self) -> Result<&Place, EngineError> {
        if let Some(home) = self.home.get() {
            return Ok(home);
        }
        let home = self.files.to_string_lossy().parse()?;
        Ok(self.home.get_or_init(|| home))
    }

    /// Whether there is a link to nothing on the way: what is written would appear where it leads. The way to the tenant's
    /// folder is the operator's.
    fn leads_nowhere(&self, path: &Path) -> bool {
        let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let is_above = |part: &Path| self.files.starts_with(part) && path.starts_with(self.files);
        path.ancestors()
            .take_while(|part| !is_above(part))
            .any(|part| is_link(part) && part.canonicalize().is_err())
    }

    /// A file of its own, which is opened by the path that this answers with and by nothing else: no URL, no pattern.
    fn file(&self, path: &Path) -> Result<PathBuf, Problem> {
        let written = path.to_string_lossy();
        let is_other = written.contains("://") || written.contains(['*', '?', '[', '{', '\u{fffd}']);
        if is_other || path.components().any(|part| part == Component::ParentDir) {
            return Err(Problem::Never(format!("`{written}` is no plain path of a file")));
        }
        self.place(&written, &StoreOptions::default()).map(PathBuf::from)
    }

    fn web(&self, url: &str) -> Result<String, Problem> {
        let parsed = Url::parse(url).map_err(|error| Problem::Never(format!("{url}: {error}")))?;
        let host = parsed.host_str().unwrap_or_default();
        self.access.allows_host(host, parsed.port_or_known_default())?;
        Ok(url.to_owned())
    }

    /// A server that stands in for a cloud's own.
    fn endpoint(&self, endpoint: Option<&str>) -> Result<(), Problem> {
        endpoint.map_or(Ok(()), |endpoint| self.web(endpoint).map(drop))
    }

    fn database(&self, driver: Driver, connection: &mut ConnectionConfig) -> Result<(), Problem> {
        connection.options.confined = true;
        let files = [
            &mut connection.options.tls_ca,
            &mut connection.options.tls_certificate,
            &mut connection.options.tls_key,
        ];
        for file in files.into_iter().flatten() {
            // Relative ones begin in the tenant's folder, and not where the server was started.
            *file = self.file(file)?;
        }
        if let Some(folder) = &connection.options.temp_dir {
            self.access.allows_url(folder)?;
        }
        self.endpoint(connection.options.s3_endpoint.as_deref())?;
        match driver {
            Driver::Sqlite => {
                let named = SqliteFile::parse(connection.url.reveal());
                let named = named.map_err(|error| Problem::Never(error.to_string()))?;
                let path = self.file(&named.path)?;
                connection.url = Secret::new(named.url_at(&path));
                Ok(())
            }
            Driver::Odbc | Driver::Adbc => Err(Problem::Never(format!(
                "`{driver}` loads a driver into the server, where it could do anything"
            ))),
            _ => self.server(driver, connection.url.reveal()),
        }
    }

    /// The hosts that the URL of a database names. It is never shown: it may hold a password.
    fn server(&self, driver: Driver, url: &str) -> Result<(), Problem> {
        let unclear = || Problem::Never("its URL does not say clearly which host it means".to_owned());
        let parsed = Url::parse(url).map_err(|_| unclear())?;
        if parsed
            .query_pairs()
            .any(|(name, value)| !database_option_stays(&name, &value))
        {
            return Err(Problem::Never(
                "the query of its URL has an option that may name another host or a file of the server".to_owned(),
            ));
        }
        let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(unclear)?;
        if host.contains(['%', '/', ',']) {
            return Err(unclear());
        }
        let port = parsed.port().or(driver.default_port());
        self.access.allows_host(host, port)?;
        Ok(())
    }
}

enum Problem {
    Denied(Denied),
    Never(String),
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl Problem {
    fn of(self, what: &str) -> Confined {
        let what = what.to_owned();
        match self {
            Self::Denied(source) => Confined::Denied { what, source },
            Self::Never(reason) => Confined::Never { what, reason },
        }
    }
}

#[cfg(test)]
mod tests;
