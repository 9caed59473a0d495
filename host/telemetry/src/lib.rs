//! Traces and logs to an OpenTelemetry collector, by OTLP over HTTP.
//!
//! A [`Telemetry`] sends nothing until it is told where to. Its [layer](Telemetry::layer) hears what the process's
//! subscriber hears; settings come and go while the process runs. What is to be sent waits in bounded queues and is sent by
//! tasks of its own: a collector that hangs or is gone slows nobody down, and what is lost by that is
//! [counted](Telemetry::lost).
//!
//! ```no_run
//! use tenon_telemetry::{Settings, Telemetry};
//! use tracing_subscriber::layer::SubscriberExt;
//! use tracing_subscriber::util::SubscriberInitExt;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = Telemetry::default();
//! tracing_subscriber::registry().with(telemetry.layer()).init();
//!
//! let settings = Settings::of_environment(|name| std::env::var(name).ok())?;
//! telemetry.apply(Telemetry::prepare(settings, "server-1")?).await;
//! tracing::info!(target: "tenon", "this goes to the collector");
//! telemetry.end(std::time::Duration::from_secs(3)).await;
//! # Ok(())
//! # }
//! ```

mod client;
mod error;
mod export;
mod layer;
mod outlet;
mod run;
mod sampler;
mod settings;
mod sinks;
mod switches;
mod telemetry;

pub use error::Error;
pub use layer::{follow_request, follow_run};
pub use opentelemetry::KeyValue;
pub use opentelemetry::trace::SpanContext;
pub use run::RunTrace;
pub use settings::{Headers, Settings};
pub use telemetry::{Finished, LogLine, Prepared, Telemetry, current_span};
