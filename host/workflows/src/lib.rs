//! Workflows: graphs of jobs, which start one another as they end.
//!
//! A [`Definition`] has nodes, each with a job and the nodes that it waits for. Every version of it is [kept](put). A run
//! of it is [started](start), and [advanced](advance) whenever a node's run has ended, which the [`Driver`] does; it may be
//! [stopped](stop), [resumed](resume) from nodes that failed, [restarted](restart), and [drawn](Picture). All functions are
//! over a transaction; what follows the end of a node is decided in one, so that nothing starts twice, with several servers
//! and when one of them dies.
//!
//! ```
//! use tenon_metadata::{Metadata, Name, Settings};
//! use tenon_workflows::{Definition, Error, NodeState, Picture, StartRequest, TextOptions};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let url = place.path().join("server.db").display().to_string();
//! let components = [tenon_events::MIGRATIONS, tenon_runs::MIGRATIONS, tenon_workflows::MIGRATIONS];
//! let metadata = Metadata::open(&Settings::new(url), &components).await?;
//! let nightly: Definition = toml::from_str(
//!     r#"
//!     name = "nightly"
//!     properties = { day = "2026-01-31" }
//!
//!     [nodes.orders]
//!     job = "read-orders"
//!     arguments = { day = "${property:day}" }
//!
//!     [nodes.report]
//!     job = "write-report"
//!     depends_on = ["orders"]
//!     arguments = { rows = "${node:orders.rows_out}" }
//!
//!     [nodes.alert]
//!     job = "send-mail"
//!     depends_on = [{ node = "orders", states = ["FAILED", "TIMEOUT"] }]
//!     "#,
//! )?;
//! println!("{}", Picture::of(&nightly).text(&TextOptions::default()));
//!
//! let tenant = Name::new("acme")?;
//! let detail = metadata
//!     .write(move |tx| -> Result<_, Error> {
//!         tenon_workflows::put(tx, &tenant, &nightly, None)?;
//!         let request = StartRequest::new(tenant.clone(), nightly.name.clone());
//!         let run = tenon_workflows::start(tx, &request)?.id;
//!         tenon_workflows::get_run(tx, &tenant, &run)
//!     })
//!     .await?;
//! // Nobody has put its jobs.
//! assert_eq!(detail.nodes[1].state, NodeState::Error);
//! assert_eq!(detail.nodes[1].reason.as_deref(), Some("there is no job `read-orders`"));
//! # Ok(())
//! # }
//! ```

mod advance;
mod check;
mod decide;
mod definition;
mod driver;
mod ending;
mod error;
mod graph;
mod jobs;
mod nearest;
mod picture;
mod properties;
mod record;
mod references;
mod restart;
mod resume;
mod retention;
mod runs;
mod schema;
mod start;
mod state;
mod stop;
mod when;
mod workflows;

pub use advance::advance;
pub use check::check;
pub use definition::{Condition, Definition, Dependency, End, Node, OnFailure};
pub use driver::Driver;
pub use error::Error;
pub use picture::{Picture, PictureEdge, PictureNode, SvgOptions, TextOptions, Theme};
pub use properties::{
    LONGEST_PROPERTIES, LONGEST_PROPERTY, MOST_PROPERTIES, properties, put_property, remove_property,
};
pub use restart::restart;
pub use resume::resume;
pub use retention::remove_runs;
pub use runs::{Attempt, Filter, NodeAttempt, NodeRun, RunDetail, WorkflowRun, get_run, list_runs};
pub use schema::MIGRATIONS;
pub use start::{StartRequest, Started, start};
pub use state::{NodeState, RunState, Statistics};
pub use stop::stop;
pub use workflows::{Listed, Workflow, get, list, put, remove, versions};

/// Nodes of a workflow.
pub const MOST_NODES: usize = 500;
/// The topic of notices that tell that a run of a workflow has changed; their text is its id.
pub const TOPIC: &str = "workflows";
