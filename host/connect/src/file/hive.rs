//! Splits rows by the values of columns into folders such as `year=2013/carrier=UA`, the way Hive, Spark and Glue name
//! them.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{cast, interleave_record_batch};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};

use crate::Error;

/// Folder name for no value.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// Bytes that are gathered before they are split, so that each folder gets many rows at a time.
const GATHERED_BYTES: usize = 32 << 20;

/// Which columns name folders, and which are left for the files.
#[derive(Debug)]
pub(super) struct Layout {
    /// Indices of the columns that name folders, outermost first.
    keys: Vec<usize>,
    /// Indices of the others.
    rest: Vec<usize>,
    /// Names of the columns in `keys`, escaped.
    names: Vec<String>,
    /// Columns of the files.
    pub schema: SchemaRef,
}

impl Layout {
    /// None where nothing names folders. `url` is for messages.
    pub fn of(url: &str, partition_by: &[String], schema: &SchemaRef) -> Result<Option<Self>, Error> {
        if partition_by.is_empty() {
            return Ok(None);
        }
        let refused = |reason: String| Error::Config {
            subject: url.to_owned(),
            reason,
        };
        let mut keys = Vec::with_capacity(partition_by.len());
        for name in partition_by {
            let index = schema.index_of(name).map_err(|_| {
                let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                refused(format!(
                    "`partition_by` names the column `{name}`, which is not there; there are: {}",
                    columns.join(", ")
                ))
            })?;
            if keys.contains(&index) {
                return Err(refused(format!("`partition_by` names the column `{name}` twice")));
            }
            let data_type = schema.field(index).data_type();
            if !can_name(data_type) {
                return Err(refused(format!(
                    "`partition_by` names the column `{name}`, whose type {data_type} makes no folder names; cast it to \
                     text, a number, a date or a time"
                )));
            }
            keys.push(index);
        }
        let rest: Vec<usize> = (0..schema.fields().len())
            .filter(|index| !keys.contains(index))
            .collect();
        if rest.is_empty() {
            let reason = "`partition_by` names all columns, so that none are left for the files".to_owned();
            return Err(refused(reason));
        }
        let projected = schema.project(&rest).map_err(|error| refused(error.to_string()))?;
        Ok(Some(Self {
            names: partition_by.iter().map(|name| escaped(name)).collect(),
            keys,
            rest,
            schema: Arc::new(Schema::new(projected.fields)),
        }))
    }
}

fn can_name(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => can_name(values),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_)
        | DataType::Interval(_)
        | DataType::RunEndEncoded(_, _) => false,
        other => !other.is_nested(),
    }
}

/// Gathers rows and splits them.
#[derive(Debug)]
pub(super) struct Splitter {
    layout: Arc<Layout>,
    converter: RowConverter,
    gathered: Vec<RecordBatch>,
    bytes: usize,
}

/// Rows of one folder, without the columns that name it.
#[derive(Debug)]
pub(super) struct Share {
    pub folder: String,
    pub rows: RecordBatch,
}

impl Splitter {
    pub fn new(layout: Arc<Layout>, schema: &Schema) -> Result<Self, ArrowError> {
        let sort = |key: &usize| SortField::new(schema.field(*key).data_type().clone());
        Ok(Self {
            converter: RowConverter::new(layout.keys.iter().map(sort).collect())?,
            layout,
            gathered: Vec::new(),
            bytes: 0,
        })
    }

    /// Takes rows in; whether it is time to [`split`](Self::split).
    pub fn gather(&mut self, batch: &RecordBatch) -> bool {
        self.bytes += batch.get_array_memory_size();
        self.gathered.push(batch.clone());
        self.bytes >= GATHERED_BYTES
    }

    /// What was gathered, by folder, in the order in which the folders came up. Each row is copied once.
    pub fn split(&mut self) -> Result<Vec<Share>, ArrowError> {
        let batches = std::mem::take(&mut self.gathered);
        self.bytes = 0;
        let mut groups: HashMap<OwnedRow, usize> = HashMap::new();
        // Of each group: where its first row is, and all of its rows.
        let mut members: Vec<Vec<(usize, usize)>> = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            let keys: Vec<ArrayRef> = self
                .layout
                .keys
                .iter()
                .map(|key| Arc::clone(batch.column(*key)))
                .collect();
            let rows = self.converter.convert_columns(&keys)?;
            let mut last: Option<usize> = None;
            for index in 0..batch.num_rows() {
                let row = rows.row(index);
                // Neighbours are often alike, and sorted input is nothing but such runs.
                let group = match last.filter(|_| rows.row(index - 1) == row) {
                    Some(group) => group,
                    None => *groups.entry(row.owned()).or_insert_with(|| {
                        members.push(Vec::new());
                        members.len() - 1
                    }),
                };
                members[group].push((number, index));
                last = Some(group);
            }
        }
        self.shares(&batches, &members)
    }

    fn shares(&self, batches: &[RecordBatch], members: &[Vec<(usize, usize)>]) -> Result<Vec<Share>, ArrowError> {
        let rest: Vec<RecordBatch> = batches
            .iter()
            .map(|batch| {
                let columns = self
                    .layout
                    .rest
                    .iter()
                    .map(|index| Arc::clone(batch.column(*index)))
                    .collect();
                RecordBatch::try_new(Arc::clone(&self.layout.schema), columns)
            })
            .collect::<Result<_, _>>()?;
        let order: Vec<(usize, usize)> = members.iter().flatten().copied().collect();
        if order.is_empty() {
            return Ok(Vec::new());
        }
        let rest: Vec<&RecordBatch> = rest.iter().collect();
        let sorted = interleave_record_batch(&rest, &order)?;
        let mut shares = Vec::with_capacity(members.len());
        let mut start = 0;
        for rows in members {
            let Some((batch, index)) = rows.first() else { continue };
            shares.push(Share {
                folder: self.folder(&batches[*batch], *index)?,
                rows: sorted.slice(start, rows.len()),
            });
            start += rows.len();
        }
        Ok(shares)
    }

    fn folder(&self, batch: &RecordBatch, index: usize) -> Result<String, ArrowError> {
        let mut folder = String::new();
        for (key, name) in self.layout.keys.iter().zip(&self.layout.names) {
            let value = cast(&batch.column(*key).slice(index, 1), &DataType::Utf8)?;
            let value = value.as_string::<i32>();
            let text = match value.is_valid(0).then(|| value.value(0)) {
                None | Some("") => NO_VALUE.to_owned(),
                Some(text) => escaped(text),
            };
            let separator = if folder.is_empty() { "" } else { "/" };
            // Writing to a string does not fail.
            let _ = write!(folder, "{separator}{name}={text}");
        }
        Ok(folder)
    }
}

/// Replaces what means something in a path, a URL or a pattern by `%` and two digits, as Hive and Spark do.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let special = character.is_ascii_control() || "\"#%'*/:=?\\{}[]^<>|~&+`".contains(character);
        if special {
            let _ = write!(escaped, "%{:02X}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Int64Array, StringArray};

    use super::*;

    fn batch() -> RecordBatch {
        let carrier: ArrayRef = Arc::new(StringArray::from(vec![
            Some("UA"),
            Some("a/b"),
            None,
            Some("UA"),
            Some(""),
        ]));
        let day: ArrayRef = Arc::new(Date32Array::from(vec![0, 0, 1, 1, 1]));
        let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]));
        RecordBatch::try_from_iter([("carrier", carrier), ("day", day), ("id", id)]).expect("a batch")
    }

    fn layout(columns: &[&str]) -> Result<Option<Layout>, Error> {
        let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        Layout::of("out/", &columns, &batch().schema())
    }

    #[test]
    fn rows_go_to_the_folders_of_their_values() {
        let layout = layout(&["day", "carrier"]).expect("a layout").expect("some");
        let mut splitter = Splitter::new(Arc::new(layout), &batch().schema()).expect("a splitter");
        assert!(!splitter.gather(&batch()));
        assert!(!splitter.gather(&batch()));
        let shares = splitter.split().expect("split");
        let found: Vec<(&str, Vec<i64>)> = shares
            .iter()
            .map(|share| {
                assert_eq!(share.rows.num_columns(), 1);
                let ids = share.rows.column(0).as_primitive::<arrow::datatypes::Int64Type>();
                (share.folder.as_str(), ids.values().to_vec())
            })
            .collect();
        let expected = [
            ("day=1970-01-01/carrier=UA", vec![1, 1]),
            ("day=1970-01-01/carrier=a%2Fb", vec![2, 2]),
            ("day=1970-01-02/carrier=__HIVE_DEFAULT_PARTITION__", vec![3, 3]),
            ("day=1970-01-02/carrier=UA", vec![4, 4]),
            ("day=1970-01-02/carrier=__HIVE_DEFAULT_PARTITION__", vec![5, 5]),
        ];
        assert_eq!(found, expected);
        assert!(splitter.split().expect("nothing left").is_empty());
    }

    #[test]
    fn columns_that_cannot_name_folders_are_refused() {
        assert!(layout(&[]).expect("nothing asked").is_none());
        for (columns, reason) in [
            (&["year"][..], "which is not there; there are: carrier, day, id"),
            (&["day", "day"], "twice"),
            (&["day", "carrier", "id"], "names all columns"),
        ] {
            let error = layout(columns).expect_err("refused").to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn escaping() {
        assert_eq!(escaped("a b/c=d%\u{7f}é"), "a b%2Fc%3Dd%25%7Fé");
    }
}
