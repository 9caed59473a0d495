//! MariaDB.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::account::Account;
use crate::process::{Process, free_port};
use crate::programs::{find, output};
use crate::{Certificates, PASSWORD, USER, or_skip};

/// What tests need, and what makes them fast: no data outlives the test.
const SETTINGS: [&str; 12] = [
    "--bind-address=127.0.0.1",
    "--local-infile=1",
    "--log-bin=log-bin",
    "--binlog-format=ROW",
    "--server-id=1",
    "--character-set-server=utf8mb4",
    "--max-connections=200",
    "--skip-name-resolve",
    "--debug-no-sync",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=32M",
];

/// A MariaDB server with an empty database `test`. It ends, and its data go, when this is dropped.
#[derive(Debug)]
pub struct MariaDb {
    process: Option<Process>,
    program: PathBuf,
    client: PathBuf,
    account: Account,
    settings: Vec<String>,
    port: u16,
    certificates: Option<Certificates>,
    folder: TempDir,
}

impl MariaDb {
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

    /// Starts a server with options of its command line, written `("local-infile", "0")`.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn with(settings: &[(&str, &str)]) -> Result<Self> {
        let mut server = Self::make()?;
        let options = settings.iter().map(|(name, value)| format!("--{name}={value}"));
        server.settings.extend(options);
        server.run()?;
        Ok(server)
    }

    /// Starts a server that takes encrypted connections only.
    ///
    /// # Errors
    /// As [`start`](Self::start), and where there is no `openssl` to make certificates.
    pub fn with_tls() -> Result<Self> {
        let mut server = Self::make()?;
        let certificates = Certificates::make(server.folder.path())?;
        let key = fs::read_to_string(&certificates.key)?;
        server.account.write(&certificates.key, &key)?;
        server.settings.extend([
            "--require-secure-transport=1".to_owned(),
            format!("--ssl-ca={}", certificates.ca.display()),
            format!("--ssl-cert={}", certificates.certificate.display()),
            format!("--ssl-key={}", certificates.key.display()),
        ]);
        server.certificates = Some(certificates);
        server.run()?;
        Ok(server)
    }

    /// The server, and the program that makes its first files.
    pub(crate) fn programs() -> Result<[PathBuf; 3]> {
        let programs = ["mariadbd", "mariadb-install-db", "mariadb"].map(find);
        let [Some(server), Some(install), Some(client)] = programs else {
            anyhow::bail!("MariaDB is not installed; `cargo xtask services install mariadb` does that");
        };
        Ok([server, install, client])
    }

    fn make() -> Result<Self> {
        let [program, install, client] = Self::programs()?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let account = Account::own(folder.path(), "mysql")?;
        let server = Self {
            process: None,
            program,
            client,
            account,
            settings: SETTINGS.map(str::to_owned).to_vec(),
            port: free_port()?,
            certificates: None,
            folder,
        };
        let data = format!("--datadir={}", server.data().display());
        output(
            account
                .command(&install)
                .current_dir(server.folder.path())
                .args(["--no-defaults", &data, "--auth-root-authentication-method=normal"])
                .arg(format!("--tmpdir={}", server.folder.path().display()))
                .args(["--skip-test-db", "--debug-no-sync", "--innodb-log-file-size=32M"]),
        )?;
        // Run at each start, before anybody can connect.
        let first = format!(
            "create database if not exists test;\n\
             create user if not exists '{USER}'@'%' identified by '{PASSWORD}';\n\
             grant all on *.* to '{USER}'@'%' with grant option;\n"
        );
        account.write(&server.folder.path().join("init.sql"), &first)?;
        Ok(server)
    }

    fn run(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let mut command = self.account.command(&self.program);
        command.current_dir(folder).args([
            "--no-defaults".to_owned(),
            format!("--datadir={}", self.data().display()),
            // A server that starts removes temporary tables there, those of others too.
            format!("--tmpdir={}", folder.display()),
            format!("--socket={}", self.socket().display()),
            format!("--pid-file={}", folder.join("pid").display()),
            format!("--init-file={}", folder.join("init.sql").display()),
            format!("--port={}", self.port),
        ]);
        command.args(&self.settings);
        let mut ready = self.command();
        ready
            .args(["-e", "select 1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let log = folder.join("log");
        let is_ready = || ready.status().is_ok_and(|status| status.success());
        self.process = Some(Process::start("MariaDB", &mut command, log, is_ready)?);
        Ok(())
    }

    /// URL of the database `test`, with user and password.
    pub fn url(&self) -> String {
        self.url_of("test")
    }

    /// URL of a database, with user and password.
    pub fn url_of(&self, database: &str) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
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

    /// What the client prints for statements in the database `test`: rows on lines, columns with tabs between them.
    ///
    /// # Panics
    /// With the client's message where a statement fails.
    pub fn client(&self, sql: &str) -> String {
        match self.client_in("test", sql) {
            Ok(answer) => answer,
            Err(error) => panic!("{error:#}, in: {sql}"),
        }
    }

    /// What the client prints for statements in a database.
    ///
    /// # Errors
    /// With the client's message where a statement fails.
    pub fn client_in(&self, database: &str, sql: &str) -> Result<String> {
        output(self.command().args(["-D", database, "-e", sql]))
    }

    fn command(&self) -> Command {
        let mut client = Command::new(&self.client);
        client.args([
            "--no-defaults",
            "-N",
            "-B",
            "--default-character-set=utf8mb4",
            "-u",
            USER,
        ]);
        client.arg("-S").arg(self.socket()).env("MYSQL_PWD", PASSWORD);
        client
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Ends the server and starts it again, on the same port with the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.stop("TERM");
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
        self.run()
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
