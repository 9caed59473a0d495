//! What starts runs: somebody, a schedule, or an event.
//!
//! A [trigger](Trigger) has a [definition](Definition): what it waits for, and the jobs and workflows that it starts then. All
//! functions here are over a transaction; the [`Driver`] is what waits. Whatever a trigger starts, and the record that
//! it did, are one transaction, so that it fires exactly once for each due time and each event, with several servers and
//! when one of them dies.
//!
//! ```
//! use tenon_metadata::{Metadata, Name, Settings};
//! use tenon_triggers::{Definition, triggers};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = tempfile::tempdir()?;
//! # let url = place.path().join("server.db").display().to_string();
//! let components = [
//!     tenon_events::MIGRATIONS, tenon_tenants::MIGRATIONS, tenon_runs::MIGRATIONS, tenon_triggers::MIGRATIONS,
//! ];
//! let metadata = Metadata::open(&Settings::new(url), &components).await?;
//! # metadata.write(|tx| tenon_tenants::tenants::ensure_default(tx, &Default::default())).await?;
//! let definition: Definition = serde_json::from_str(
//!     r#"{
//!         "when": {"schedule": {"expression": "cron(30 2 ? * MON-FRI *)", "time_zone": "Europe/Berlin"}},
//!         "actions": [{"job": "orders", "arguments": {"full": true}}]
//!     }"#,
//! )?;
//! let (tenant, name) = (Name::new("default")?, Name::new("nightly")?);
//! let trigger = metadata.write(move |tx| triggers::create(tx, &tenant, &name, &definition, true)).await?;
//! assert!(trigger.next_fire.is_some());
//! # Ok(())
//! # }
//! ```

mod arguments;
mod check;
mod definition;
mod driver;
mod due;
mod error;
mod fire;
mod happened;
mod history;
mod look;
mod pending;
mod received;
mod schema;
mod trigger;
pub mod triggers;
mod webhook;
mod workflows;

pub use definition::{
    Action, Batch, Definition, EventRule, JobOutcome, Objects, Rows, SignatureScheme, Source, Webhook, When,
};
pub use driver::Driver;
pub use error::Error;
pub use fire::Started;
pub use history::{Firing, FiringOutcome, firings};
pub use look::{Found, MOST_ITEMS, Probe, ProbeConfig};
pub use received::{Received, check_rate, receive, webhook};
pub use schema::MIGRATIONS;
pub use trigger::{State, Trigger};
pub use webhook::{Delivery, LARGEST_BODY};
pub use workflows::{NoWorkflows, WorkflowError, WorkflowStart, Workflows};

/// What changes of this topic tell: a trigger has changed.
pub(crate) const TOPIC: &str = "triggers";
