//! A tenant's job stays in its tenant's house: relative paths begin in the tenant's own folder, and what the tenant may
//! not touch is refused before anything is opened.

use std::path::{Component, Path, PathBuf};

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
}

impl House<'_> {
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
                let home: Result<Place, _> = self.files.to_string_lossy().parse();
                if !home.is_ok_and(|home| home.holds(place.url())) {
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
        if local.is_some_and(|path| leads_nowhere(Path::new(path))) {
            return Err(Problem::Never(format!(
                "`{written}` is behind a link to what is not there"
            )));
        }
        // Where it leads, with links followed as far as they are there.
        let leads_to = location(&url, store).map_err(|error| never(&error))?;
        let home: Place = self
            .files
            .to_string_lossy()
            .parse()
            .map_err(|error: EngineError| never(&error))?;
        if !home.holds(&leads_to) {
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

/// Whether there is a link to nothing on the way: what is written would appear where it leads.
fn leads_nowhere(path: &Path) -> bool {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    path.ancestors()
        .any(|part| is_link(part) && part.canonicalize().is_err())
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
mod tests {
    use tenon_connect::file::{ReadConfig, WriteConfig};
    use tenon_engine::Script;
    use tenon_tenants::Quotas;

    use super::*;

    fn access(prefixes: &[&str], hosts: &[&str]) -> Access {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Access::new(&Quotas {
            storage_prefixes: owned(prefixes),
            hosts: owned(hosts),
            ..Quotas::default()
        })
        .expect("they are understood")
    }

    fn reading(url: &str, files: &Path, access: &Access) -> Result<String, Confined> {
        let mut job = Job::new("j").source("orders", ReadConfig::new(url));
        House { files, access }.confine(&mut job)?;
        Ok(job.sources["orders"].file_url().expect("files").to_owned())
    }

    #[test]
    fn relative_paths_are_the_tenants_own() {
        let house = tempfile::tempdir().expect("a folder");
        let files = house.path().join("shop/files");
        std::fs::create_dir_all(&files).expect("made");
        let access = access(&[], &[]);
        let read = reading("in/orders.csv", &files, &access).expect("its own");
        assert_eq!(Path::new(&read), files.join("in/orders.csv"));
        let mut job = Job::new("j").sink("lake", "orders", WriteConfig::new("out/"));
        House {
            files: &files,
            access: &access,
        }
        .confine(&mut job)
        .expect("its own");
        assert!(job.sinks["lake"].to.file_url().expect("files").ends_with("files/out/"));
    }

    #[test]
    fn nothing_else_is_without_being_granted() {
        let house = tempfile::tempdir().expect("a folder");
        let files = house.path().join("shop/files");
        std::fs::create_dir_all(&files).expect("made");
        let nothing = access(&[], &[]);
        let outside = [
            "../other/files/x.csv",
            "/etc/passwd",
            "file:///etc/passwd",
            "s3://lake/x",
            "https://example.com/x.csv",
        ];
        for url in outside {
            let error = reading(url, &files, &nothing).expect_err(url);
            assert!(error.to_string().contains("the source `orders`"), "{error}");
            let server = house.path().to_string_lossy().into_owned();
            assert!(!error.to_string().contains(&server), "{error}");
        }
        let some = access(&["s3://lake/shop/"], &["example.com"]);
        assert!(reading("s3://lake/shop/x", &files, &some).is_ok());
        assert!(reading("s3://lake/shopping/x", &files, &some).is_err());
        assert!(reading("https://example.com/x.csv", &files, &some).is_ok());
        assert!(reading("http://169.254.169.254/latest", &files, &some).is_err());
    }

    #[test]
    fn scripts_are_confined() {
        let files = tempfile::tempdir().expect("a folder");
        let nothing = access(&[], &[]);
        let house = House {
            files: files.path(),
            access: &nothing,
        };
        let script = |place: &str| {
            let mut job = Job::new("j");
            let mut script = Script::new("script.wasm");
            script.places.push(place.parse().expect("a place"));
            job.script = Some(script);
            house.confine(&mut job).map(|()| job.script.expect("a script").confined)
        };
        assert!(script(&files.path().to_string_lossy()).expect("its own"));
        assert!(script("/etc").is_err());
    }

    #[test]
    #[cfg(unix)]
    fn links_out_of_the_house_are_not_followed() {
        let house = tempfile::tempdir().expect("a folder");
        let files = house.path().join("shop/files");
        std::fs::create_dir_all(&files).expect("made");
        std::os::unix::fs::symlink("/etc", files.join("etc")).expect("linked");
        std::os::unix::fs::symlink("/nowhere/yet", files.join("nowhere")).expect("linked");
        assert!(reading("etc/passwd", &files, &access(&[], &[])).is_err());
        assert!(reading("nowhere", &files, &access(&[], &[])).is_err());
    }

    #[test]
    fn databases_are_reached_at_granted_hosts_only() {
        let files = tempfile::tempdir().expect("a folder");
        let some = access(&[], &["db.example.com:5432"]);
        let house = House {
            files: files.path(),
            access: &some,
        };
        let check = |driver, url: &str| house.database(driver, &mut ConnectionConfig::new(url)).is_ok();
        assert!(check(Driver::Postgres, "postgres://me:pw@db.example.com:5432/shop"));
        assert!(!check(Driver::Postgres, "postgres://me:pw@other:5432/shop"));
        assert!(!check(
            Driver::Postgres,
            "postgres://db.example.com:5432/shop?host=10.0.0.1"
        ));
        for option in [
            "port=22",
            "sslrootcert=/etc/x",
            "sslcert=x",
            "sslkey=x",
            "HOST=x",
            "new=1",
        ] {
            let url = format!("postgres://db.example.com:5432/shop?sslmode=require&{option}");
            assert!(!check(Driver::Postgres, &url), "{option}");
        }
        assert!(check(
            Driver::Postgres,
            "postgres://me@db.example.com:5432/shop?sslmode=verify-full&sslrootcert=system&application_name=x"
        ));
        assert!(!check(Driver::Postgres, "postgres://%2Fvar%2Frun/shop"));
        assert!(!check(Driver::Postgres, "postgres://db.example.com,10.0.0.1/shop"));
        assert!(!check(Driver::Adbc, "adbc:driver=/tmp/evil.so"));
        assert!(!check(Driver::Sqlite, "sqlite:/etc/x.db"));
        assert!(check(Driver::Sqlite, "sqlite:shop.db"));
    }

    #[test]
    fn a_clusters_store_is_on_a_granted_host() {
        let files = tempfile::tempdir().expect("a folder");
        let some = access(&["s3://lake/shop/"], &["db.example.com", "storage.example.com"]);
        let house = House {
            files: files.path(),
            access: &some,
        };
        let check = |endpoint: &str| {
            let mut connection = ConnectionConfig::new("redshift://db.example.com/shop");
            connection.options.temp_dir = Some("s3://lake/shop/tmp/".to_owned());
            connection.options.s3_endpoint = Some(endpoint.to_owned());
            let checked = house.database(Driver::Redshift, &mut connection);
            checked.is_ok() && connection.options.confined
        };
        assert!(check("https://storage.example.com"));
        assert!(!check("https://evil.example"));
        assert!(!check("storage.example.com"));
    }

    #[test]
    fn certificates_are_the_tenants_own() {
        let files = tempfile::tempdir().expect("a folder");
        let some = access(&[], &["db.example.com"]);
        let house = House {
            files: files.path(),
            access: &some,
        };
        let with = |name: &str| {
            let mut connection = ConnectionConfig::new("postgres://me@db.example.com/shop");
            connection.options.tls_ca = Some(name.into());
            connection.options.tls_certificate = Some(name.into());
            connection.options.tls_key = Some(name.into());
            let checked = house.database(Driver::Postgres, &mut connection);
            checked.is_ok().then_some(connection.options)
        };
        let own = with("certificates/x.pem").expect("its own");
        let path = Some(files.path().join("certificates/x.pem"));
        assert_eq!((&own.tls_ca, &own.tls_certificate, &own.tls_key), (&path, &path, &path));
        for outside in [
            "/etc/x.pem",
            "../x.pem",
            "https://db.example.com/x.pem",
            "*/../../x.pem",
        ] {
            assert!(with(outside).is_none(), "{outside}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn files_of_sqlite_are_those_that_are_opened() {
        let house = tempfile::tempdir().expect("a folder");
        let files = house.path().join("shop/files");
        std::fs::create_dir_all(files.join("x*")).expect("made");
        std::fs::write(house.path().join("server.db"), "").expect("written");
        std::os::unix::fs::symlink(house.path().join("server.db"), files.join("link.db")).expect("linked");
        let some = access(&["s3://lake/"], &["example.com"]);
        let house = House {
            files: &files,
            access: &some,
        };
        let opened = |url: &str| {
            let mut connection = ConnectionConfig::new(url);
            let checked = house.connection("c", Driver::Sqlite, &mut connection);
            checked.map(|()| SqliteFile::parse(connection.url.reveal()).expect("a file"))
        };
        for url in [
            "sqlite:..%2f..%2fserver.db",
            "sqlite:%2e%2e/%2E%2E/server.db",
            "sqlite:x*/../../../server.db",
            "sqlite:link.db",
            "sqlite:%6cink.db",
            "sqlite:file:../../server.db",
            "sqlite:file%3a%2fetc%2fx%3fvfs=unix",
            "sqlite:s3://lake/x.db",
            "sqlite:https%3a//example.com/x.db",
            "../../server.db",
            "shop.db",
        ] {
            assert!(opened(url).is_err(), "{url}");
        }
        let file = opened("sqlite:a%20b/50%2525.db?mode=ro").expect("its own");
        assert_eq!(file.path, files.join("a b/50%25.db"));
        assert_eq!(file.query, "mode=ro");
    }
}
