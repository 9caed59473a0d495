//! What a Tenon job is: read from TOML, YAML or JSON, checked, with problems that say file, line and column.
//!
//! [`Job::load`] reads a file, [`Job::parse`] a text and [`Job::from_json`] what a program put together. References
//! (`${name}`, `${env:NAME}`, `${secret:name}`) are replaced on the way; the values of secrets show in no message, no
//! debug output and no record. How a connector or plugin is configured stays a [`Node`] until whoever knows its type
//! reads it with [`Node::read`]; what doesn't fit is a [`Problem`], which [`Job::error`] shows in the file.
//!
//! ```
//! use tenon_job::{Format, Job, Options};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct File {
//!     url: String,
//! }
//!
//! let text = r#"
//!     [params]
//!     year = { type = "int", default = 2013 }
//!
//!     [sources.flights]
//!     url = "data/flights-${year}.csv.gz"
//!
//!     [steps.late]
//!     sql = "select * from flights where year = ${year} and arr_delay > 15"
//!
//!     [sinks.lake]
//!     from = "late"
//!     url = "out/late/"
//!     mode = "overwrite"
//! "#;
//! let job = Job::parse("late.toml", text, Format::Toml, &Options::default().param("year", 2014))?.job;
//! assert_eq!(job.name, "late");
//! assert_eq!(job.order(), ["late"]);
//! let flights: File = job.sources["flights"].config.read().expect("a URL");
//! assert_eq!(flights.url, "data/flights-2014.csv.gz");
//!
//! // This `File` has no `mode`.
//! let problem = job.sinks["lake"].config.read::<File>().err().expect("a problem");
//! assert_eq!(job.error(problem).to_string(), "late.toml:14:5: unknown key `mode`; expected one of `url`");
//! # Ok::<(), tenon_job::Error>(())
//! ```

mod document;
mod error;
mod function;
mod graph;
mod job;
mod load;
mod lookup;
mod nearest;
mod node;
mod params;
mod parse;
mod problem;
mod quantity;
mod read;
mod record;
mod reference;
mod resolve;
mod schema;
mod sections;
mod settings;
mod short;
mod sql;
mod step;

pub use document::{Document, Position, Span};
pub use error::{Error, Located};
pub use function::{Function, OnRefusal};
pub use job::{Job, Sink, SinkInput, Source};
pub use load::{Loaded, Options};
pub use lookup::{Lookup, ProcessLookup};
pub use nearest::nearest;
pub use node::{Entry, Node, Secret, Table, Value};
pub use params::{Param, ParamType};
pub use parse::Format;
pub use problem::Problem;
pub use quantity::{Share, Size, Threshold, Timespan};
pub use schema::{ConnectorSchema, schema};
pub use settings::{Limits, OnError, Retries, Script, Settings, Stream};
pub use step::{
    Aggregate, AggregateStep, CastStep, Dedupe, DedupeStep, FilterStep, Input, Join, JoinColumns, JoinKind, JoinStep,
    Keep, Limit, LimitStep, PluginStep, RenameStep, Sample, SampleSize, SampleStep, ScriptStep, SelectStep, SortStep,
    SqlStep, Step, Union, UnionStep, interpreter_of,
};
