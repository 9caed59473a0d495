mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use datafusion::error::DataFusionError;

use crate::kept::FailedBatch;
use crate::told::Told;

use words::{functions, granted, names, names_or_none, staged, the_rest, values};

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

    /// The function is one that SQL can't call.
    #[error(
        "`{name}` stands for `{function}`, which takes batches; SQL needs a function that computes one value per row"
    )]
    Batchwise {
        /// Its name in SQL.
        name: String,
        /// The function of the plugin.
        function: String,
    },

    /// The function needs all rows in one sandbox, which SQL does not promise.
    #[error("`{name}` stands for `{function}`, which keeps state; SQL calls functions in any order and in parallel")]
    KeepsState {
        /// Its name in SQL.
        name: String,
        /// The function of the plugin.
        function: String,
    },

    /// A function has the name of one that SQL has.
    #[error("the function `{name}` has the name of one of SQL's own; give it another name")]
    FunctionTaken {
        /// The name.
        name: String,
    },

    /// A function is called with too few or too many values.
    #[error("the function `{name}` takes {} ({}), but is called with {found}", values(.expected.len()), names(.expected))]
    Arguments {
        /// Its name in SQL.
        name: String,
        /// What it reads.
        expected: Vec<String>,
        /// How many values it is given.
        found: usize,
    },

    /// A function refuses the types that it is called with.
    #[error("the function `{name}` cannot be called with ({types})")]
    FunctionTypes {
        /// Its name in SQL.
        name: String,
        /// What it is called with.
        types: String,
        /// Why.
        #[source]
        source: Box<tenon_runtime::Error>,
    },

    /// A function failed in a query.
    #[error("the function `{name}`, which the step `{step}` calls, failed after {rows} rows of partition {partition}")]
    Function {
        /// Its name in SQL.
        name: String,
        /// Name of the step.
        step: String,
        /// Partition, from 0.
        partition: usize,
        /// Rows that it had computed a value for in this partition.
        rows: u64,
        /// Why.
        #[source]
        source: Box<tenon_runtime::Error>,
    },

    /// A function refused a row.
    #[error(
        "the function `{name}`, which the step `{step}` calls, refused a row: {reason}; give it `on_error = \"null\"` to \
         go on with null in such rows"
    )]
    Refused {
        /// Its name in SQL.
        name: String,
        /// Name of the step.
        step: String,
        /// What it said.
        reason: String,
    },

    /// A function makes no column, or several.
    #[error("the function `{name}` makes {found} columns; SQL needs one")]
    NotOneColumn {
        /// Its name in SQL.
        name: String,
        /// Columns that it announced.
        found: usize,
    },

    /// A function did not make one value for each row.
    #[error("the function `{name}`, which the step `{step}` calls, made {found} values for {rows} rows")]
    NotOnePerRow {
        /// Its name in SQL.
        name: String,
        /// Name of the step.
        step: String,
        /// Rows that it was given.
        rows: usize,
        /// Values that it made.
        found: usize,
    },

    /// The run's memory has no room for a sandbox.
    #[error(
        "the sandboxes of the step `{step}` need more memory than the run has: {needed} bytes for one of them, and the \
         run's {limit} bytes are taken; raise the job's `memory`, or lower its `partitions`"
    )]
    Memory {
        /// Name of the step.
        step: String,
        /// Memory of the sandbox, in bytes.
        needed: usize,
        /// Memory of the run, in bytes.
        limit: usize,
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

    /// A script wants to choose whom the requests to a store go to.
    #[error(
        "the script may not set `{option}` of a store: it decides who is sent the data and the credentials. Set it in the environment, as the store's own tools have it"
    )]
    Recipient {
        /// The option.
        option: &'static str,
    },

    /// A script names a database that it was not granted.
    #[error(
        "the script may use databases by granted connections only: have it name a `connection`, store that with `tenon \
         connection add`, and grant it with `--allow connection:NAME`"
    )]
    Ungranted,

    /// A script's text could not be read.
    #[error("the script {} cannot be read: {cause}", file.display())]
    ScriptFile {
        /// The file.
        file: PathBuf,
        /// Why not.
        cause: std::io::Error,
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
        "the sink `{sink}` is to get the rejected rows of `{step}`, which is neither a source nor a plugin step; only \
         these reject rows"
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

    /// The run is committed, and not all of it is visible: the next run of the job makes it so first, where runs are on
    /// record.
    #[error("the run {run} has written everything, but could not make all of it visible; the next run of the job does")]
    Unfinished {
        /// The run.
        run: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },

    /// A commit that was cut short names sinks that the job no longer has.
    #[error(
        "the run {run} was cut short while it committed to {}, which the job no longer has; {}",
        staged(.sinks), the_rest(.visible)
    )]
    LostSink {
        /// The run that was cut short.
        run: String,
        /// The sinks, with the places where their rows are staged.
        sinks: BTreeMap<String, String>,
        /// The job's sinks that show what the run wrote to them.
        visible: Vec<String>,
    },

    /// A commit that was cut short reached a script's sink by a secret that the job does not have any more.
    #[error(
        "the run {run} was cut short while it committed to {sink}, which it reached by the secret `{secret}`; grant the \
         job that secret again until that is finished"
    )]
    LostSecret {
        /// The run that was cut short.
        run: String,
        /// The sink.
        sink: String,
        /// The secret's name.
        secret: String,
    },

    /// Of a commit that was cut short, a part is visible, and nothing is left of the rest.
    #[error(
        "the run {run} was cut short while it committed, and what it wrote to {} is lost; all else that it wrote is there",
        names(.sinks)
    )]
    PartlyLost {
        /// The run that was cut short.
        run: String,
        /// The sinks whose rows are lost.
        sinks: Vec<String>,
        /// What the first of them said.
        #[source]
        source: Box<tenon_connect::Error>,
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

    /// An error of a step, function or source that several parts of the plan were told of.
    #[error(transparent)]
    Told(Told),

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

impl Error {
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
            Self::Told(told) => told.own()?.failed_batch(),
            _ => None,
        }
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}
