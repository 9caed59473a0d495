//! Columns of text.

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};

use crate::bitmap::{Nulls, NullsBuilder};
use crate::buffer::Values;
use crate::data_type::DataType;
use crate::error::Result;

use super::offsets::{Offsets, Spans};
use super::{ColumnType, RawColumn, broken, mismatch};

/// A column of text, some of which may be null. Reads every layout of text: plain, large, views and dictionaries.
///
/// ```
/// use tenon::Utf8;
///
/// let names: Utf8 = [Some("Ada"), None, Some("Grace")].into_iter().collect();
/// let shouted: Utf8 = names.iter().map(|name| name.map(str::to_uppercase)).collect();
/// assert_eq!(shouted.get(2), Some("GRACE"));
/// ```
#[derive(Clone)]
pub struct Utf8 {
    data_type: DataType,
    offsets: Offsets,
    data: String,
    indices: Option<Vec<u32>>,
    nulls: Nulls,
}

impl Utf8 {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.indices.as_ref().map_or_else(|| self.offsets.len(), Vec::len)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of nulls.
    pub fn null_count(&self) -> usize {
        self.nulls.count()
    }

    /// Whether a row is null.
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.is_null(row)
    }

    /// A row's text; `None` if it is null or past the end.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        if self.nulls.is_null(row) {
            return None;
        }
        let position = match &self.indices {
            Some(indices) => *indices.get(row)? as usize,
            None => row,
        };
        self.data.get(self.offsets.range(position)?)
    }

    /// Each row's text, or `None` for null.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + DoubleEndedIterator {
        (0..self.len()).map(|row| self.get(row))
    }

    /// A column of what `write` appends to the text that it is given, for each text; null stays null. Unlike collecting
    /// texts, it allocates nothing for each row.
    ///
    /// ```
    /// use tenon::Utf8;
    ///
    /// let names: Utf8 = [Some("Ada"), None].into_iter().collect();
    /// let greetings = names.map_into(|name, greeting| {
    ///     greeting.push_str("Hello ");
    ///     greeting.push_str(name);
    /// });
    /// assert_eq!(greetings.iter().collect::<Vec<_>>(), [Some("Hello Ada"), None]);
    /// ```
    #[must_use]
    pub fn map_into(&self, mut write: impl FnMut(&str, &mut String)) -> Self {
        let mut builder = Utf8Builder::new(self.len());
        for row in 0..self.len() {
            let text = self.get(row);
            if let Some(text) = text {
                write(text, &mut builder.data);
            }
            builder.end(text.is_some());
        }
        builder.finish()
    }

    fn new(offsets: Vec<i32>, data: String, nulls: Nulls) -> Self {
        Self {
            data_type: DataType::Utf8,
            offsets: Offsets::Small(Values::Typed(offsets)),
            data,
            indices: None,
            nulls,
        }
    }
}

impl ColumnType for Utf8 {
    type Column = Self;

    fn read(column: RawColumn) -> Result<Self> {
        if !column.field.value_type().is_text() {
            return Err(mismatch(&column, "text"));
        }
        let name = column.field.name.clone();
        let Spans {
            data_type,
            offsets,
            data,
            indices,
            nulls,
        } = Spans::read(column)?;
        let data = String::from_utf8(data).map_err(|_| broken(&name))?;
        Ok(Self {
            data_type,
            offsets,
            data,
            indices,
            nulls,
        })
    }
}

impl ColumnType for str {
    type Column = Utf8;

    fn read(column: RawColumn) -> Result<Utf8> {
        Utf8::read(column)
    }
}

impl ColumnType for String {
    type Column = Utf8;

    fn read(column: RawColumn) -> Result<Utf8> {
        Utf8::read(column)
    }
}

impl From<Utf8> for RawColumn {
    fn from(column: Utf8) -> Self {
        if column.indices.is_some() {
            return column.iter().collect::<Utf8>().into();
        }
        let Utf8 {
            data_type,
            offsets,
            data,
            nulls,
            ..
        } = column;
        Spans {
            data_type,
            offsets,
            data: data.into_bytes(),
            indices: None,
            nulls,
        }
        .into_raw()
    }
}

/// Collects texts one by one. Past 2 GiB, more than one column may hold, the host refuses the offsets.
struct Utf8Builder {
    offsets: Vec<i32>,
    data: String,
    nulls: NullsBuilder,
}

impl Utf8Builder {
    fn new(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self {
            offsets,
            data: String::with_capacity(rows * 8),
            nulls: NullsBuilder::default(),
        }
    }

    #[inline]
    fn push(&mut self, text: Option<&str>) {
        self.data.push_str(text.unwrap_or_default());
        self.end(text.is_some());
    }

    /// Ends a row, whose text is what was appended since the last one ended.
    #[inline]
    fn end(&mut self, is_valid: bool) {
        self.nulls.push(is_valid);
        self.offsets.push(self.data.len() as i32);
    }

    fn finish(self) -> Utf8 {
        Utf8::new(self.offsets, self.data, self.nulls.finish())
    }
}

macro_rules! collect_text {
    ($($type:ty),+) => {$(
        impl<'a> FromIterator<Option<$type>> for Utf8 {
            fn from_iter<I: IntoIterator<Item = Option<$type>>>(rows: I) -> Self {
                let rows = rows.into_iter();
                let mut builder = Utf8Builder::new(rows.size_hint().0);
                rows.for_each(|row| builder.push(row.as_deref()));
                builder.finish()
            }
        }

        impl<'a> FromIterator<$type> for Utf8 {
            fn from_iter<I: IntoIterator<Item = $type>>(rows: I) -> Self {
                rows.into_iter().map(Some).collect()
            }
        }
    )+};
}

collect_text!(&'a str, Cow<'a, str>);

impl FromIterator<Option<String>> for Utf8 {
    fn from_iter<I: IntoIterator<Item = Option<String>>>(rows: I) -> Self {
        rows.into_iter().map(|row| row.map(Cow::<str>::Owned)).collect()
    }
}

impl FromIterator<String> for Utf8 {
    fn from_iter<I: IntoIterator<Item = String>>(rows: I) -> Self {
        rows.into_iter().map(|row| Some(Cow::<str>::Owned(row))).collect()
    }
}

impl PartialEq for Utf8 {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Debug for Utf8 {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Utf8")?;
        f.debug_list().entries(self.iter()).finish()
    }
}
