//! Storing connections and secrets.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use tenon_host::database::{Driver, Tls};

const CONNECTION_EXAMPLES: &str = "\
Examples:
  tenon connection add warehouse postgres://etl@db.example.com/shop
  tenon connection list
  tenon connection test warehouse";

const ADD_EXAMPLES: &str = "\
Examples:
  The password is asked for:
    tenon connection add warehouse postgres://etl@db.example.com/shop --tls verify-full

  The password comes from a file, from a variable, or from a secret that is stored already:
    tenon connection add warehouse postgres://etl@db.example.com/shop --password-stdin < password.txt
    tenon connection add warehouse postgres://etl@db.example.com/shop --password-env PGPASSWORD
    tenon connection add warehouse 'postgres://etl:${secret:etl}@db.example.com/shop'

  In the project's own file, for everybody who works on it:
    tenon connection add shop sqlite:shop.db --project";

const SECRET_EXAMPLES: &str = "\
Examples:
  tenon secret set api_key                 # asks for it
  tenon secret set api_key < key.txt
  tenon secret list
  tenon secret remove api_key";

/// `tenon connection`
#[derive(Debug, Args)]
#[command(after_help = CONNECTION_EXAMPLES)]
pub struct ConnectionArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ConnectionCommand,
}

/// What to do with connections.
#[derive(Debug, Subcommand)]
pub enum ConnectionCommand {
    /// Store a connection under a name
    Add(Box<AddConnection>),
    /// List the connections that can be used here
    List(ListConnections),
    /// Show a connection; its password is not shown
    Show(NamedConnection),
    /// Connect, and say what failed: DNS, TCP, TLS, login, database or permission
    Test(NamedConnection),
    /// Remove a connection, and the password that was stored with it
    Remove(NamedConnection),
}

/// `tenon connection add`
#[derive(Debug, Args)]
#[command(after_help = ADD_EXAMPLES)]
pub struct AddConnection {
    /// Its name: letters, digits, `-` and `_`
    pub name: String,

    /// The database: `postgres://user@host:5432/database`, `mysql://...`, `sqlite:FILE`, ...
    pub url: String,

    /// What speaks to it [default: what the URL's scheme says]
    #[arg(long)]
    pub driver: Option<Driver>,

    /// Whether the connection is encrypted [default: what the URL says, or else prefer]
    #[arg(long, value_enum)]
    pub tls: Option<TlsArgument>,

    /// Certificates of the authorities that the server's certificate is checked against, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tls_ca: Option<PathBuf>,

    /// The client's certificate, for servers that ask for one, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,

    /// The key of the client's certificate, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,

    /// Seconds until an attempt to connect is given up [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub connect_timeout: Option<u32>,

    /// Seconds after which the server ends a statement [default: none]
    #[arg(long, value_name = "SECONDS")]
    pub statement_timeout: Option<u32>,

    /// Seconds that a statement waits for a lock [default: 30]
    #[arg(long, value_name = "SECONDS")]
    pub lock_timeout: Option<u32>,

    /// Connections at most, at the same time, for each source and each sink [default: 8]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: Option<u32>,

    /// Read the password from standard input
    #[arg(long, conflicts_with = "password_env")]
    pub password_stdin: bool,

    /// Read the password from an environment variable, now
    #[arg(long, value_name = "VARIABLE")]
    pub password_env: Option<String>,

    /// Store it in the project's file, `.tenon/connections.toml`
    #[arg(long)]
    pub project: bool,

    /// Replace a connection of this name
    #[arg(long)]
    pub replace: bool,
}

/// `tenon connection list`
#[derive(Debug, Args)]
pub struct ListConnections {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A connection by its name.
#[derive(Debug, Args)]
pub struct NamedConnection {
    /// Its name
    pub name: String,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum TlsArgument {
    /// It is not
    Disable,
    /// If the server offers it; who the server is, is not checked
    Prefer,
    /// Or there is no connection; who the server is, is not checked
    Require,
    /// And the server has to prove that it is the one of the URL
    VerifyFull,
}

impl From<TlsArgument> for Tls {
    fn from(argument: TlsArgument) -> Self {
        match argument {
            TlsArgument::Disable => Self::Disable,
            TlsArgument::Prefer => Self::Prefer,
            TlsArgument::Require => Self::Require,
            TlsArgument::VerifyFull => Self::VerifyFull,
        }
    }
}

/// `tenon secret`
#[derive(Debug, Args)]
#[command(after_help = SECRET_EXAMPLES)]
pub struct SecretArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: SecretCommand,
}

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Store a secret: what standard input holds, or what is typed
    Set {
        /// Its name
        name: String,
    },
    /// List secrets: names, places and dates, never values
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a secret from the store
    Remove {
        /// Its name
        name: String,
    },
    /// Encrypt the store with a new key: a made-up one, or that in the variable `TENON_NEW_SECRET_KEY`
    Rekey,
}
