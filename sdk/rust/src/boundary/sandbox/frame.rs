//! Frames behind the generated bindings.

use super::{Handle, error_from, schema_from};
use crate::error::Result;
use crate::job::bindings::tenon::etl::pipeline;
use crate::job::{JoinKind, Written};
use crate::schema::Schema;

/// A query in the host.
pub(crate) struct Frame(pipeline::Frame);

impl Frame {
    pub(crate) fn read(source: &str) -> Result<Self> {
        pipeline::Frame::read(source).map(Self).map_err(error_from)
    }

    pub(crate) fn sql(query: &str, inputs: &[(&str, &Self)]) -> Result<Self> {
        let inputs: Vec<_> = inputs.iter().map(|(name, frame)| (*name, &frame.0)).collect();
        pipeline::Frame::sql(query, &inputs).map(Self).map_err(error_from)
    }

    pub(crate) fn schema(&self) -> Result<Schema> {
        self.0.schema().map(schema_from).map_err(error_from)
    }

    pub(crate) fn filter(&self, predicate: &str) -> Result<Self> {
        self.0.filter(predicate).map(Self).map_err(error_from)
    }

    pub(crate) fn project(&self, expressions: &[&str]) -> Result<Self> {
        self.0.project(expressions).map(Self).map_err(error_from)
    }

    pub(crate) fn join(&self, other: &Self, on: &[&str], kind: JoinKind) -> Result<Self> {
        let kind = match kind {
            JoinKind::Inner => pipeline::JoinKind::Inner,
            JoinKind::Left => pipeline::JoinKind::Left,
            JoinKind::Right => pipeline::JoinKind::Right,
            JoinKind::Full => pipeline::JoinKind::Full,
            JoinKind::Semi => pipeline::JoinKind::Semi,
            JoinKind::Anti => pipeline::JoinKind::Anti,
        };
        self.0.join(&other.0, on, kind).map(Self).map_err(error_from)
    }

    pub(crate) fn union(&self, other: &Self) -> Result<Self> {
        self.0.union(&other.0).map(Self).map_err(error_from)
    }

    pub(crate) fn aggregate(&self, group_by: &[&str], expressions: &[&str]) -> Result<Self> {
        self.0.aggregate(group_by, expressions).map(Self).map_err(error_from)
    }

    pub(crate) fn sort(&self, by: &[&str]) -> Result<Self> {
        self.0.sort(by).map(Self).map_err(error_from)
    }

    pub(crate) fn limit(&self, rows: u32) -> Result<Self> {
        self.0.limit(rows).map(Self).map_err(error_from)
    }

    pub(crate) fn apply(&self, function: &str, config: &str) -> Result<Self> {
        self.0.apply(function, config).map(Self).map_err(error_from)
    }

    pub(crate) fn rejected(&self) -> Result<Self> {
        self.0.rejected().map(Self).map_err(error_from)
    }

    pub(crate) fn write(&self, sink: &str) -> Result<Written> {
        let pipeline::Written { rows, bytes, objects } = self.0.write(sink).map_err(error_from)?;
        Ok(Written {
            rows: rows as u64,
            bytes: bytes as u64,
            objects,
        })
    }

    pub(crate) fn collect(&self) -> Result<Vec<Handle>> {
        let batches = self.0.collect().map_err(error_from)?;
        Ok(batches.into_iter().map(Handle).collect())
    }

    pub(crate) fn count(&self) -> Result<u64> {
        self.0.count().map(|rows| rows as u64).map_err(error_from)
    }
}
