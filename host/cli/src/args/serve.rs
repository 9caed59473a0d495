//! What `tenon serve` takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueHint};

const SERVE_EXAMPLES: &str = "\
Examples:
  A server in a folder of its own, which prints the operator's token once:
    tenon serve --data /var/lib/tenon

  With a configuration file, checked first:
    tenon serve --config server.toml --check
    tenon serve --config server.toml

  The configuration has changed, and the server is to read it again; it does by itself a moment later, too:
    kill -HUP $(pidof tenon)

  Several servers that share a database:
    tenon serve --database postgres://tenon@db.example.com/tenon --listen 0.0.0.0:7433

Environment:
  TENON_SERVER_KEY    the key that encrypts secrets: 32 bytes in base64; instead of the file `key` in the folder
  TENON_SERVER_TOKEN  the operator's first token, instead of one that is made up
  OTEL_EXPORTER_OTLP_ENDPOINT  a collector of OpenTelemetry, where the configuration names none

The server reads its configuration again when the file changes and on SIGHUP.
It ends with Ctrl-C or SIGTERM: no run begins any more, and those under way have as long as runs.drain says.";

/// What `tenon serve` takes.
#[derive(Debug, Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub struct ServeArguments {
    /// Configuration file, in TOML
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "TENON_SERVER_CONFIG")]
    pub config: Option<PathBuf>,

    /// Address to listen at; over what the file says
    #[arg(long, value_name = "ADDRESS", env = "TENON_SERVER_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Folder for the database, plugins, compiled code and tenants' files; over what the file says
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, env = "TENON_SERVER_DATA")]
    pub data: Option<PathBuf>,

    /// PostgreSQL database to use instead of SQLite in the folder; over what the file says
    #[arg(long, value_name = "URL", env = "TENON_SERVER_DATABASE", hide_env_values = true)]
    pub database: Option<String>,

    /// Say whether the configuration is right, and what it comes to, and end
    #[arg(long)]
    pub check: bool,
}
