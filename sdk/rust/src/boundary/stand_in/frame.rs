//! Frames outside a sandbox: run at once, over the batches that the test gave.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray, UInt32Array};
use arrow_schema::{DataType, Field as ArrowField};
use serde_json::Value;

use super::{Handle, Program, next_answer, trying, with_run};
use crate::batch::Batch;
use crate::error::{Error, ErrorKind, Result};
use crate::function::Session;
use crate::job::{JoinKind, Written};
use crate::layout::{self, arrow_error};
use crate::schema::Schema;

/// What has come of a query.
pub(crate) struct Frame {
    schema: Schema,
    batches: Vec<Handle>,
    /// What functions rejected on the way, with the function's name and the reason.
    rejected: Vec<Handle>,
}

impl Frame {
    pub(crate) fn read(source: &str) -> Result<Self> {
        let name = url_of(source);
        note(format!("read {source}"));
        let Some(batches) = with_run(|run| run.sources.get(&name).map(|batches| share(batches))) else {
            return Err(Error::bad_config(format!(
                "there is no source `{name}`: give the test one with tenon::testing::source(\"{name}\", batch)"
            )));
        };
        let schema = batches.first().map(Handle::schema).unwrap_or_default();
        Ok(Self {
            schema,
            batches,
            rejected: Vec::new(),
        })
    }

    pub(crate) fn sql(query: &str, inputs: &[(&str, &Self)]) -> Result<Self> {
        note(format!("sql {query}"));
        let rejected = inputs.iter().flat_map(|(_, input)| share(&input.rejected)).collect();
        answer("a query", rejected)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the real host can fail where this one can not")]
    pub(crate) fn schema(&self) -> Result<Schema> {
        Ok(self.schema.clone())
    }

    pub(crate) fn filter(&self, predicate: &str) -> Result<Self> {
        note(format!("filter {predicate}"));
        let program = Program::compile(&self.schema, &[predicate])?;
        let batches = self.batches.iter().map(|batch| program.filter(batch));
        Ok(self.with(self.schema.clone(), batches.collect::<Result<_>>()?))
    }

    pub(crate) fn project(&self, expressions: &[&str]) -> Result<Self> {
        note(format!("project {}", expressions.join(", ")));
        if let Some(columns) = plain_columns(&self.schema, expressions) {
            let schema = self.schema.select(&columns)?;
            let columns: Vec<_> = columns.iter().map(String::as_str).collect();
            let batches = self.batches.iter().map(|batch| batch.select(&columns));
            return Ok(self.with(schema, batches.collect::<Result<_>>()?));
        }
        let program = Program::compile(&self.schema, expressions)?;
        let batches: Vec<_> = self
            .batches
            .iter()
            .map(|batch| program.project(batch))
            .collect::<Result<_>>()?;
        let known = program.output().or_else(|| batches.first().map(Handle::schema));
        Ok(self.with(known.unwrap_or_default(), batches))
    }

    pub(crate) fn join(&self, other: &Self, on: &[&str], kind: JoinKind) -> Result<Self> {
        note(format!("join {kind:?} on {}", on.join(", ")));
        answer("a join", self.rejected_of_both(other))
    }

    pub(crate) fn union(&self, other: &Self) -> Result<Self> {
        note("union".to_owned());
        let names: Vec<_> = self.schema.names().collect();
        let same = other.schema.select(&names)?;
        if same.fields.len() != other.schema.fields.len() || same != self.schema {
            let (one, two) = (&self.schema, &other.schema);
            return Err(Error::bad_config(format!(
                "a union needs frames of the same columns, not {one:?} and {two:?}"
            )));
        }
        let mut batches = share(&self.batches);
        for batch in &other.batches {
            batches.push(batch.select(&names)?);
        }
        Ok(Self {
            schema: same,
            batches,
            rejected: self.rejected_of_both(other),
        })
    }

    pub(crate) fn aggregate(&self, group_by: &[&str], expressions: &[&str]) -> Result<Self> {
        let (groups, expressions) = (group_by.join(", "), expressions.join(", "));
        note(format!("aggregate {expressions} by {groups}"));
        answer("an aggregation", share(&self.rejected))
    }

    pub(crate) fn sort(&self, by: &[&str]) -> Result<Self> {
        note(format!("sort {}", by.join(", ")));
        answer("a sort", share(&self.rejected))
    }

    pub(crate) fn limit(&self, rows: u32) -> Result<Self> {
        note(format!("limit {rows}"));
        let mut left = rows;
        let mut batches = Vec::new();
        for batch in &self.batches {
            let taken = batch.rows().min(left);
            batches.push(batch.slice(0, taken)?);
            left -= taken;
        }
        Ok(self.with(self.schema.clone(), batches))
    }

    pub(crate) fn apply(&self, function: &str, config: &str) -> Result<Self> {
        note(format!("apply {function} {config}"));
        if function.contains(':') {
            return answer("a function of another plugin", share(&self.rejected));
        }
        let mut session = trying(|| Session::open(function, config, self.schema.clone()))?;
        let schema = session.output().clone();
        let (mut batches, mut rejected) = (Vec::new(), share(&self.rejected));
        for batch in &self.batches {
            let output = session.process(batch.share())?;
            batches.extend(output.batches.into_iter().map(Batch::into_handle));
            if !output.rejected.is_empty() {
                let (rows, reasons): (Vec<u32>, Vec<_>) = output.rejected.into_iter().unzip();
                rejected.push(with_reasons(batch, function, rows, &reasons)?);
            }
        }
        batches.extend(session.finish()?.batches.into_iter().map(Batch::into_handle));
        Ok(Self {
            schema,
            batches,
            rejected,
        })
    }

    pub(crate) fn rejected(&self) -> Result<Self> {
        note("rejected".to_owned());
        let schema = self.rejected.first().map(Handle::schema).unwrap_or_default();
        if self.rejected.iter().any(|batch| batch.schema() != schema) {
            let message = "outside a sandbox, rows that functions with different inputs rejected can't be put together";
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(Self {
            schema,
            batches: share(&self.rejected),
            rejected: Vec::new(),
        })
    }

    pub(crate) fn write(&self, sink: &str) -> Result<Written> {
        note(format!("write {sink}"));
        let batches = share(&self.batches);
        with_run(|run| run.written.entry(url_of(sink)).or_default().extend(batches));
        Ok(Written {
            rows: self.count()?,
            bytes: self
                .batches
                .iter()
                .map(|batch| batch.0.get_array_memory_size() as u64)
                .sum(),
            objects: 1,
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "the real host can fail where this one can not")]
    pub(crate) fn collect(&self) -> Result<Vec<Handle>> {
        Ok(share(&self.batches))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the real host can fail where this one can not")]
    pub(crate) fn count(&self) -> Result<u64> {
        Ok(self.batches.iter().map(|batch| u64::from(batch.rows())).sum())
    }

    fn with(&self, schema: Schema, batches: Vec<Handle>) -> Self {
        Self {
            schema,
            batches,
            rejected: share(&self.rejected),
        }
    }

    fn rejected_of_both(&self, other: &Self) -> Vec<Handle> {
        share(&self.rejected)
            .into_iter()
            .chain(share(&other.rejected))
            .collect()
    }
}

/// What the test gave as the answer to the next operation that can't be run here.
fn answer(what: &str, rejected: Vec<Handle>) -> Result<Frame> {
    let batch = next_answer(what)?;
    Ok(Frame {
        schema: batch.schema(),
        batches: vec![batch],
        rejected,
    })
}

/// The text that a source or sink is, or the URL in its table; else the table itself.
fn url_of(table: &str) -> String {
    match serde_json::from_str(table) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(table)) => match table.get("url") {
            Some(Value::String(url)) => url.clone(),
            _ => Value::Object(table).to_string(),
        },
        _ => table.to_owned(),
    }
}

/// The columns that the expressions name, if that is all that they do.
fn plain_columns(schema: &Schema, expressions: &[&str]) -> Option<Vec<String>> {
    let column = |expression: &&str| {
        let quoted = expression.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let name = quoted.map_or_else(|| expression.trim().to_owned(), |name| name.replace("\"\"", "\""));
        schema.contains(&name).then_some(name)
    };
    expressions.iter().map(column).collect()
}

fn with_reasons(
    batch: &Handle,
    function: &str,
    rows: Vec<u32>,
    reasons: &[std::borrow::Cow<'static, str>],
) -> Result<Handle> {
    let taken = arrow_select::take::take_record_batch(&batch.0, &UInt32Array::from(rows));
    let taken = taken.map_err(|error| arrow_error(&error))?;
    let added: [(&str, ArrayRef); 2] = [
        (
            "rejected_by",
            Arc::new(StringArray::from_iter_values(reasons.iter().map(|_| function))),
        ),
        ("rejected_because", Arc::new(StringArray::from_iter_values(reasons))),
    ];
    let mut fields = taken.schema_ref().fields().to_vec();
    let mut columns = taken.columns().to_vec();
    for (name, column) in added {
        fields.push(Arc::new(ArrowField::new(name, DataType::Utf8, false)));
        columns.push(column);
    }
    layout::assemble(arrow_schema::Schema::new(fields).into(), columns, reasons.len()).map(Handle)
}

fn share(batches: &[Handle]) -> Vec<Handle> {
    batches.iter().map(Handle::share).collect()
}

fn note(operation: String) {
    with_run(|run| run.operations.push(operation));
}
