//! What a script starts from.

use std::fmt::Display;
use std::str::FromStr;

use crate::boundary;
use crate::error::{Error, Result};
use crate::job::{Frame, Source};

/// The run that a script drives.
#[derive(Debug)]
pub struct Context(());

impl Context {
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// A source: the URL of files, the name of a table that the job knows, or a [`Source`].
    ///
    /// # Errors
    /// `bad-config` for a source that isn't there or can't be read as it says; `transient` if it can't be reached.
    pub fn read(&self, source: impl Into<Source>) -> Result<Frame> {
        boundary::Frame::read(&source.into().into_json()).map(Frame::new)
    }

    /// A SQL query over frames, which are its tables by these names.
    ///
    /// ```
    /// # use tenon::{Result, job::{Context, Frame}};
    /// fn paid(ctx: &Context, orders: &Frame, rates: &Frame) -> Result<Frame> {
    ///     ctx.sql(
    ///         "select o.*, o.amount * r.rate as amount_eur from orders o join rates r using (country)",
    ///         [("orders", orders), ("rates", rates)],
    ///     )
    /// }
    /// ```
    ///
    /// # Errors
    /// `bad-config` for a query that can't be planned.
    pub fn sql<'a, N: AsRef<str>>(
        &self,
        query: &str,
        inputs: impl IntoIterator<Item = (N, &'a Frame)>,
    ) -> Result<Frame> {
        let inputs: Vec<_> = inputs.into_iter().collect();
        let inputs: Vec<_> = inputs
            .iter()
            .map(|(name, frame)| (name.as_ref(), frame.handle()))
            .collect();
        boundary::Frame::sql(query, &inputs).map(Frame::new)
    }

    /// A parameter of the job, as a number, a truth value, a text or whatever else can be parsed.
    ///
    /// # Errors
    /// `bad-config` if there is none of this name, or its value doesn't fit.
    pub fn param<T: FromStr>(&self, name: &str) -> Result<T>
    where
        T::Err: Display,
    {
        let missing = || Error::bad_config(format!("the job has no parameter `{name}`"));
        parsed(name)?.ok_or_else(missing)
    }

    /// The same, or `default` where the job has no such parameter.
    ///
    /// # Errors
    /// `bad-config` if its value doesn't fit.
    pub fn param_or<T: FromStr>(&self, name: &str, default: T) -> Result<T>
    where
        T::Err: Display,
    {
        Ok(parsed(name)?.unwrap_or(default))
    }

    /// A secret by name.
    ///
    /// # Errors
    /// `denied` unless the job was granted it.
    pub fn secret(&self, name: &str) -> Result<String> {
        boundary::secret(name)
    }
}

fn parsed<T: FromStr>(name: &str) -> Result<Option<T>>
where
    T::Err: Display,
{
    let Some(text) = boundary::parameter(name) else {
        return Ok(None);
    };
    let parsed = text.parse().map(Some);
    parsed.map_err(|error| Error::bad_config(format!("the parameter `{name}` is `{text}`: {error}")))
}
