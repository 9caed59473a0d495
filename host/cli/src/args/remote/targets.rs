//! What can be said about events, and where they are delivered.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{ListOf, Listed, Named};

pub(super) const TARGET_EXAMPLES: &str = "\
Examples:
  tenon --server URL target put ops --webhook https://ops.example.com/tenon --secret ops-key --kinds run.failed,quota
  tenon --server URL target put mail --email ops@example.com --kinds run.failed
  tenon --server URL target put chat --slack chat-url --condition 'event.data.job == \"copy\"'
  tenon --server URL target deliveries ops --state dead
  tenon --server URL target redeliver ops";

pub(super) const EVENT_EXAMPLES: &str = "\
Examples:
  tenon --server URL event list --kinds run.failed,trigger
  tenon --server URL event follow --kinds run --json";

/// What to do with targets.
#[derive(Debug, Subcommand)]
pub enum TargetCommand {
    /// Store a target: where events go, and which
    Put(PutTarget),
    /// List the targets
    List(Listed),
    /// Show a target
    Show(Named),
    /// Delete a target, with its deliveries
    Delete(Named),
    /// List what was and is to be delivered to a target, the latest first
    Deliveries {
        /// The target
        name: String,
        /// Only in this state
        #[arg(long, value_enum)]
        state: Option<DeliveryState>,
        /// How much is shown.
        #[command(flatten)]
        listed: Listed,
    },
    /// List the attempts of a delivery, the latest first
    Attempts {
        /// The target.
        #[command(flatten)]
        of: ListOf,
        /// The delivery's number
        number: i64,
    },
    /// Deliver once more: one delivery, or all that were given up
    Redeliver {
        /// The target
        name: String,
        /// The delivery's number
        number: Option<i64>,
    },
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DeliveryState {
    /// It is still to be made
    Pending,
    /// It was made
    Delivered,
    /// It was given up
    Dead,
}

/// `target put`
#[derive(Debug, Args)]
pub struct PutTarget {
    /// What the target is called
    pub name: String,

    /// A file with `destination`, `filter` and `enabled`, in TOML, YAML or JSON
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        required_unless_present_any = ["webhook", "email", "slack"],
        conflicts_with_all = ["webhook", "email", "slack", "kinds", "condition", "disabled"]
    )]
    pub file: Option<PathBuf>,

    /// The URL that events are posted to, signed
    #[arg(long, value_name = "URL", requires = "secret", conflicts_with_all = ["email", "slack"])]
    pub webhook: Option<String>,

    /// The secret that the webhook's requests are signed with
    #[arg(long, value_name = "NAME", requires = "webhook")]
    pub secret: Option<String>,

    /// An address that e-mail goes to; several with several of it
    #[arg(long, value_name = "ADDRESS", conflicts_with = "slack")]
    pub email: Vec<String>,

    /// The secret that is the URL of a channel of Slack
    #[arg(long, value_name = "SECRET")]
    pub slack: Option<String>,

    /// Only events of these kinds, or what these begin with, with commas between [default: all]
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    pub kinds: Vec<String>,

    /// Only events for which this condition is true, in CEL
    #[arg(long, value_name = "CEL")]
    pub condition: Option<String>,

    /// Deliver nothing for now
    #[arg(long)]
    pub disabled: bool,
}

/// What to do with events.
#[derive(Debug, Subcommand)]
pub enum EventCommand {
    /// List events, the oldest first
    List {
        /// Which.
        #[command(flatten)]
        filter: EventFilter,
        /// How much is shown.
        #[command(flatten)]
        listed: Listed,
    },
    /// Print events as they happen, until Ctrl-C
    Follow {
        /// Which.
        #[command(flatten)]
        filter: EventFilter,
        /// Begin after the event at this position, 0 for all that are kept [default: what happens from now on]
        #[arg(long, value_name = "POSITION")]
        after: Option<i64>,
    },
}

/// Which events.
#[derive(Debug, Args)]
pub struct EventFilter {
    /// Only of these kinds, or what these begin with, with commas between: run.failed,trigger
    #[arg(long, value_name = "KINDS")]
    pub kinds: Option<String>,

    /// Only about this: a run, a trigger
    #[arg(long, value_name = "NAME")]
    pub subject: Option<String>,
}
