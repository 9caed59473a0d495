//! Makes a table out of what a configuration names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use object_store::ObjectMeta;
use url::Url;

use super::csv::{CsvFiles, CsvTable};
use super::format::{Codec, Format};
use super::read_config::ReadConfig;
use super::text::{Dialect, TextFile};
use crate::Error;

/// Rows from which the columns of NDJSON are inferred.
const NDJSON_INFER_ROWS: usize = 10_000;

/// Files that are ready to be read.
#[derive(Debug, Clone)]
pub struct Source {
    table: Arc<dyn TableProvider>,
    format: Format,
    paths: Vec<PathBuf>,
    bytes: u64,
}

impl Source {
    /// The files as a table for DataFusion.
    pub fn table(&self) -> Arc<dyn TableProvider> {
        Arc::clone(&self.table)
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    /// Format of the files.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The files.
    pub fn files(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Bytes of all files, as stored.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Finds the files, tells their format and infers their columns.
///
/// # Errors
/// When there is nothing to read, when files differ in format or columns, when the format is unknown, and when a file
/// can't be read or is not in its format.
pub async fn open(config: &ReadConfig, session: &SessionContext) -> Result<Source, Error> {
    let state = session.state();
    let plan_error = |source: DataFusionError| Error::Source {
        url: config.url.clone(),
        source: Box::new(source),
    };

    let url = locate(&config.url)?;
    if url.scheme() != "file" {
        return Err(Error::Config {
            subject: config.url.clone(),
            reason: format!("`{}` URLs cannot be read yet; only local files can", url.scheme()),
        });
    }
    let store = state
        .runtime_env()
        .object_store(url.object_store())
        .map_err(plan_error)?;
    let files = list(config, &url, session).await?;
    let (format, codec) = format_of(config, &files)?;

    let bytes = files.iter().map(|file| file.size).sum();
    let paths: Vec<PathBuf> = files.iter().map(path_of).collect();
    let table: Arc<dyn TableProvider> = match format {
        Format::Csv | Format::Tsv => {
            let files = CsvFiles {
                store: url.object_store(),
                dialect: dialect_of(config, format)?,
                options: config.csv.clone(),
                files: files
                    .into_iter()
                    .map(|file| text_file(config, file, codec, paths.len()))
                    .collect(),
            };
            Arc::new(CsvTable::open(files, &store).await?)
        }
        Format::Ndjson => {
            let json = JsonFormat::default()
                .with_schema_infer_max_rec(NDJSON_INFER_ROWS)
                .with_file_compression_type(codec.decoder());
            listing(Arc::new(json), url, &files, session)
                .await
                .map_err(plan_error)?
        }
        Format::Json | Format::Avro | Format::Arrow | Format::Orc => {
            return Err(Error::Config {
                subject: config.url.clone(),
                reason: format!("{} cannot be read yet", format.name()),
            });
        }
        Format::Parquet => listing(Arc::new(ParquetFormat::default()), url, &files, session)
            .await
            .map_err(plan_error)?,
    };
    Ok(Source {
        table,
        format,
        paths,
        bytes,
    })
}

/// The URL of a source, which may be a path with any characters in it, a pattern or a URL already.
fn locate(source: &str) -> Result<ListingTableUrl, Error> {
    let failed = |source_error: DataFusionError| Error::Source {
        url: source.to_owned(),
        source: Box::new(source_error),
    };
    if source.contains("://") {
        let url = ListingTableUrl::parse(source).map_err(failed)?;
        let missing = url.get_url().to_file_path().is_ok_and(|path| !path.exists());
        return if missing { Err(not_found(source)) } else { Ok(url) };
    }
    match Path::new(source).canonicalize() {
        // Also where its name has characters that would stand for others in a pattern.
        Ok(path) => url_of(&path).map_err(failed),
        Err(_) if source.contains(['*', '?', '[']) => ListingTableUrl::parse(source).map_err(failed),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_found(source)),
        Err(error) => Err(Error::Read {
            file: source.to_owned(),
            source: error,
        }),
    }
}

fn not_found(source: &str) -> Error {
    Error::NotFound { url: source.to_owned() }
}

/// Where a local file is.
fn path_of(file: &ObjectMeta) -> PathBuf {
    Path::new("/").join(file.location.as_ref())
}

/// The URL of a file or folder that exists.
fn url_of(path: &Path) -> Result<ListingTableUrl, DataFusionError> {
    let url = if path.is_dir() {
        Url::from_directory_path(path)
    } else {
        Url::from_file_path(path)
    };
    let url = url.map_err(|()| DataFusionError::Plan(format!("{} is no absolute path", path.display())))?;
    ListingTableUrl::try_new(url, None)
}

async fn list(config: &ReadConfig, url: &ListingTableUrl, session: &SessionContext) -> Result<Vec<ObjectMeta>, Error> {
    let state = session.state();
    let listed = async {
        let store = state.runtime_env().object_store(url.object_store())?;
        url.list_all_files(&state, store.as_ref(), "")
            .await?
            .try_collect::<Vec<_>>()
            .await
    };
    let listed = listed.await.map_err(|source| Error::Source {
        url: config.url.clone(),
        source: Box::new(source),
    })?;
    let mut files: Vec<ObjectMeta> = listed.into_iter().filter(|file| !is_hidden(url, file)).collect();
    files.sort_by(|one, two| one.location.cmp(&two.location));
    if files.is_empty() {
        return Err(Error::NoFiles {
            url: config.url.clone(),
        });
    }
    Ok(files)
}

/// Whether a file, or a folder between it and the source, is hidden. A file that is asked for by its name never is.
fn is_hidden(url: &ListingTableUrl, file: &ObjectMeta) -> bool {
    url.strip_prefix(&file.location)
        .is_some_and(|mut parts| parts.any(|part| part.starts_with('.') || part.starts_with('_')))
}

fn format_of(config: &ReadConfig, files: &[ObjectMeta]) -> Result<(Format, Codec), Error> {
    let unknown = |url: &str| Error::UnknownFormat {
        url: url.to_owned(),
        expected: Format::EXPECTED,
    };
    let mut found = None;
    for file in files {
        let name = file.location.filename().unwrap_or_default();
        let told = match (Format::of_name(name), config.format) {
            (Some((format, codec)), wanted) => (wanted.unwrap_or(format), config.compression.unwrap_or(codec)),
            (None, Some(format)) => (format, config.compression.unwrap_or_default()),
            (None, None) => return Err(unknown(if files.len() == 1 { &config.url } else { name })),
        };
        if *found.get_or_insert(told) != told {
            return Err(Error::Config {
                subject: config.url.clone(),
                reason: format!(
                    "{name} has another format or compression than the files before it; read them by a pattern such as `*.csv.gz`"
                ),
            });
        }
    }
    let (format, codec) = found.ok_or_else(|| unknown(&config.url))?;
    if format == Format::Parquet && codec != Codec::None {
        return Err(Error::Config {
            subject: config.url.clone(),
            reason: "Parquet compresses its pages itself; a compressed Parquet file cannot be read".to_owned(),
        });
    }
    Ok((format, codec))
}

fn dialect_of(config: &ReadConfig, format: Format) -> Result<Dialect, Error> {
    let default = if format == Format::Tsv { '\t' } else { ',' };
    let delimiter = ascii(&config.url, "delimiter", config.csv.delimiter.unwrap_or(default))?;
    let quote = ascii(&config.url, "quote", config.csv.quote)?;
    if delimiter == quote {
        let reason = "the delimiter and the quote must be different characters".to_owned();
        return Err(Error::Config {
            subject: config.url.clone(),
            reason,
        });
    }
    Ok(Dialect { delimiter, quote })
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

fn text_file(config: &ReadConfig, file: ObjectMeta, codec: Codec, files: usize) -> TextFile {
    // One file is named as the user named it.
    let name = if files == 1 && !config.url.contains('*') && !config.url.ends_with('/') {
        config.url.clone()
    } else {
        format!("/{}", file.location)
    };
    TextFile {
        location: file.location,
        name: name.into(),
        codec,
        size: file.size,
    }
}

async fn listing(
    format: Arc<dyn FileFormat>,
    url: ListingTableUrl,
    files: &[ObjectMeta],
    session: &SessionContext,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    // Naming each file leaves the hidden ones out, for which listing tables have no filter.
    let urls = files
        .iter()
        .map(|file| url_of(&path_of(file)))
        .collect::<Result<Vec<_>, _>>()?;
    let options = ListingOptions::new(format).with_file_extension("");
    let state = session.state();
    let first = urls.first().unwrap_or(&url);
    let schema = options.infer_schema(&state, first).await?;
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config)?))
}
