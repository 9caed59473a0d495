//! The real host, behind the generated bindings.

mod frame;

use crate::bindings::tenon::etl::arrow::{
    ColumnParam, ColumnResult, Encoding, FieldParam, FieldResult, Node as WireNode,
};
use crate::bindings::tenon::etl::{batches, errors, host};
use crate::buffer::Buffer;
use crate::column::{Node, RawColumn};
use crate::data_type::DataType;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Instant, Level};
use crate::schema::{Field, Schema};

pub(crate) use frame::Frame;

/// A handle on a batch in the host's memory.
pub(crate) struct Handle(pub(crate) batches::Batch);

impl Handle {
    pub(crate) fn schema(&self) -> Schema {
        schema_from(self.0.schema())
    }

    pub(crate) fn rows(&self) -> u32 {
        self.0.rows()
    }

    /// Reads columns; their fields are left to the caller.
    pub(crate) fn read(&self, positions: &[u32]) -> Result<Vec<Parts>> {
        Ok(self
            .0
            .read(positions)
            .map_err(error_from)?
            .into_iter()
            .map(parts_from)
            .collect())
    }

    pub(crate) fn build(schema: &Schema, rows: u32, columns: &[RawColumn]) -> Result<Self> {
        with_wire(&schema.fields, columns, |fields, columns| {
            batches::Batch::build(fields, rows, columns)
        })
    }

    pub(crate) fn with_columns(&self, fields: &[Field], columns: &[RawColumn]) -> Result<Self> {
        with_wire(fields, columns, |fields, columns| self.0.with_columns(fields, columns))
    }

    pub(crate) fn select(&self, names: &[&str]) -> Result<Self> {
        self.0.select(names).map(Self).map_err(error_from)
    }

    /// The same columns under these names, which are those of `schema`.
    pub(crate) fn rename(&self, schema: &Schema, names: &[&str]) -> Result<Self> {
        let expressions: Vec<_> = schema
            .names()
            .zip(names)
            .map(|(old, new)| format!("{} as {}", crate::sql::quote(old), crate::sql::quote(new)))
            .collect();
        let expressions: Vec<_> = expressions.iter().map(String::as_str).collect();
        Program::compile(schema, &expressions)?.project(self)
    }

    pub(crate) fn slice(&self, offset: u32, length: u32) -> Result<Self> {
        self.0.slice(offset, length).map(Self).map_err(error_from)
    }

    pub(crate) fn take(&self, rows: &[u32]) -> Result<Self> {
        self.0.take(rows).map(Self).map_err(error_from)
    }

    pub(crate) fn concat(parts: &[&Handle]) -> Result<Self> {
        let parts: Vec<_> = parts.iter().map(|part| &part.0).collect();
        batches::Batch::concat(&parts).map(Self).map_err(error_from)
    }

    pub(crate) fn share(&self) -> Self {
        Self(self.0.share())
    }
}

/// A compiled program in the host's memory.
pub(crate) struct Program(batches::Program);

impl Program {
    pub(crate) fn compile(schema: &Schema, expressions: &[&str]) -> Result<Self> {
        with_fields(&schema.fields, |fields| batches::Program::compile(fields, expressions))
            .map(Self)
            .map_err(error_from)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the stand-in may not know it")]
    pub(crate) fn output(&self) -> Option<Schema> {
        Some(schema_from(self.0.output()))
    }

    pub(crate) fn project(&self, batch: &Handle) -> Result<Handle> {
        self.0.project(&batch.0).map(Handle).map_err(error_from)
    }

    pub(crate) fn filter(&self, batch: &Handle) -> Result<Handle> {
        self.0.filter(&batch.0).map(Handle).map_err(error_from)
    }
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Trace => host::Level::Trace,
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    host::log(level, message);
}

pub(crate) fn count(metric: &str, amount: f64) {
    host::count(metric, amount);
}

pub(crate) fn parameter(name: &str) -> Option<String> {
    host::parameter(name)
}

pub(crate) fn secret(name: &str) -> Result<String> {
    host::secret(name).map_err(error_from)
}

pub(crate) fn now() -> Instant {
    let host::Instant { seconds, nanoseconds } = host::now();
    Instant { seconds, nanoseconds }
}

pub(crate) fn random(bytes: u32) -> Result<Vec<u8>> {
    host::random(bytes).map_err(error_from)
}

pub(crate) fn state_get(key: &str) -> Result<Option<Vec<u8>>> {
    host::state_get(key).map_err(error_from)
}

pub(crate) fn state_put(key: &str, value: &[u8]) -> Result<()> {
    host::state_put(key, value).map_err(error_from)
}

pub(crate) fn state_delete(key: &str) -> Result<()> {
    host::state_delete(key).map_err(error_from)
}

/// Nodes and buffers of one column.
pub(crate) type Parts = (Vec<Node>, Vec<Buffer>);

fn parts_from(column: ColumnResult) -> Parts {
    let nodes = column
        .nodes
        .iter()
        .map(|node| Node {
            length: node.length,
            nulls: node.nulls,
        })
        .collect();
    (nodes, column.buffers.into_iter().map(Buffer::from).collect())
}

/// The schema that a list of fields in pre-order stands for.
pub(crate) fn schema_from(fields: Vec<FieldResult>) -> Schema {
    fn next(fields: &mut std::vec::IntoIter<FieldResult>) -> Option<Field> {
        let FieldResult {
            name,
            format,
            encoding,
            nullable,
            children,
            metadata,
        } = fields.next()?;
        let data_type = match (DataType::parse(&format), encoding) {
            (plain, Encoding::Plain) => plain,
            (indices, Encoding::Dictionary) => DataType::Dictionary(Box::new(indices)),
        };
        let children = (0..children).filter_map(|_| next(fields)).collect();
        Some(Field {
            name,
            data_type,
            nullable,
            children,
            metadata,
        })
    }
    let mut fields = fields.into_iter();
    Schema {
        fields: std::iter::from_fn(|| next(&mut fields)).collect(),
    }
}

/// A schema as `open` returns it.
pub(crate) fn schema_into(schema: &Schema) -> Vec<FieldResult> {
    let mut fields = Vec::new();
    for field in &schema.fields {
        field.visit(&mut |field| {
            fields.push(FieldResult {
                name: field.name.clone(),
                format: field.data_type.format(),
                encoding: encoding(field),
                nullable: field.nullable,
                children: field.children.len() as u32,
                metadata: field.metadata.clone(),
            });
        });
    }
    fields
}

fn encoding(field: &Field) -> Encoding {
    if matches!(field.data_type, DataType::Dictionary(_)) {
        Encoding::Dictionary
    } else {
        Encoding::Plain
    }
}

/// Calls the host with borrowed fields in pre-order.
fn with_fields<R>(fields: &[Field], call: impl FnOnce(&[FieldParam<'_>]) -> R) -> R {
    let mut flat = Vec::new();
    for field in fields {
        field.visit(&mut |field| flat.push(field));
    }
    let formats: Vec<_> = flat.iter().map(|field| field.data_type.format()).collect();
    let metadata: Vec<Vec<_>> = flat
        .iter()
        .map(|field| {
            field
                .metadata
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect()
        })
        .collect();
    let params: Vec<_> = flat
        .iter()
        .zip(&formats)
        .zip(&metadata)
        .map(|((field, format), metadata)| FieldParam {
            name: &field.name,
            format,
            encoding: encoding(field),
            nullable: field.nullable,
            children: field.children.len() as u32,
            metadata,
        })
        .collect();
    call(&params)
}

/// Calls the host with borrowed fields and columns: their buffers are copied once, by the host.
fn with_wire(
    fields: &[Field],
    columns: &[RawColumn],
    call: impl FnOnce(&[FieldParam<'_>], &[ColumnParam<'_>]) -> Result<batches::Batch, errors::Error>,
) -> Result<Handle> {
    let nodes: Vec<Vec<_>> = columns
        .iter()
        .map(|column| {
            column
                .nodes
                .iter()
                .map(|node| WireNode {
                    length: node.length,
                    nulls: node.nulls,
                })
                .collect()
        })
        .collect();
    let buffers: Vec<Vec<_>> = columns
        .iter()
        .map(|column| column.buffers.iter().map(Buffer::as_slice).collect())
        .collect();
    let params: Vec<_> = nodes
        .iter()
        .zip(&buffers)
        .map(|(nodes, buffers)| ColumnParam { nodes, buffers })
        .collect();
    with_fields(fields, |fields| call(fields, &params))
        .map(Handle)
        .map_err(error_from)
}

fn error_from(error: errors::Error) -> Error {
    let kind = match error.kind {
        errors::Kind::BadData => ErrorKind::BadData,
        errors::Kind::BadConfig => ErrorKind::BadConfig,
        errors::Kind::Transient => ErrorKind::Transient,
        errors::Kind::Unsupported => ErrorKind::Unsupported,
        errors::Kind::Denied => ErrorKind::Denied,
        errors::Kind::Limit => ErrorKind::Limit,
        errors::Kind::Internal => ErrorKind::Internal,
    };
    Error::from_parts(kind, error.message, error.context)
}

/// An error as an export returns it.
pub(crate) fn error_into(error: Error) -> errors::Error {
    let (kind, message, context) = error.into_parts();
    let kind = match kind {
        ErrorKind::BadData => errors::Kind::BadData,
        ErrorKind::BadConfig => errors::Kind::BadConfig,
        ErrorKind::Transient => errors::Kind::Transient,
        ErrorKind::Unsupported => errors::Kind::Unsupported,
        ErrorKind::Denied => errors::Kind::Denied,
        ErrorKind::Limit => errors::Kind::Limit,
        ErrorKind::Internal => errors::Kind::Internal,
    };
    errors::Error { kind, message, context }
}
