//! PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::account::Account;
use crate::process::{PATIENCE, Process, free_port};
use crate::programs::{find, output};
use crate::{Certificates, PASSWORD, USER, or_skip};

/// What tests need, and what makes them fast: no data outlives the test.
const SETTINGS: [(&str, &str); 8] = [
    ("listen_addresses", "127.0.0.1"),
    ("wal_level", "logical"),
    ("max_replication_slots", "20"),
    ("max_wal_senders", "20"),
    ("max_connections", "100"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("max_wal_size", "4GB"),
];

/// A PostgreSQL server with an empty database `test`. It ends, and its data go, when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    process: Option<Process>,
    programs: PathBuf,
    account: Account,
    settings: Vec<(String, String)>,
    port: u16,
    certificates: Option<Certificates>,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server.
    ///
    /// # Errors
    /// Says how to install it where it is not, and when it does not start.
    pub fn start() -> Result<Self> {
        Self::with(&[])
    }

    /// As [`start`](Self::start); none where that fails, which is said in a way that `cargo xtask test` counts.
    pub fn start_or_skip(test: &str) -> Option<Self> {
        or_skip(test, Self::start())
    }

    /// Starts a server with settings of `postgresql.conf`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let mut server = Self::make(settings)?;
        server.run()?;
        server.psql_in("postgres", "create database test")?;
        Ok(server)
    }

    /// Starts a server that takes encrypted connections only.
    ///
    /// # Errors
    /// As [`start`](Self::start), and where there is no `openssl` to make certificates.
    pub fn with_tls() -> Result<Self> {
        let mut server = Self::make(&[])?;
        let certificates = Certificates::make(server.folder.path())?;
        let key = fs::read_to_string(&certificates.key)?;
        server.account.write(&certificates.key, &key)?;
        let settings = [
            ("ssl", "on".to_owned()),
            ("ssl_cert_file", certificates.certificate.display().to_string()),
            ("ssl_key_file", certificates.key.display().to_string()),
        ];
        server
            .settings
            .extend(settings.map(|(name, value)| (name.to_owned(), value)));
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        server.account.write(&server.data().join("pg_hba.conf"), rules)?;
        server.certificates = Some(certificates);
        server.run()?;
        server.psql_in("postgres", "create database test")?;
        Ok(server)
    }

    /// The folder with the programs of the newest version that is installed.
    pub(crate) fn programs() -> Result<PathBuf> {
        let version = |folder: &Path| -> Option<u32> { folder.file_name()?.to_str()?.parse().ok() };
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let newest = versions
            .map(|entry| entry.path())
            .filter(|folder| folder.join("bin/initdb").exists() && folder.join("bin/postgres").exists())
            .max_by_key(|folder| version(folder))
            .map(|folder| folder.join("bin"));
        newest
            .or_else(|| Some(find("initdb")?.parent()?.to_owned()))
            .context("PostgreSQL is not installed; `cargo xtask services install postgres` does that")
    }

    fn make(settings: &[(&str, &str)]) -> Result<Self> {
        let programs = Self::programs()?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let account = Account::own(folder.path(), "postgres")?;
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let server = Self {
            process: None,
            programs,
            account,
            settings: SETTINGS.iter().chain(settings).map(own).collect(),
            port: free_port()?,
            certificates: None,
            folder,
        };
        let password = server.folder.path().join("password");
        account.write(&password, PASSWORD)?;
        output(
            account
                .command(&server.programs.join("initdb"))
                .current_dir(server.folder.path())
                .args(["--no-sync", "--no-locale", "--encoding", "UTF8", "--username", USER])
                .args(["--auth-local", "trust", "--auth-host", "scram-sha-256"])
                .arg("--pwfile")
                .arg(password)
                .arg("--pgdata")
                .arg(server.data()),
        )?;
        Ok(server)
    }

    fn run(&mut self) -> Result<()> {
        let mut command = self.account.command(&self.programs.join("postgres"));
        command.current_dir(self.folder.path()).arg("-D").arg(self.data());
        command.args(["-p", &self.port.to_string()]);
        command.arg("-k").arg(self.folder.path());
        for (name, value) in &self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut ready = Command::new(self.programs.join("pg_isready"));
        ready
            .arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-q"]);
        ready.stdout(Stdio::null()).stderr(Stdio::null());
        let log = self.folder.path().join("log");
        let is_ready = || ready.status().is_ok_and(|status| status.success());
        self.process = Some(Process::start("PostgreSQL", &mut command, log, is_ready)?);
        Ok(())
    }

    /// URL of the database `test`, with user and password.
    pub fn url(&self) -> String {
        self.url_of("test")
    }

    /// URL of a database, with user and password.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that has signed the server's; of a server started [with TLS](Self::with_tls).
    pub fn ca(&self) -> Option<&Path> {
        self.certificates.as_ref().map(|certificates| certificates.ca.as_path())
    }

    /// The folder that holds the server's data.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What psql prints for statements in the database `test`: rows on lines, columns with `|` between them.
    ///
    /// # Panics
    /// With psql's message where a statement fails.
    pub fn psql(&self, sql: &str) -> String {
        match self.psql_in("test", sql) {
            Ok(answer) => answer,
            Err(error) => panic!("{error:#}, in: {sql}"),
        }
    }

    /// What psql prints for statements in a database.
    ///
    /// # Errors
    /// With psql's message where a statement fails.
    pub fn psql_in(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("-h")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string()]);
        psql.args([
            "-U",
            USER,
            "-d",
            database,
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        output(&mut psql)
    }

    /// Ends the server and starts it again, on the same port with the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.stop("INT");
        }
        self.run()
    }

    /// Ends the server at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill();
        }
        self.process = None;
    }

    /// Starts the server after [`kill`](Self::kill), on the same port with the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            match self.run() {
                // Those that a killed server has left behind end a moment later.
                Err(error) if format!("{error:#}").contains("still in use") && began.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(100));
                }
                started => return started,
            }
        }
    }

    /// Its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Waits until the server ends by itself.
    ///
    /// # Errors
    /// When it can't be waited for.
    pub fn wait(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), |process| process.wait().map(drop))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its children end before it does then, so that none of them writes to the folder that goes.
        if let Some(process) = &mut self.process {
            process.stop("QUIT");
        }
    }
}
