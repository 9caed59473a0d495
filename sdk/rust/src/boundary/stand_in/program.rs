//! SQL expressions outside a sandbox: with the host's own kernels where the feature `kernels` brings them, else with the
//! results that the test gives.

#[cfg(feature = "kernels")]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::layout;
use crate::schema::Schema;

use super::Handle;
#[cfg(not(feature = "kernels"))]
use super::{next_answer, unanswered, with_run};

/// A compiled program.
#[cfg(feature = "kernels")]
pub(crate) struct Program(tenon_kernels::Program);

#[cfg(feature = "kernels")]
impl Program {
    pub(crate) fn compile(schema: &Schema, expressions: &[&str]) -> Result<Self> {
        let schema = layout::arrow_schema(&schema.fields)?;
        let expressions: Vec<_> = expressions.iter().map(|&text| text.to_owned()).collect();
        let limits = tenon_kernels::Limits::default();
        tenon_kernels::Program::compile(&schema, &expressions, &limits)
            .map(Self)
            .map_err(|error| error_from(&error))
    }

    #[expect(clippy::unnecessary_wraps, reason = "without kernels it is not known")]
    pub(crate) fn output(&self) -> Option<Schema> {
        Some(layout::schema_from(self.0.output()).unwrap_or_default())
    }

    pub(crate) fn project(&self, batch: &Handle) -> Result<Handle> {
        self.0.project(&batch.0).map(Handle).map_err(|error| error_from(&error))
    }

    pub(crate) fn filter(&self, batch: &Handle) -> Result<Handle> {
        self.0.filter(&batch.0).map(Handle).map_err(|error| error_from(&error))
    }
}

#[cfg(feature = "kernels")]
fn error_from(error: &tenon_kernels::Error) -> Error {
    let kind = match error.kind() {
        tenon_kernels::Kind::BadData => ErrorKind::BadData,
        tenon_kernels::Kind::BadConfig => ErrorKind::BadConfig,
        tenon_kernels::Kind::Unsupported => ErrorKind::Unsupported,
        tenon_kernels::Kind::Limit => ErrorKind::Limit,
        tenon_kernels::Kind::Internal => ErrorKind::Internal,
    };
    Error::new(kind, error.to_string())
}

/// A program that nobody can run here: the test gives what comes of it, each time with rows.
#[cfg(not(feature = "kernels"))]
pub(crate) struct Program {
    what: String,
}

#[cfg(not(feature = "kernels"))]
impl Program {
    /// Takes no answer, but needs one to be there.
    pub(crate) fn compile(schema: &Schema, expressions: &[&str]) -> Result<Self> {
        layout::arrow_schema(&schema.fields)?;
        let what = format!("the SQL `{}`", expressions.join(", "));
        if with_run(|run| run.answers.is_empty()) {
            return Err(unanswered(&what));
        }
        Ok(Self { what })
    }

    #[expect(clippy::unused_self, reason = "with kernels it is known")]
    pub(crate) fn output(&self) -> Option<Schema> {
        None
    }

    pub(crate) fn project(&self, batch: &Handle) -> Result<Handle> {
        let answer = self.answer(batch)?;
        let (rows, given) = (batch.rows(), answer.rows());
        if given != rows {
            return Err(self.wrong(&format!("has {given} rows, but is computed of {rows}")));
        }
        Ok(answer)
    }

    pub(crate) fn filter(&self, batch: &Handle) -> Result<Handle> {
        let answer = self.answer(batch)?;
        let (columns, given) = (batch.schema(), answer.schema());
        if given != columns {
            return Err(self.wrong(&format!("has the columns {given:?}, but is filtered of {columns:?}")));
        }
        Ok(answer)
    }

    /// What comes of no rows has none either.
    fn answer(&self, batch: &Handle) -> Result<Handle> {
        let answer = next_answer(&self.what)?;
        if batch.rows() == 0 {
            answer.slice(0, 0)
        } else {
            Ok(answer)
        }
    }

    fn wrong(&self, what: &str) -> Error {
        let of = &self.what;
        Error::bad_data(format!("the answer that the test gave to {of} {what}"))
    }
}
