//! Looks at the beginnings of files for their columns.

use std::sync::Arc;

use arrow::datatypes::DataType;
use futures::{StreamExt, TryStreamExt};

use super::containers::Container;
use super::csv;
use super::format::Format;
use super::json;
use super::read_config::ReadConfig;
use super::scan::Reading;
use super::schema::{FileColumns, SeenColumn};
use super::store::Store;
use super::stored::StoredFile;
use super::text::{self, TextOptions};
use crate::Error;

/// Files that are looked at at the same time.
const PARALLEL_FILES: usize = 16;

/// Text that is looked at first when columns are inferred; what is missing is read on from there.
const SAMPLE_BYTES: usize = 1 << 20;

/// Text beyond which columns are taken as they have been inferred so far.
const MAX_SAMPLE_BYTES: usize = 256 << 20;

/// The same for each of the objects to be looked at in JSON, and for however few of them. Objects are held in memory while
/// they are looked at, of many files at the same time, and may be large.
const OBJECT_BYTES: usize = 2 << 10;
const MIN_OBJECTS_BYTES: usize = 16 << 20;

/// The files to look at: all, or as many as allowed, spread evenly, the first and the last among them.
pub(super) fn spread(files: &[StoredFile], most: usize) -> Vec<StoredFile> {
    let most = most.max(1);
    if files.len() <= most {
        return files.to_vec();
    }
    let last = files.len() - 1;
    let steps = (most - 1).max(1);
    let mut picked: Vec<usize> = (0..most).map(|step| step * last / steps).collect();
    picked.dedup();
    picked.into_iter().map(|index| files[index].clone()).collect()
}

/// The columns of each file; files without any content are left out. Those that are at hand are looked at here and now.
pub(super) async fn columns(
    store: &Arc<Store>,
    files: &[StoredFile],
    format: Format,
    reading: &Arc<Reading>,
    config: &ReadConfig,
    lenient: bool,
) -> Result<Vec<FileColumns>, Error> {
    let look = |file: StoredFile| {
        let (store, reading) = (Arc::clone(store), Arc::clone(reading));
        let infer_rows = config.infer_rows;
        async move {
            if reading.is_text() && file.is_at_hand() {
                return columns_of(&store, &file, format, &reading, infer_rows, lenient);
            }
            let name = Arc::clone(&file.name);
            let look =
                tokio::task::spawn_blocking(move || columns_of(&store, &file, format, &reading, infer_rows, lenient));
            look.await.unwrap_or_else(|join| {
                Err(Error::Read {
                    file: name.to_string(),
                    source: std::io::Error::other(join),
                })
            })
        }
    };
    let found = futures::stream::iter(files.to_vec()).map(look).buffered(PARALLEL_FILES);
    let found: Vec<Option<FileColumns>> = found.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

fn columns_of(
    store: &Arc<Store>,
    file: &StoredFile,
    format: Format,
    reading: &Reading,
    infer_rows: usize,
    lenient: bool,
) -> Result<Option<FileColumns>, Error> {
    match reading {
        Reading::Csv { text, dialect, options } => sampled(store, file, text, MAX_SAMPLE_BYTES, |sample, enough| {
            let first_line = 1 + text.skip_rows;
            let inferred = csv::infer(sample, first_line, *dialect, options, infer_rows, lenient);
            let inferred = inferred.map_err(|fault| Error::Line {
                file: file.name.to_string(),
                line: fault.line,
                reason: fault.reason,
            })?;
            if !enough && inferred.wants_more {
                return Ok(None);
            }
            let rows = inferred.rows;
            Ok(Some((inferred.into_columns(&file.name), rows)))
        }),
        Reading::Json { text, by_line } => {
            let most = infer_rows
                .saturating_mul(OBJECT_BYTES)
                .clamp(MIN_OBJECTS_BYTES, MAX_SAMPLE_BYTES);
            sampled(store, file, text, most, |sample, enough| {
                json::infer(sample, &file.name, *by_line, infer_rows, lenient, enough)
            })
        }
        Reading::Container => {
            let schema = Container::open(store, file, format, None, 1)?.schema;
            let columns = schema.fields().iter().map(|field| SeenColumn {
                name: field.name().clone(),
                data_type: Some(plain(field.data_type())),
                because: None,
            });
            Ok(Some(FileColumns {
                file: Arc::clone(&file.name),
                columns: columns.collect(),
                rows: 0,
            }))
        }
    }
}

/// Infers from samples that grow, up to `most` bytes, for as long as the answer is "more".
fn sampled(
    store: &Arc<Store>,
    file: &StoredFile,
    text: &TextOptions,
    most: usize,
    infer: impl Fn(&[u8], bool) -> Result<Option<(Vec<SeenColumn>, u64)>, Error>,
) -> Result<Option<FileColumns>, Error> {
    let mut bytes = SAMPLE_BYTES;
    loop {
        let (sample, whole) = text::sample(store, file, text, bytes)?;
        let enough = whole || bytes >= most;
        if let Some((columns, rows)) = infer(&sample, enough)? {
            return Ok((!columns.is_empty()).then(|| FileColumns {
                file: Arc::clone(&file.name),
                columns,
                rows,
            }));
        }
        bytes = (bytes * 8).min(most);
    }
}

/// The type that a column has in plans: encodings of a file are its own matter.
fn plain(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, value) => plain(value),
        DataType::RunEndEncoded(_, value) => plain(value.data_type()),
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    }
}
