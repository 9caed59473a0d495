//! Tenon's server over HTTP: resources below `/v1`, described by `/openapi.json`.
//!
//! An [`Api`] answers requests out of the server's database. What needs plugins or databases to be opened it leaves to a
//! [`Backend`]. [`Api::router`] is to be served, alone or as a part of another router; [`openapi`] describes it.
//!
//! ```
//! let document = tenon_api::openapi();
//! let start = &document["paths"]["/v1/tenants/{tenant}/jobs/{job}/runs"]["post"];
//! assert_eq!(start["operationId"], "start_run");
//! ```

mod aliases;
mod answer;
mod api;
mod audit;
mod backend;
mod body;
mod bookmarks;
mod caller;
mod connections;
mod corrections;
mod definition;
mod document;
mod error;
mod events;
mod followers;
mod health;
mod jobs;
mod leaving;
mod limits;
mod listing;
mod picture;
mod plugins;
mod prices;
mod problem;
mod routes;
mod run_log;
mod runs;
mod schema;
mod secrets;
mod server;
mod targets;
mod tenants;
mod times;
mod tokens;
mod triggers;
mod usage;
mod webhook;
mod workflow_runs;
mod workflows;

pub use api::{Api, Settings};
pub use backend::{Backend, Reloaded};
pub use error::Error;
pub use problem::Problem;
pub use routes::openapi;
pub use schema::MIGRATIONS;
