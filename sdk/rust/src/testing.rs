//! Runs transforms in unit tests, outside a sandbox.
//!
//! Everything here works on the run of the current thread: what a test sets and logs is its own. Rows are held in
//! memory by a stand-in for the host. What comes of [`Batch::eval`] and [`Batch::filter`] a test says with [`answer`]; with
//! the feature `kernels` it is computed.
//!
//! ```
//! use tenon::{Batch, Result, testing};
//!
//! #[tenon::transform]
//! fn greet(batch: Batch) -> Result<Batch> {
//!     let greeting = tenon::parameter("greeting").unwrap_or_default();
//!     tenon::count("greeted", batch.rows() as f64);
//!     batch.with_column("greeting", vec![greeting; batch.rows()])
//! }
//!
//! testing::set_parameter("greeting", "hello");
//! let output = testing::run("greet", "{}", tenon::batch! { "name" => ["Ada", "Grace"] })?;
//! assert_eq!(output.batches[0].strings("greeting")?.get(1), Some("hello"));
//! assert_eq!(testing::counter("greeted"), 2.0);
//! # Ok::<(), tenon::Error>(())
//! ```

use std::fmt::Display;

use crate::batch::Batch;
use crate::boundary::{trying, with_run};
use crate::error::{Error, Result};
use crate::host::{Instant, Level};
use crate::job::Context;
use crate::schema::Schema;
use crate::{function, logging};

/// What came of one call.
#[derive(Clone)]
pub struct Output {
    /// The batches, in order.
    pub batches: Vec<Batch>,
    /// Rows of the input that were refused, with the reasons, in the order in which they were refused.
    pub rejected: Vec<(usize, String)>,
}

/// A function that is bound to its configuration and input.
pub struct Session(function::Session);

/// Binds a function, by its name, as the host does: `config` is JSON, as text or as a `serde_json::Value`.
///
/// # Errors
/// `bad-config` for an unknown function or a configuration that doesn't fit; else what the function fails with.
pub fn open(name: &str, config: impl Display, input: &Schema) -> Result<Session> {
    logging::start();
    trying(|| function::Session::open(name, &config.to_string(), input.clone())).map(Session)
}

/// Opens a function, gives it one batch and finishes it.
///
/// # Errors
/// As [`open`] and [`Session::process`].
pub fn run(name: &str, config: impl Display, batch: Batch) -> Result<Output> {
    let mut session = open(name, config, batch.schema())?;
    let mut output = session.process(batch)?;
    let last = session.finish()?;
    output.batches.extend(last.batches);
    output.rejected.extend(last.rejected);
    Ok(output)
}

/// The name, doc comment and JSON Schema of the configuration of every function.
pub fn functions() -> Vec<(&'static str, &'static str, String)> {
    function::all()
        .into_iter()
        .map(|function| (function.name, function.doc, (function.config)()))
        .collect()
}

impl Session {
    /// The schema that the function said its output has.
    pub fn output_schema(&self) -> &Schema {
        self.0.output()
    }

    /// Gives it one batch.
    ///
    /// # Errors
    /// What the function fails with; `internal` if it answers with another schema than it said.
    pub fn process(&mut self, batch: Batch) -> Result<Output> {
        let output = self.0.process(batch.into_handle())?;
        self.checked(output)
    }

    /// Ends it.
    ///
    /// # Errors
    /// As [`Session::process`].
    pub fn finish(&mut self) -> Result<Output> {
        let output = self.0.finish()?;
        self.checked(output)
    }

    fn checked(&self, output: function::Output) -> Result<Output> {
        let said = self.output_schema();
        if let Some(batch) = output.batches.iter().find(|batch| batch.schema() != said) {
            let made = batch.schema();
            return Err(Error::internal(format!(
                "the function said that it makes {said:?}, but made {made:?}"
            )));
        }
        let rejected = output
            .rejected
            .into_iter()
            .map(|(row, reason)| (row as usize, reason.into_owned()))
            .collect();
        Ok(Output {
            batches: output.batches,
            rejected,
        })
    }
}

/// Forgets everything that was set, logged, counted and kept on this thread.
pub fn reset() {
    with_run(|run| *run = crate::boundary::Run::default());
}

/// Sets a job parameter.
pub fn set_parameter(name: &str, value: &str) {
    with_run(|run| run.parameters.insert(name.to_owned(), value.to_owned()));
}

/// Grants a secret.
pub fn set_secret(name: &str, value: &str) {
    with_run(|run| run.secrets.insert(name.to_owned(), value.to_owned()));
}

/// Sets the run's clock, which otherwise stands at the Unix epoch.
pub fn set_now(now: Instant) {
    with_run(|run| run.now = now);
}

/// What a script is called with: `run(&testing::context())`.
pub fn context() -> Context {
    Context::new()
}

/// Gives the script a source, by the name or URL with which it reads it. Given again, there are more rows.
pub fn source(name: &str, batch: Batch) {
    let batch = batch.into_handle();
    with_run(|run| run.sources.entry(name.to_owned()).or_default().push(batch));
}

/// Gives the result of the next operation that only the host can run: a query, a join, an aggregation, a sort, a function
/// of another plugin. Given again, of the one after it.
///
/// Without the feature `kernels`, also of the next [`Batch::filter`], [`Batch::project`], [`Batch::with_expr`] or
/// [`Batch::eval`], where it is computed: the whole batch that comes of it. A function is tried with a batch without rows
/// when it is opened, which uses up no answer.
///
/// ```
/// # #[cfg(not(feature = "kernels"))] {
/// use tenon::{Batch, Result, batch, testing};
///
/// #[tenon::transform]
/// fn large(batch: Batch) -> Result<Batch> {
///     batch.filter("amount >= 100")?.drop(["id"])
/// }
///
/// testing::answer(batch! { "id" => [2_i64], "amount" => [250.0] });
/// let output = testing::run("large", "{}", batch! { "id" => [1_i64, 2], "amount" => [20.0, 250.0] })?;
/// assert_eq!(output.batches[0].column::<f64>("amount")?.values(), [250.0]);
/// # }
/// # Ok::<(), tenon::Error>(())
/// ```
pub fn answer(batch: Batch) {
    let batch = batch.into_handle();
    with_run(|run| run.answers.push_back(batch));
}

/// What the script wrote to this URL.
pub fn written(url: &str) -> Vec<Batch> {
    with_run(|run| {
        let batches = run.written.get(url).into_iter().flatten();
        batches.map(|batch| Batch::from_handle(batch.share())).collect()
    })
}

/// What the script asked for, in order: `filter status = 'paid'`.
pub fn operations() -> Vec<String> {
    with_run(|run| run.operations.clone())
}

/// What was logged, in order, with [`log`](crate::log()) and, after [`open`], with the crate `log`.
pub fn logs() -> Vec<(Level, String)> {
    with_run(|run| run.logs.clone())
}

/// The sum of what was counted under this name.
pub fn counter(metric: &str) -> f64 {
    with_run(|run| run.counters.get(metric).copied().unwrap_or_default())
}

/// A batch for a test, from arrays or vectors: `batch! { "amount" => [Some(1.5), None], "name" => ["a", "b"] }`.
///
/// # Panics
/// If the columns have different lengths.
#[macro_export]
macro_rules! batch {
    ($($name:expr => $column:expr),* $(,)?) => {
        match $crate::Batch::new([$(($name, $crate::AnyColumn::from($column))),*]) as $crate::Result<$crate::Batch> {
            ::core::result::Result::Ok(batch) => batch,
            ::core::result::Result::Err(error) => panic!("{error}"),
        }
    };
}
