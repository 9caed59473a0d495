//! Installing servers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::programs::find;
use crate::{MariaDb, PASSWORD, Postgres, S3, USER, s3};

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// An S3 server.
    S3,
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    MariaDb,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::S3, Self::Postgres, Self::MariaDb];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Postgres => "postgres",
            Self::MariaDb => "mariadb",
        }
    }

    /// What it is.
    pub fn what(self) -> &'static str {
        match self {
            Self::S3 => "an S3 server that keeps buckets as folders (the crate s3s-fs)",
            Self::Postgres => "PostgreSQL with logical replication (Debian's postgresql)",
            Self::MariaDb => "MariaDB, which speaks MySQL's protocol (Debian's mariadb-server)",
        }
    }

    /// The service of that name.
    ///
    /// # Errors
    /// Names those that there are.
    pub fn named(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.name() == name)
            .with_context(|| {
                let names = Self::ALL.map(Self::name).join(", ");
                format!("there is no service `{name}`; there are: {names}")
            })
    }

    /// Where its program is.
    ///
    /// # Errors
    /// Says how to install it where it is not.
    pub fn program(self) -> Result<PathBuf> {
        match self {
            Self::S3 => {
                let program = s3::program()?;
                if !program.exists() {
                    bail!("the S3 server is not installed; `cargo xtask services install s3` does that");
                }
                Ok(program)
            }
            Self::Postgres => Ok(Postgres::programs()?.join("postgres")),
            Self::MariaDb => MariaDb::programs().map(|[server, ..]| server),
        }
    }

    /// Starts one, says how to reach it and then that it is `ready`, and waits until it ends.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub fn run(self, say: impl Fn(&str, &str), ready: impl FnOnce()) -> Result<()> {
        match self {
            Self::S3 => {
                let mut server = S3::run()?;
                say("endpoint", &server.endpoint);
                say("access_key_id", &server.access_key);
                say("secret_access_key", &server.secret_key);
                say(
                    "bucket",
                    &format!("bucket, which is {}", server.bucket_folder().display()),
                );
                ready();
                server.wait()
            }
            Self::Postgres => {
                let mut server = Postgres::start()?;
                say("url", &server.url());
                say("user", &format!("{USER}, with the password {PASSWORD}"));
                say("data", &server.data().display().to_string());
                ready();
                server.wait()
            }
            Self::MariaDb => {
                let mut server = MariaDb::start()?;
                say("url", &server.url());
                say("user", &format!("{USER}, with the password {PASSWORD}"));
                say("data", &server.data().display().to_string());
                ready();
                server.wait()
            }
        }
    }
}

/// Installs a service, unless it is there. `run` runs a command and fails when that does.
///
/// # Errors
/// Says what to install by hand where this can't.
pub fn install(service: Service, run: impl Fn(&mut Command) -> Result<()>) -> Result<PathBuf> {
    if let Ok(program) = service.program() {
        return Ok(program);
    }
    match service {
        Service::S3 => build_s3(run)?,
        Service::Postgres => apt("postgresql", run)?,
        Service::MariaDb => apt("mariadb-server", run)?,
    }
    service.program()
}

fn build_s3(run: impl Fn(&mut Command) -> Result<()>) -> Result<()> {
    let folder = s3::folder()?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (name, version) = s3::CRATE;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["install", "--locked", "--debug", "--features", "binary", name]);
    cargo.args(["--version", version, "--root"]).arg(&folder);
    // Beside its dependencies' sources, there is nothing here that it should share.
    run(cargo.env_remove("CARGO_TARGET_DIR").current_dir(&folder))
}

/// Installs a package of Debian, without starting the server that is in it. `run` runs a command and fails when that does.
///
/// # Errors
/// Says what to install by hand where this can't.
pub fn apt(package: &str, run: impl Fn(&mut Command) -> Result<()>) -> Result<()> {
    let advice = format!("install it, as with `apt-get install {package}`");
    let offline = std::env::var_os("TENON_OFFLINE").is_some_and(|value| !value.is_empty() && value != "0");
    if offline {
        bail!("TENON_OFFLINE is set; {advice}");
    }
    let apt = find("apt-get").with_context(|| format!("there is no apt-get on this machine; {advice}"))?;
    let sudo = if is_root() {
        None
    } else {
        let sudo = find("sudo").filter(|sudo| succeeds(Command::new(sudo).args(["-n", "true"])));
        Some(sudo.with_context(|| format!("neither root nor sudo without a password; {advice}"))?)
    };
    // sudo drops our environment, so the variables are set behind it. In the run level 1, no service is started.
    let environment = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
    let with = |arguments: &[&str]| {
        let mut command = if let Some(sudo) = &sudo {
            let mut command = Command::new(sudo);
            command.arg("-n").args(environment);
            command
        } else {
            let mut command = Command::new(environment[0]);
            command.args(&environment[1..]);
            command
        };
        command
            .arg(&apt)
            .args(["-y", "-o", "DPkg::Lock::Timeout=300"])
            .args(arguments);
        command
    };
    if !known(package) {
        // A failed update of one foreign archive does not matter if the package can be had.
        let _ = run(&mut with(&["update"]));
    }
    run(&mut with(&["install", "--no-install-recommends", package])).with_context(|| advice)
}

/// Whether apt's lists have the package.
fn known(package: &str) -> bool {
    succeeds(Command::new("apt-cache").args(["show", package]))
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output();
    user.is_ok_and(|user| user.stdout.trim_ascii() == b"0")
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
