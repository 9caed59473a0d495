//! Makes a table out of what a configuration names.

use std::sync::Arc;

use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use object_store::{GetOptions, ObjectMeta};

use super::bookmark::{self, FileBookmark};
use super::download;
use super::format::{Codec, Format};
use super::heads;
use super::listing::{self, Listing};
use super::parquet::{self, ParquetTable};
use super::partitions;
use super::read_config::ReadConfig;
use super::rejects::{BadRows, OnError, RejectedRows};
use super::scan::{FileSet, FileTable, Reading};
use super::schema::{ColumnReport, FileColumns, Origin, SchemaReport, name_of, unify};
use super::source::{ReadOptions, Source, SourceFile};
use super::store::{Store, StoreOptions};
use super::stored::StoredFile;
use super::text::{Cut, Dialect, TextOptions};
use crate::Error;

/// Bytes that tell a format.
const MAGIC_BYTES: u64 = 8;

/// Finds the files, tells their format and their columns.
///
/// # Errors
/// When there is nothing to read, when files differ in format or clash in columns, when the format is unknown, and when a
/// file can't be read or is not in its format.
pub async fn open(config: &ReadConfig, options: &ReadOptions<'_>, session: &SessionContext) -> Result<Source, Error> {
    let listing = listing::find(&config.url, &config.store).await?;
    let described = describe(&listing);
    let Listing {
        store,
        base,
        files,
        content,
    } = listing;
    let selected = bookmark::select(
        files.clone(),
        &store,
        options.bookmark,
        options.max_files,
        options.max_bytes,
    );
    let bookmark = options.bookmark.cloned().unwrap_or_default();
    let next_bookmark = bookmark.advanced(&store, selected.iter());
    let source_files = selected.iter().map(described).collect();

    // Without anything new, the columns are those of the last file.
    let nothing_new = selected.is_empty();
    let looked_at = if nothing_new {
        files.last().cloned().into_iter().collect()
    } else {
        selected
    };
    let (store, looked_at, download) = download::unless_in_parts(store, looked_at).await?;
    let store = Arc::new(store);
    let format = format_of(config, &store, &looked_at).await?;
    let opening = Opening {
        config,
        store,
        format,
        bad_rows: bad_rows(config, options),
    };
    let partitioned = partitions::find(
        &config.url,
        &base,
        looked_at.iter().map(|file| &file.location),
        config.partitions,
        &config.schema,
    )?;
    let mut stored = opening.stored(looked_at, partitioned.values);
    if let [only] = stored.as_mut_slice() {
        only.content = content;
    }
    let (table, report) = opening.table(stored, partitioned.fields, nothing_new, session).await?;
    Ok(Source {
        table,
        format,
        files: source_files,
        report: Arc::new(report),
        next_bookmark: Arc::new(next_bookmark),
        _download: download.map(Arc::new),
    })
}

/// The files that are new since a bookmark, the oldest first and at most `most`, and the bookmark after them, which stays
/// small: of more than a thousand files only those are in it by name that were changed within an hour of the newest. They
/// are listed and not opened.
///
/// # Errors
/// When the place can't be listed.
pub async fn new_files(
    url: &str,
    store: &StoreOptions,
    since: &FileBookmark,
    most: usize,
) -> Result<(Vec<SourceFile>, FileBookmark), Error> {
    let listing = match listing::find(url, store).await {
        Ok(listing) => listing,
        // Nothing has come yet.
        Err(Error::NotFound { .. } | Error::NoFiles { .. }) => return Ok((Vec::new(), since.clone())),
        Err(error) => return Err(error),
    };
    let described = describe(&listing);
    let Listing { store, files, .. } = listing;
    let mut selected = bookmark::select(files, &store, Some(since), None, None);
    let left = selected.get(most).map(|file| file.last_modified.timestamp_micros());
    selected.truncate(most);
    let next = since.looked(&store, selected.iter(), left);
    Ok((selected.iter().map(described).collect(), next))
}

fn describe(listing: &Listing) -> impl Fn(&ObjectMeta) -> SourceFile + use<> {
    let store = listing.store.clone();
    move |file| SourceFile {
        url: store.name(&file.location),
        bytes: file.size,
        modified: file.last_modified.timestamp_micros(),
        etag: file.e_tag.clone(),
        path: store.local_path(&file.location),
    }
}

fn bad_rows(config: &ReadConfig, options: &ReadOptions<'_>) -> BadRows {
    match (config.on_error, &options.rejects) {
        (OnError::Fail, _) => BadRows::default(),
        (OnError::Reject, Some(taker)) => BadRows::new(Some(Arc::clone(taker))),
        (OnError::Reject, None) => BadRows::new(Some(Arc::new(Logged))),
    }
}

/// Takes rejected rows where nobody else does.
struct Logged;

impl RejectedRows for Logged {
    fn reject(&self, file: &str, line: u64, _: String, _: &[u8]) {
        // The reason may quote a value, and logs hold none.
        tracing::warn!(file, line, "left out a row that cannot be read");
    }
}

async fn format_of(config: &ReadConfig, store: &Store, files: &[ObjectMeta]) -> Result<Format, Error> {
    if let Some(format) = config.format {
        return Ok(format);
    }
    let mut first: Option<(&ObjectMeta, Format)> = None;
    for file in files {
        let name = file.location.filename().unwrap_or_default();
        let format = if let Some((format, _)) = Format::of_name(name) {
            format
        } else {
            let url = match files.len() {
                1 => config.url.clone(),
                _ => store.name(&file.location),
            };
            let told = Format::of_bytes(&magic(store, file).await?);
            told.ok_or(Error::UnknownFormat {
                url,
                expected: Format::EXPECTED,
            })?
        };
        let (first, expected) = *first.get_or_insert((file, format));
        if format != expected {
            return Err(Error::Config {
                subject: config.url.clone(),
                reason: format!(
                    "{name} is {}, but {} is {}; read them by a pattern such as `*.csv.gz`",
                    format.name(),
                    first.location.filename().unwrap_or_default(),
                    expected.name()
                ),
            });
        }
    }
    first.map(|(_, format)| format).ok_or_else(|| Error::UnknownFormat {
        url: config.url.clone(),
        expected: Format::EXPECTED,
    })
}

async fn magic(store: &Store, file: &ObjectMeta) -> Result<Vec<u8>, Error> {
    if file.size == 0 {
        return Ok(Vec::new());
    }
    let options = GetOptions::new().with_range(Some(0..MAGIC_BYTES.min(file.size)));
    let read = async { store.store.get_opts(&file.location, options).await?.bytes().await };
    let bytes = read
        .await
        .map_err(|error| store.explain("read", &file.location, &error))?;
    Ok(bytes.to_vec())
}

/// What is settled about a source before its columns are.
struct Opening<'a> {
    config: &'a ReadConfig,
    store: Arc<Store>,
    format: Format,
    bad_rows: BadRows,
}

impl Opening<'_> {
    fn stored(
        &self,
        files: Vec<ObjectMeta>,
        partitions: Vec<Arc<[datafusion::common::ScalarValue]>>,
    ) -> Vec<StoredFile> {
        let config = self.config;
        // One file is named as the user named it.
        let as_named = files.len() == 1 && !config.url.contains(['*', '?', '[', '{']) && !config.url.ends_with('/');
        let named = as_named && self.store.is_local() && std::path::Path::new(&config.url).is_file();
        let stored = |(meta, partition): (ObjectMeta, _)| StoredFile {
            name: if named {
                config.url.clone().into()
            } else {
                self.store.name(&meta.location).into()
            },
            codec: config.compression.or_else(|| {
                let (_, codec) = Codec::strip(meta.location.filename().unwrap_or_default());
                (codec != Codec::None).then_some(codec)
            }),
            partition,
            meta,
            content: None,
        };
        files.into_iter().zip(partitions).map(stored).collect()
    }

    async fn table(
        &self,
        files: Vec<StoredFile>,
        partition_fields: Vec<FieldRef>,
        nothing_new: bool,
        session: &SessionContext,
    ) -> Result<(Arc<dyn TableProvider>, SchemaReport), Error> {
        let config = self.config;
        let looked_at = heads::spread(&files, config.infer_files);
        if self.format == Format::Parquet {
            let state = session.state();
            let plan_error = |source| Error::Source {
                url: config.url.clone(),
                source: Box::new(source),
            };
            let (store, store_url) = parquet::register(&self.store, &files).map_err(plan_error)?;
            let columns = parquet::footers(&state, &store, &looked_at).await?;
            let (file_schema, schema, report) = self.schema(columns, &partition_fields, files.len())?;
            let table = ParquetTable {
                store,
                store_url,
                files: if nothing_new { Vec::new() } else { files },
                file_schema,
                partition_fields,
                schema,
            };
            return Ok((Arc::new(table), report));
        }
        let reading = Arc::new(self.reading()?);
        let lenient = self.bad_rows.are_rejected();
        let columns = heads::columns(&self.store, &looked_at, self.format, &reading, config, lenient).await?;
        if columns.is_empty() {
            let file = files.first().map_or(config.url.as_str(), |file| &file.name);
            return Err(Error::Empty { file: file.to_owned() });
        }
        let width = columns.iter().map(|file| file.columns.len()).max().unwrap_or_default();
        let (_, schema, report) = self.schema(columns, &partition_fields, files.len())?;
        let set = FileSet {
            store: Arc::clone(&self.store),
            format: self.format,
            files: if nothing_new { Vec::new() } else { files },
            schema,
            width,
            partition_fields,
            given: config.schema.keys().cloned().collect(),
            reading,
            bad_rows: self.bad_rows.clone(),
        };
        Ok((Arc::new(FileTable::new(set)), report))
    }

    /// The columns of the files, those together with the ones of their folders, and the report about both.
    fn schema(
        &self,
        mut files: Vec<FileColumns>,
        partition_fields: &[FieldRef],
        file_count: usize,
    ) -> Result<(SchemaRef, SchemaRef, SchemaReport), Error> {
        let config = self.config;
        // A folder's column hides one of the same name in the files.
        let is_partition = |name: &str| partition_fields.iter().any(|field| field.name() == name);
        for file in &mut files {
            file.columns.retain(|column| !is_partition(&column.name));
        }
        let mut given = config.schema.clone();
        given.retain(|name, _| !is_partition(name));
        let declared = matches!(
            self.format,
            Format::Parquet | Format::Avro | Format::Arrow | Format::Orc
        );
        let origin = if declared { Origin::Declared } else { Origin::Inferred };
        // Objects need not have every key, and the first of them may lack one that later ones have.
        let may_be_absent = matches!(self.format, Format::Json | Format::Ndjson);
        let (unified, mut report) = unify(&config.url, &files, config.evolution, &given, may_be_absent, origin)?;
        for (name, wanted) in &given {
            let from = match self.format {
                Format::Csv | Format::Tsv => DataType::Utf8,
                _ => continue,
            };
            if !can_cast_types(&from, wanted.data_type()) {
                return Err(Error::Config {
                    subject: config.url.clone(),
                    reason: format!("the column `{name}` cannot become {wanted}: text has no such values"),
                });
            }
        }
        let mut fields: Vec<FieldRef> = unified.fields().to_vec();
        let file_schema = Arc::new(unified);
        for field in partition_fields {
            report.columns.push(ColumnReport {
                name: field.name().clone(),
                sql_type: name_of(field.data_type()),
                origin: Origin::Partition,
                files: file_count,
                because: None,
            });
            fields.push(Arc::clone(field));
        }
        Ok((file_schema, Arc::new(Schema::new(fields)), report))
    }

    fn reading(&self) -> Result<Reading, Error> {
        let (config, csv) = (self.config, &self.config.csv);
        let text = |cut, skip_rows| TextOptions {
            cut,
            encoding: config.encoding,
            skip_rows,
        };
        Ok(match self.format {
            Format::Csv | Format::Tsv => {
                let dialect = self.dialect()?;
                Reading::Csv {
                    text: text(Cut::Csv(dialect), csv.skip_rows),
                    dialect,
                    options: csv.clone(),
                }
            }
            Format::Ndjson => Reading::Json {
                text: text(Cut::Lines, 0),
                by_line: true,
            },
            Format::Json => Reading::Json {
                text: text(Cut::Objects, 0),
                by_line: false,
            },
            Format::Parquet | Format::Avro | Format::Arrow | Format::Orc => {
                if let Some(codec) = config.compression.filter(|codec| *codec != Codec::None) {
                    return Err(Error::Config {
                        subject: config.url.clone(),
                        reason: format!(
                            "{} compresses its content itself; leave `compression` ({codec:?}) out",
                            self.format.name()
                        ),
                    });
                }
                Reading::Container
            }
        })
    }

    fn dialect(&self) -> Result<Dialect, Error> {
        let (url, csv) = (&self.config.url, &self.config.csv);
        let default = if self.format == Format::Tsv { '\t' } else { ',' };
        let optional = |setting, character: Option<char>| character.map(|one| ascii(url, setting, one)).transpose();
        let dialect = Dialect {
            delimiter: ascii(url, "delimiter", csv.delimiter.unwrap_or(default))?,
            quote: ascii(url, "quote", csv.quote)?,
            escape: optional("escape", csv.escape)?,
            comment: optional("comment", csv.comment)?,
        };
        let special = [
            Some(dialect.quote),
            dialect.escape.filter(|escape| *escape != dialect.quote),
            dialect.comment,
        ];
        let clash = special.iter().flatten().any(|byte| *byte == dialect.delimiter);
        if clash || dialect.comment == Some(dialect.quote) {
            let reason = "the delimiter, the quote and the comment must be different characters".to_owned();
            return Err(Error::Config {
                subject: url.clone(),
                reason,
            });
        }
        Ok(dialect)
    }
}

/// A character that may separate or enclose values.
pub(super) fn ascii(url: &str, setting: &str, character: char) -> Result<u8, Error> {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() && byte != b'\n' && byte != b'\r' => Ok(byte),
        _ => Err(Error::Config {
            subject: url.to_owned(),
            reason: format!("`{setting}` must be one ASCII character other than a line end, not {character:?}"),
        }),
    }
}
