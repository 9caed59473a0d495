//! Columns of structs.

use crate::bitmap::Nulls;
use crate::data_type::DataType;
use crate::error::{Error, Result};

use super::children::{Parts, nulls_of, nulls_where};
use super::{AnyColumn, ColumnType, RawColumn, mismatch};

/// A column of structs, some of which may be null: each member is a column of its own.
///
/// ```
/// use tenon::{Batch, Struct};
///
/// let person = Struct::new([("name", vec!["Ada", "Bob"].into()), ("age", vec![36_i64, 41].into())])?;
/// let batch = Batch::new([("person", person.into())])?;
///
/// let mut person = batch.column::<Struct>("person")?;
/// let ages = person.take::<i64>("age")?;
/// assert_eq!(ages.get(1), Some(41));
/// # Ok::<(), tenon::Error>(())
/// ```
pub struct Struct {
    rows: usize,
    members: Vec<RawColumn>,
    nulls: Nulls,
}

impl Struct {
    /// A struct of these members, none of which is null as a whole.
    ///
    /// # Errors
    /// `bad-data` if the members' lengths differ; `bad-config` if a member is an unevaluated expression.
    pub fn new<N: Into<String>>(members: impl IntoIterator<Item = (N, AnyColumn)>) -> Result<Self> {
        let mut made: Vec<RawColumn> = Vec::new();
        for (name, member) in members {
            let mut member = member.into_values()?;
            member.field.name = name.into();
            let rows = made.first().map_or(member.len(), RawColumn::len);
            if member.len() != rows {
                return Err(Error::bad_data(format!(
                    "the member `{}` has {} rows, but the first one has {rows}",
                    member.field.name,
                    member.len()
                )));
            }
            made.push(member);
        }
        Ok(Self {
            rows: made.first().map_or(0, RawColumn::len),
            members: made,
            nulls: Nulls::default(),
        })
    }

    /// The same rows, of which those that are not `valid` are null.
    ///
    /// # Errors
    /// `bad-data` if it isn't said of each row.
    pub fn with_nulls(mut self, valid: impl IntoIterator<Item = bool>) -> Result<Self> {
        self.nulls = nulls_where(valid, self.rows)?;
        Ok(self)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Number of nulls.
    pub fn null_count(&self) -> usize {
        self.nulls.count()
    }

    /// Whether a row is null. Its members may have values then, which mean nothing.
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.is_null(row)
    }

    /// The members' names, without those that were taken.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.field.name.as_str())
    }

    /// Takes a member out, as its type says.
    ///
    /// # Errors
    /// `bad-config` if there is none of the name, or it is of another type.
    pub fn take<T: ColumnType + ?Sized>(&mut self, name: &str) -> Result<T::Column> {
        let Some(position) = self.names().position(|member| member == name) else {
            let names: Vec<_> = self.names().collect();
            return Err(Error::bad_config(format!(
                "the struct has no member `{name}`; the members are {}",
                names.join(", ")
            )));
        };
        T::read(self.members.remove(position))
    }

    /// All members, as they cross.
    pub fn into_members(self) -> Vec<RawColumn> {
        self.members
    }
}

impl ColumnType for Struct {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        if column.field.data_type != DataType::Nested("+s".to_owned()) {
            return Err(mismatch(&column, "a struct"));
        }
        let Parts {
            field,
            node,
            buffers: [validity],
            children,
        } = column.into_parts()?;
        Ok(Self {
            rows: node.length as usize,
            members: children,
            nulls: nulls_of(validity, node, &field.name)?,
        })
    }
}

impl From<Struct> for RawColumn {
    fn from(column: Struct) -> Self {
        let (length, nulls) = (column.len(), column.null_count());
        let buffers = vec![column.nulls.into_buffer()];
        Self::leaf(DataType::Nested("+s".to_owned()), length, nulls, buffers).with_children(column.members)
    }
}
