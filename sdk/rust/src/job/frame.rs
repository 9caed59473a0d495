//! Queries that have not run.

use std::cell::OnceCell;

use serde::Serialize;
use serde_json::Value;

use crate::batch::Batch;
use crate::boundary;
use crate::config;
use crate::error::{Error, Result};
use crate::job::{FunctionName, Sink};
use crate::schema::Schema;
use crate::sql::quote;

/// A query that has not run: [`write`](Frame::write), [`collect`](Frame::collect) and [`count`](Frame::count) run it. Rows
/// never enter the script's sandbox, unless it collects them.
///
/// Planning happens as a frame is made, so that a wrong column is an error where it was named.
pub struct Frame {
    handle: boundary::Frame,
    schema: OnceCell<Schema>,
}

/// Which rows of a join survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JoinKind {
    /// Rows with a match on both sides.
    #[default]
    Inner,
    /// All rows of this frame.
    Left,
    /// All rows of the other frame.
    Right,
    /// All rows of both.
    Full,
    /// Rows of this frame with a match, once each.
    Semi,
    /// Rows of this frame without a match.
    Anti,
}

/// What a sink has taken. It becomes visible when the job has ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Files, tables or messages.
    pub objects: u32,
}

impl Frame {
    pub(crate) fn new(handle: boundary::Frame) -> Self {
        Self {
            handle,
            schema: OnceCell::new(),
        }
    }

    pub(crate) fn handle(&self) -> &boundary::Frame {
        &self.handle
    }

    /// The columns that it will have.
    ///
    /// # Errors
    /// `bad-config` if it can't be planned.
    pub fn schema(&self) -> Result<&Schema> {
        if let Some(schema) = self.schema.get() {
            return Ok(schema);
        }
        let schema = self.handle.schema()?;
        Ok(self.schema.get_or_init(|| schema))
    }

    /// The rows for which a SQL predicate is true.
    ///
    /// # Errors
    /// `bad-config` for a predicate that can't be planned.
    pub fn filter(&self, predicate: &str) -> Result<Self> {
        self.handle.filter(predicate).map(Self::new)
    }

    /// The named columns, in that order.
    ///
    /// # Errors
    /// `bad-config` for a name that isn't there.
    pub fn select<S: AsRef<str>>(&self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        self.project(names.into_iter().map(|name| quote(name.as_ref())))
    }

    /// One column per SQL expression: `["carrier", "amount * rate as total"]`.
    ///
    /// # Errors
    /// `bad-config` for an expression that can't be planned.
    pub fn project<S: AsRef<str>>(&self, expressions: impl IntoIterator<Item = S>) -> Result<Self> {
        with_texts(expressions, |expressions| self.handle.project(expressions)).map(Self::new)
    }

    /// This frame with columns added, or replaced where a name is taken: names, and SQL expressions over the columns of
    /// this frame.
    ///
    /// ```
    /// # use tenon::{Result, job::Frame};
    /// fn in_euro(orders: &Frame) -> Result<Frame> {
    ///     orders.with_columns([("amount_eur", "amount * rate"), ("status", "lower(status)")])
    /// }
    /// ```
    ///
    /// # Errors
    /// `bad-config` for an expression that can't be planned.
    pub fn with_columns<N: AsRef<str>, E: AsRef<str>>(
        &self,
        columns: impl IntoIterator<Item = (N, E)>,
    ) -> Result<Self> {
        let schema = self.schema()?;
        let columns: Vec<(N, E)> = columns.into_iter().collect();
        let computed = |name: &str| columns.iter().rfind(|(column, _)| column.as_ref() == name);
        let named = |(name, expression): &(N, E)| format!("{} as {}", expression.as_ref(), quote(name.as_ref()));
        let kept = schema
            .names()
            .map(|name| computed(name).map_or_else(|| quote(name), named));
        let added = columns.iter().filter(|(name, _)| !schema.contains(name.as_ref()));
        self.project(kept.chain(added.map(named)))
    }

    /// Rows of this frame and another, paired where the columns `on` are equal.
    ///
    /// # Errors
    /// `bad-config` for a name that isn't there.
    pub fn join<S: AsRef<str>>(&self, other: &Self, on: impl IntoIterator<Item = S>, kind: JoinKind) -> Result<Self> {
        with_texts(on, |on| self.handle.join(&other.handle, on, kind)).map(Self::new)
    }

    /// The rows of both, columns matched by name.
    ///
    /// # Errors
    /// `bad-config` if the columns differ.
    pub fn union(&self, other: &Self) -> Result<Self> {
        self.handle.union(&other.handle).map(Self::new)
    }

    /// One row per group: the group's columns, and one column per SQL expression such as `sum(amount) as total`. Without
    /// columns to group by there is one group.
    ///
    /// # Errors
    /// `bad-config` for an expression that can't be planned.
    pub fn aggregate<G: AsRef<str>, E: AsRef<str>>(
        &self,
        group_by: impl IntoIterator<Item = G>,
        expressions: impl IntoIterator<Item = E>,
    ) -> Result<Self> {
        let aggregate =
            |group_by: &[&str]| with_texts(expressions, |expressions| self.handle.aggregate(group_by, expressions));
        with_texts(group_by, aggregate).map(Self::new)
    }

    /// Ordered by SQL order expressions: `["amount desc", "id"]`.
    ///
    /// # Errors
    /// `bad-config` for an expression that can't be planned.
    pub fn sort<S: AsRef<str>>(&self, by: impl IntoIterator<Item = S>) -> Result<Self> {
        with_texts(by, |by| self.handle.sort(by)).map(Self::new)
    }

    /// The first rows.
    ///
    /// # Errors
    /// `limit` for a frame that is made of too many.
    pub fn limit(&self, rows: u32) -> Result<Self> {
        self.handle.limit(rows).map(Self::new)
    }

    /// Passes the rows through a function: one of this crate, by itself or by its name, or one of another plugin, as
    /// `"plugin:name"`. The configuration is anything that can be serialised; `()` for none.
    ///
    /// ```
    /// # use tenon::{Batch, Result, job::Frame, json};
    /// #[tenon::transform]
    /// fn check(batch: Batch) -> Result<Batch> {
    ///     Ok(batch)
    /// }
    ///
    /// fn cleaned(orders: &Frame) -> Result<Frame> {
    ///     orders.apply(check, ())?.apply("mask:hash", json!({ "columns": ["customer"] }))
    /// }
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    /// `bad-config` for a function that isn't there, or a configuration or columns that don't fit it.
    pub fn apply<M>(&self, function: impl FunctionName<M>, config: impl Serialize) -> Result<Self> {
        let function = function.function_name()?;
        let config = serde_json::to_value(config)
            .map_err(|error| Error::bad_config(format!("the configuration of `{function}` isn't JSON: {error}")))?;
        let config = match config {
            Value::Null => "{}".to_owned(),
            config => config::print(&config),
        };
        self.handle.apply(&function, &config).map(Self::new)
    }

    /// The rows that functions rejected on the way to this frame, with the step and the reason.
    ///
    /// # Errors
    /// `bad-config` if no function was applied.
    pub fn rejected(&self) -> Result<Self> {
        self.handle.rejected().map(Self::new)
    }

    /// Runs the frame into a sink: a URL or a [`Sink`].
    ///
    /// # Errors
    /// Whatever the run failed with.
    pub fn write(&self, sink: impl Into<Sink>) -> Result<Written> {
        self.handle.write(&sink.into().into_json())
    }

    /// Runs the frame and hands its batches to the script.
    ///
    /// # Errors
    /// `limit` past what a sandbox may hold; else whatever the run failed with.
    pub fn collect(&self) -> Result<Vec<Batch>> {
        let handles = self.handle.collect()?;
        Ok(handles.into_iter().map(Batch::from_handle).collect())
    }

    /// Runs the frame and counts its rows.
    ///
    /// # Errors
    /// Whatever the run failed with.
    pub fn count(&self) -> Result<u64> {
        self.handle.count()
    }
}

fn with_texts<S: AsRef<str>, R>(texts: impl IntoIterator<Item = S>, call: impl FnOnce(&[&str]) -> R) -> R {
    let texts: Vec<S> = texts.into_iter().collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    call(&texts)
}
