//! SQL expressions outside a sandbox: with the host's own kernels where the feature `kernels` brings them.

use crate::error::{Error, ErrorKind, Result};
use crate::layout;
use crate::schema::Schema;

use super::Handle;

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

    pub(crate) fn output(&self) -> Schema {
        layout::schema_from(self.0.output()).unwrap_or_default()
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

/// A program that can't be compiled.
#[cfg(not(feature = "kernels"))]
pub(crate) enum Program {}

#[cfg(not(feature = "kernels"))]
impl Program {
    pub(crate) fn compile(schema: &Schema, _expressions: &[&str]) -> Result<Self> {
        layout::arrow_schema(&schema.fields)?;
        let message = "SQL expressions are the host's, and outside a sandbox there is none: test what is around them in a \
                       function of its own, or depend on sdk/rust of Tenon's repository with the feature `kernels`, which \
                       `tenon new` leaves out";
        Err(Error::new(ErrorKind::Unsupported, message))
    }

    pub(crate) fn output(&self) -> Schema {
        match *self {}
    }

    pub(crate) fn project(&self, _batch: &Handle) -> Result<Handle> {
        match *self {}
    }

    pub(crate) fn filter(&self, _batch: &Handle) -> Result<Handle> {
        match *self {}
    }
}
