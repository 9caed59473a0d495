//! Columns with children, taken apart and put together: nodes and buffers of children follow their parent's, in pre-order.

use crate::bitmap::{Bitmap, Nulls};
use crate::buffer::Buffer;
use crate::data_type::DataType;
use crate::error::{Error, Result};
use crate::schema::Field;

use super::raw::buffers_of;
use super::{Node, RawColumn, broken};

/// A column's own array, and its children as columns of their own.
pub(crate) struct Parts<const N: usize> {
    /// Without its children.
    pub(crate) field: Field,
    pub(crate) node: Node,
    pub(crate) buffers: [Vec<u8>; N],
    pub(crate) children: Vec<RawColumn>,
}

impl RawColumn {
    /// Takes apart a column whose own array has `N` buffers.
    pub(crate) fn into_parts<const N: usize>(self) -> Result<Parts<N>> {
        let RawColumn {
            mut field,
            nodes,
            buffers,
        } = self;
        let name = field.name.clone();
        let (mut nodes, mut buffers) = (nodes.into_iter(), buffers.into_iter());
        let node = nodes.next().ok_or_else(|| broken(&name))?;
        let own: Vec<Vec<u8>> = buffers.by_ref().take(N).map(Buffer::into_bytes).collect();
        let own = <[Vec<u8>; N]>::try_from(own).map_err(|_| broken(&name))?;
        let mut children = Vec::with_capacity(field.children.len());
        for child in std::mem::take(&mut field.children) {
            let (mut node_count, mut buffer_count) = (0, 0);
            child.visit(&mut |field| {
                node_count += 1;
                buffer_count += buffers_of(&field.data_type);
            });
            let nodes: Vec<_> = nodes.by_ref().take(node_count).collect();
            let buffers: Vec<_> = buffers.by_ref().take(buffer_count).collect();
            if nodes.len() != node_count || buffers.len() != buffer_count {
                return Err(broken(&name));
            }
            children.push(RawColumn {
                field: child,
                nodes,
                buffers,
            });
        }
        Ok(Parts {
            field,
            node,
            buffers: own,
            children,
        })
    }

    /// This column of one array, with children.
    pub(crate) fn with_children(mut self, children: impl IntoIterator<Item = RawColumn>) -> Self {
        for child in children {
            self.field.children.push(child.field);
            self.nodes.extend(child.nodes);
            self.buffers.extend(child.buffers);
        }
        self
    }

    /// This column as a child of one that is made of it, whatever it was called.
    pub(crate) fn without_name(mut self) -> Self {
        self.field.name.clear();
        self
    }

    /// This column, under a name that a child has where it has none; what was read has its own.
    pub(crate) fn named_child(mut self, name: &str) -> Self {
        if self.field.name.is_empty() {
            name.clone_into(&mut self.field.name);
        }
        self
    }

    /// The same data under a field of another column, whose name, nullability and metadata, and those of children, it takes
    /// over: for a column that stands in for another. Text becomes text views so, and lists become list views, since they
    /// cross alike.
    ///
    /// # Errors
    /// `bad-config` if the field is of a type that is laid out otherwise.
    pub fn like(mut self, field: &Field) -> Result<Self> {
        if !crosses_alike(&self.field, field) {
            return Err(Error::bad_config(format!(
                "a column of {} can't take the place of `{}`, which is {}",
                self.field.data_type, field.name, field.data_type
            )));
        }
        self.field = field.clone();
        Ok(self)
    }
}

/// Which rows of a column with children are null.
pub(crate) fn nulls_of(validity: Vec<u8>, node: Node, name: &str) -> Result<Nulls> {
    Nulls::from_bytes(validity, node.length as usize, node.nulls).ok_or_else(|| broken(name))
}

/// The nulls of so many rows, by whether each has a value.
pub(crate) fn nulls_where(valid: impl IntoIterator<Item = bool>, rows: usize) -> Result<Nulls> {
    let valid: Bitmap = valid.into_iter().collect();
    if valid.len() == rows {
        return Ok(Nulls::of(valid));
    }
    Err(Error::bad_data(format!(
        "which rows are null was said of {} rows, but the column has {rows}",
        valid.len()
    )))
}

fn crosses_alike(left: &Field, right: &Field) -> bool {
    crossing(&left.data_type) == crossing(&right.data_type)
        && left.children.len() == right.children.len()
        && left
            .children
            .iter()
            .zip(&right.children)
            .all(|(left, right)| crosses_alike(left, right))
}

/// The type whose layout a column of this type crosses in.
fn crossing(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Nested(format) if format == "+vl" => DataType::Nested("+l".to_owned()),
        DataType::Nested(format) if format == "+vL" => DataType::Nested("+L".to_owned()),
        other => other.clone(),
    }
}
