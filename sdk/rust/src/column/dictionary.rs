//! Text and bytes as dictionaries.

use std::collections::HashMap;

use crate::bitmap::NullsBuilder;
use crate::buffer::Buffer;
use crate::data_type::DataType;
use crate::error::{Error, Result};

use super::offsets::index_layout;
use super::{Binary, RawColumn, Utf8};

impl Utf8 {
    /// The same texts as a dictionary, which holds each different one once. `indices` is the integer type by which rows
    /// refer to them: `DataType::Int32`.
    ///
    /// # Errors
    /// `bad-config` if `indices` is no integer type; `bad-data` if it is too narrow for so many different texts.
    pub fn to_dictionary(&self, indices: DataType) -> Result<RawColumn> {
        let rows = self.iter().map(|row| row.map(str::as_bytes));
        dictionary(rows, DataType::Utf8, indices)
    }
}

impl Binary {
    /// The same bytes as a dictionary; see [`Utf8::to_dictionary`].
    ///
    /// # Errors
    /// As there.
    pub fn to_dictionary(&self, indices: DataType) -> Result<RawColumn> {
        dictionary(self.iter(), DataType::Binary, indices)
    }
}

fn dictionary<'a>(
    rows: impl Iterator<Item = Option<&'a [u8]>>,
    value_type: DataType,
    indices: DataType,
) -> Result<RawColumn> {
    let Some((width, signed)) = index_layout(&indices) else {
        return Err(Error::bad_config(format!(
            "the indices of a dictionary are integers, not {indices}"
        )));
    };
    let bits = 8 * width - usize::from(signed);
    let most = u64::MAX >> (64 - bits);
    let mut positions: HashMap<&[u8], u64> = HashMap::new();
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut nulls = NullsBuilder::default();
    let (mut bytes, mut length) = (Vec::new(), 0);
    for row in rows {
        let position = match row {
            None => 0,
            Some(value) => *positions.entry(value).or_insert_with(|| {
                distinct.push(value);
                distinct.len() as u64 - 1
            }),
        };
        if position > most {
            return Err(Error::bad_data(format!(
                "the column has more different values than indices of {indices} can tell apart; take wider ones"
            )));
        }
        nulls.push(row.is_some());
        bytes.extend_from_slice(&position.to_le_bytes()[..width]);
        length += 1;
    }
    let nulls = nulls.finish();
    let mut values = RawColumn::from(distinct.into_iter().map(Some).collect::<Binary>());
    values.field.data_type = value_type;
    let count = nulls.count();
    let buffers = vec![nulls.into_buffer(), Buffer::from(bytes)];
    Ok(RawColumn::leaf(DataType::Dictionary(Box::new(indices)), length, count, buffers).with_children([values]))
}
