//! The `tenon:etl/arrow` interface as Rust types.
//!
//! The other interfaces are generated from `wit/`. This one is written by hand, because its buffers must go from an
//! Arrow buffer into a guest's memory (and back) with one copy: a generated `Vec<u8>` would cost a second one.

use std::sync::Arc;

use arrow::buffer::Buffer;
use bytes::Bytes;
use tenon_layout as layout;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

/// How a field's values are encoded.
#[derive(ComponentType, Lift, Lower, Clone, Copy, Debug, PartialEq, Eq)]
#[component(enum)]
#[repr(u8)]
pub enum Encoding {
    /// The field's own layout.
    #[component(name = "plain")]
    Plain,
    /// Indices into the values of the field's last child.
    #[component(name = "dictionary")]
    Dictionary,
}

/// One field; its children follow it in pre-order.
#[derive(ComponentType, Lift, Lower, Clone, Debug, PartialEq, Eq)]
#[component(record)]
pub struct Field {
    /// Name of the column or child.
    pub name: String,
    /// Format string of the Arrow C data interface.
    pub format: String,
    /// Whether the data are values or dictionary indices.
    pub encoding: Encoding,
    /// Whether a validity buffer may be present.
    pub nullable: bool,
    /// Number of direct children.
    pub children: u32,
    /// Key and value pairs of the field.
    pub metadata: Vec<(String, String)>,
}

/// Top-level fields with their descendants. Shared, since a schema crosses far more often than it changes.
pub type Schema = Arc<[Field]>;

/// Length and null count of one array node.
#[derive(ComponentType, Lift, Lower, Clone, Copy, Debug, PartialEq, Eq)]
#[component(record)]
pub struct Node {
    /// Number of values.
    pub length: u32,
    /// Number of nulls among them.
    pub nulls: u32,
}

/// One top-level column.
#[derive(ComponentType, Lift, Lower, Clone, Debug)]
#[component(record)]
pub struct Column {
    /// One node per array, in pre-order.
    pub nodes: Vec<Node>,
    /// The buffers of all nodes, in pre-order.
    pub buffers: Vec<Bytes>,
}

/// What the generated bindings expect of every imported interface; this one has no functions.
#[allow(
    dead_code,
    reason = "only generated code that nobody calls names it; whether rustc notices varies"
)]
pub trait Host {}

impl<T: ?Sized> Host for T {}

/// As [`Host`], for functions that need the store.
#[allow(
    dead_code,
    reason = "only generated code that nobody calls names it; whether rustc notices varies"
)]
pub trait HostWithStore<T> {}

impl<T, D: ?Sized> HostWithStore<T> for D {}

/// Nothing to add.
#[allow(
    clippy::unnecessary_wraps,
    dead_code,
    reason = "the generated bindings call it like those of others"
)]
pub fn add_to_linker<T, D>(_: &mut Linker<T>, _: fn(&mut T) -> D::Data<'_>) -> wasmtime::Result<()>
where
    D: wasmtime::component::HasData,
    T: 'static,
{
    Ok(())
}

/// A schema on its way into a guest.
pub fn schema_to_wire(schema: &arrow::datatypes::Schema) -> Result<Schema, layout::Error> {
    Ok(layout::fields_of(schema)?.into_iter().map(Field::from).collect())
}

/// A schema that a guest sent, still unchecked.
pub fn schema_from_wire(schema: &[Field]) -> Vec<layout::Field> {
    schema.iter().cloned().map(layout::Field::from).collect()
}

impl From<layout::Field> for Field {
    fn from(field: layout::Field) -> Self {
        Field {
            name: field.name,
            format: field.format,
            encoding: match field.encoding {
                layout::Encoding::Plain => Encoding::Plain,
                layout::Encoding::Dictionary => Encoding::Dictionary,
            },
            nullable: field.nullable,
            children: field.children,
            metadata: field.metadata,
        }
    }
}

impl From<Field> for layout::Field {
    fn from(field: Field) -> Self {
        layout::Field {
            name: field.name,
            format: field.format,
            encoding: match field.encoding {
                Encoding::Plain => layout::Encoding::Plain,
                Encoding::Dictionary => layout::Encoding::Dictionary,
            },
            nullable: field.nullable,
            children: field.children,
            metadata: field.metadata,
        }
    }
}

impl From<layout::Column> for Column {
    fn from(column: layout::Column) -> Self {
        Column {
            nodes: column
                .nodes
                .iter()
                .map(|node| Node {
                    length: node.length,
                    nulls: node.nulls,
                })
                .collect(),
            buffers: column.buffers.into_iter().map(bytes_of).collect(),
        }
    }
}

impl From<Column> for layout::Column {
    fn from(column: Column) -> Self {
        layout::Column {
            nodes: column
                .nodes
                .iter()
                .map(|node| layout::Node {
                    length: node.length,
                    nulls: node.nulls,
                })
                .collect(),
            buffers: column.buffers.into_iter().map(Buffer::from).collect(),
        }
    }
}

impl Column {
    /// Bytes in its buffers.
    pub fn bytes(&self) -> usize {
        self.buffers.iter().map(Bytes::len).sum()
    }
}

fn bytes_of(buffer: Buffer) -> Bytes {
    if buffer.is_empty() {
        Bytes::new()
    } else {
        Bytes::from_owner(Shared(buffer))
    }
}

/// An Arrow buffer as an owner of bytes.
struct Shared(Buffer);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}
