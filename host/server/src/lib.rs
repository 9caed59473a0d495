//! Tenon's server: runs the jobs of many tenants, by hand, on schedules and on events.
//!
//! A [`Server`] is opened from a [`ServerConfig`], runs until it is told to end, and answers requests by its
//! [`router`](Server::router), which may be a part of another program's.
//!
//! ```no_run
//! use tenon_server::{Server, ServerConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::open(ServerConfig::default()).await?;
//! if let Some(token) = server.bootstrap(None).await? {
//!     println!("the operator's token, which is shown once: {token}");
//! }
//! let interrupted = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
//! server.serve(interrupted, |address| println!("listening at http://{address}")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The example `embedded` is a program of one's own that has a server in it: beside its own routes, with its own way to end,
//! and with a route that starts a run by [`Server::runs`].

mod backend;
pub mod config;
mod drivers;
mod error;
mod executor;
mod figures;
mod houses;
mod lock;
mod plugins;
mod reload;
mod requests;
mod server;
mod surroundings;

pub use config::ServerConfig;
pub use error::Error;
pub use server::Server;
pub use surroundings::{Load, Logging, Source, Surroundings};
pub use tenon_api::{Problem, Reloaded, openapi};
pub use tenon_metadata as metadata;
pub use tenon_runs as runs;
pub use tenon_schedule::{Clock, SystemClock};
pub use tenon_telemetry::Telemetry;
pub use tenon_tenants as tenants;
