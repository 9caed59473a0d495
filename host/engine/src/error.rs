use std::time::Duration;

use datafusion::error::DataFusionError;
use tenon_runtime::ErrorKind;

use crate::kept::FailedBatch;

/// Why a run did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The plugin could not be loaded.
    #[error("the plugin {plugin} cannot be used")]
    Plugin {
        /// The plugin, as the job names it.
        plugin: String,
        /// Why.
        #[source]
        source: Box<tenon_runtime::Error>,
    },

    /// The job names no function, and the plugin leaves a choice.
    #[error("the plugin {plugin} has {}; name the one to run", functions(.known))]
    ChooseFunction {
        /// The plugin, as the job names it.
        plugin: String,
        /// Its functions.
        known: Vec<String>,
    },

    /// The plugin has no such function.
    #[error("the plugin {plugin} has no function `{function}`; it has {}", functions(.known))]
    UnknownFunction {
        /// The plugin, as the job names it.
        plugin: String,
        /// The function that the job names.
        function: String,
        /// The functions that there are.
        known: Vec<String>,
    },

    /// The function is one that this step can't call.
    #[error("the function `{function}` computes one value per row, for use in SQL; a step needs one over batches")]
    Scalar {
        /// The function.
        function: String,
    },

    /// The plugin failed in a step.
    #[error("the step `{step}` failed after {rows} rows of partition {partition}")]
    Step {
        /// Name of the step.
        step: String,
        /// Partition, from 0.
        partition: usize,
        /// Rows that the function had taken in this partition.
        rows: u64,
        /// The rows that it failed on, if they were to be kept and are not too many.
        batch: Option<Box<FailedBatch>>,
        /// Why.
        #[source]
        source: Box<tenon_runtime::Error>,
    },

    /// The step could not be opened.
    #[error("the step `{step}` cannot start")]
    Open {
        /// Name of the step.
        step: String,
        /// Why.
        #[source]
        source: Box<tenon_runtime::Error>,
    },

    /// The script that drives the job failed.
    #[error("the script {script} failed")]
    Script {
        /// Its name.
        script: String,
        /// Why.
        #[source]
        source: Box<tenon_runtime::Error>,
    },

    /// A script wants to read or write where it may not.
    #[error("the script may not use {url}; it may use {}. Grant the place if it is meant to", granted(.places))]
    Place {
        /// What it wants to use.
        url: String,
        /// What it may use.
        places: Vec<String>,
    },

    /// A script names a plugin that there is none of.
    #[error("there is no plugin `{plugin}` for the script: no file of that name lies beside it, and it was given {}", names_or_none(.known))]
    NoPlugin {
        /// The name.
        plugin: String,
        /// Plugins that it was given by name.
        known: Vec<String>,
    },

    /// A script's source, sink or configuration makes no sense.
    #[error("the {what} cannot be understood: {reason}")]
    Table {
        /// What it is.
        what: &'static str,
        /// Why not.
        reason: String,
    },

    /// A script asks for rejected rows where nothing rejects any.
    #[error("no function was applied on the way to this frame, so that nothing rejects rows")]
    NothingRejects,

    /// A function announced different columns in two sandboxes.
    #[error("the step `{step}` announced other columns in partition {partition} than before; it must be deterministic")]
    SchemaChanged {
        /// Name of the step.
        step: String,
        /// Partition, from 0.
        partition: usize,
    },

    /// A source and a step have the same name.
    #[error("`{name}` is the name of a source and of a step; each needs a name of its own")]
    NameTaken {
        /// The name.
        name: String,
    },

    /// A step or sink reads what is not there.
    #[error("`{reader}` reads `{input}`, which is neither a source nor a step; there are {}", names(.known))]
    UnknownInput {
        /// The step or sink.
        reader: String,
        /// What it reads.
        input: String,
        /// Sources and steps.
        known: Vec<String>,
    },

    /// Steps read each other in a circle.
    #[error("the steps {} read each other in a circle", .steps.join(" -> "))]
    Cycle {
        /// The steps; the last is the first.
        steps: Vec<String>,
    },

    /// A sink wants the rejected rows of something that rejects none.
    #[error(
        "the sink `{sink}` is to get the rejected rows of `{step}`, which is no plugin step; only these reject rows"
    )]
    NoRejects {
        /// The sink.
        sink: String,
        /// What it names.
        step: String,
    },

    /// A step makes no sense: its SQL, or its columns.
    #[error("the step `{step}` cannot be planned")]
    BadStep {
        /// Name of the step.
        step: String,
        /// Why.
        #[source]
        source: Box<DataFusionError>,
    },

    /// Source and sinks of the job get in each other's way.
    #[error("the job contradicts itself: {reason}")]
    Conflict {
        /// What is in the way of what.
        reason: String,
    },

    /// The source failed.
    #[error("the source failed")]
    Source(#[source] Box<tenon_connect::Error>),

    /// The sink failed.
    #[error("the sink failed")]
    Sink(#[source] Box<tenon_connect::Error>),

    /// The sink of rejected rows failed.
    #[error("the sink of rejected rows failed")]
    Rejects(#[source] Box<tenon_connect::Error>),

    /// What the run commits could not be noted.
    #[error("what the run commits could not be noted, so that nothing was committed")]
    Ledger(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// A commit that was cut short names a sink that the job no longer has.
    #[error(
        "the run {run} was cut short while it committed to the sink `{sink}`, which the job no longer has; put it back \
         until that is finished"
    )]
    LostSink {
        /// The run that was cut short.
        run: String,
        /// The sink.
        sink: String,
    },

    /// More rows were rejected than the job allows.
    #[error("more than {limit} rows were rejected, which is the job's `max_rejects`; the last reason was: {reason}")]
    TooManyRejects {
        /// Rows that may be rejected.
        limit: u64,
        /// Why the last one was.
        reason: String,
    },

    /// A larger share of the rows was rejected than the job allows.
    #[error("{rejected} of {rows} rows were rejected, more than the share of {limit} that `max_rejects` allows")]
    TooLargeAShareRejected {
        /// Rows that were rejected.
        rejected: u64,
        /// Rows that were read.
        rows: u64,
        /// Largest share, from 0 to 1.
        limit: f64,
    },

    /// The run took too long.
    #[error("the run did not end within its timeout of {limit:?}; give it a longer `timeout`, or less to do")]
    Timeout {
        /// Time that the run was given.
        limit: Duration,
    },

    /// Somebody stopped the run.
    #[error("the run was stopped; nothing was written")]
    Cancelled,

    /// The query engine failed.
    #[error("the plan failed")]
    Plan(#[source] Box<DataFusionError>),

    /// A step that several read failed, and this is what all but one of them hear.
    #[error("the step `{step}`, which several steps or sinks read, failed")]
    SharedStep {
        /// Name of the step.
        step: String,
    },

    /// A kept batch is not what it was when it was kept.
    #[error("the kept batch cannot be read: {reason}")]
    BadBatch {
        /// What is wrong with it.
        reason: String,
    },

    /// A defect in Tenon.
    #[error("a task of the run broke down, which is a defect in Tenon: {0}")]
    Internal(String),
}

/// How a failed run ended, for whoever has to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Data, the file system or the plugin's code: something went wrong on the way.
    Failed,
    /// The plugin or the job was refused before a row was processed.
    Refused,
    /// A limit was reached.
    Limit,
    /// Somebody stopped it.
    Cancelled,
}

impl Error {
    /// How the run ended.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::ChooseFunction { .. }
            | Self::UnknownFunction { .. }
            | Self::Scalar { .. }
            | Self::NameTaken { .. }
            | Self::UnknownInput { .. }
            | Self::Cycle { .. }
            | Self::NoRejects { .. }
            | Self::LostSink { .. }
            | Self::BadStep { .. }
            | Self::Place { .. }
            | Self::NoPlugin { .. }
            | Self::Table { .. }
            | Self::NothingRejects
            | Self::Conflict { .. } => Outcome::Refused,
            Self::Plugin { source, .. }
            | Self::Step { source, .. }
            | Self::Open { source, .. }
            | Self::Script { source, .. } => of_runtime(source),
            Self::Source(source) | Self::Sink(source) | Self::Rejects(source) => match source.kind() {
                tenon_connect::ErrorKind::BadConfig => Outcome::Refused,
                tenon_connect::ErrorKind::BadData | tenon_connect::ErrorKind::System => Outcome::Failed,
            },
            Self::TooManyRejects { .. } | Self::TooLargeAShareRejected { .. } | Self::Timeout { .. } => Outcome::Limit,
            Self::Cancelled => Outcome::Cancelled,
            Self::SchemaChanged { .. }
            | Self::Ledger(_)
            | Self::BadBatch { .. }
            | Self::SharedStep { .. }
            | Self::Plan(_)
            | Self::Internal(_) => Outcome::Failed,
        }
    }

    /// The batch that a function failed on, with the step and the partition, where the job
    /// [keeps it](crate::Job::keep_failed).
    pub fn failed_batch(&self) -> Option<(&str, usize, &FailedBatch)> {
        match self {
            Self::Step {
                step,
                partition,
                batch: Some(batch),
                ..
            } => Some((step, *partition, batch)),
            _ => None,
        }
    }

    /// Whether the same run may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Step { source, .. } | Self::Open { source, .. } | Self::Script { source, .. } => {
                matches!(**source, tenon_runtime::Error::Guest { .. }) && source.kind() == ErrorKind::Transient
            }
            Self::Source(source) | Self::Sink(source) | Self::Rejects(source) => source.may_pass(),
            _ => false,
        }
    }

    /// Finds our own error in what the query engine wrapped around it.
    pub(crate) fn from_plan(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(inner) => match inner.downcast::<tenon_connect::Error>() {
                    Ok(source) => Self::Source(source),
                    Err(inner) => match inner.downcast::<DataFusionError>() {
                        Ok(nested) => Self::from_plan(*nested),
                        Err(other) => Self::Plan(Box::new(DataFusionError::External(other))),
                    },
                },
            },
            DataFusionError::Context(text, inner) => match Self::from_plan(*inner) {
                Self::Plan(inner) => Self::Plan(Box::new(DataFusionError::Context(text, inner))),
                own => own,
            },
            other => Self::Plan(Box::new(other)),
        }
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

fn of_runtime(error: &tenon_runtime::Error) -> Outcome {
    use tenon_runtime::Error as Runtime;
    match (error, error.kind()) {
        (Runtime::Trapped { .. } | Runtime::Contract { .. }, _) => Outcome::Failed,
        (Runtime::Io { .. }, _) | (_, ErrorKind::BadConfig | ErrorKind::Unsupported) => Outcome::Refused,
        (_, ErrorKind::Limit) => Outcome::Limit,
        _ => Outcome::Failed,
    }
}

fn functions(known: &[String]) -> String {
    if known.is_empty() {
        return "no functions".to_owned();
    }
    format!("the functions {}", names(known))
}

fn granted(places: &[String]) -> String {
    if places.is_empty() {
        return "no place".to_owned();
    }
    places.join(", ")
}

fn names_or_none(known: &[String]) -> String {
    if known.is_empty() {
        return "none".to_owned();
    }
    names(known)
}

fn names(known: &[String]) -> String {
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_errors_are_found_again() {
        let wrapped = DataFusionError::External(Box::new(DataFusionError::Context(
            "somewhere".to_owned(),
            Box::new(Error::Cancelled.into()),
        )));
        assert!(matches!(Error::from_plan(wrapped), Error::Cancelled));
        let source = tenon_connect::Error::NotFound {
            url: "x.csv".to_owned(),
        };
        let wrapped = DataFusionError::External(Box::new(source));
        let found = Error::from_plan(wrapped);
        assert!(
            matches!(&found, Error::Source(_)) && found.outcome() == Outcome::Refused,
            "{found}"
        );
        let foreign = DataFusionError::Execution("other".to_owned());
        assert_eq!(Error::from_plan(foreign).outcome(), Outcome::Failed);
    }
}
