//! What a sink's configuration stands for: a place, a single file or a folder, an encoding.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config::WriteConfig;
use super::encode::Encoding;
use super::format::{Codec, Format};
use super::local::Local;
use super::remote::Remote;
use super::store::{self, Store};
use crate::Error;

/// Where the data become visible.
#[derive(Debug)]
pub(super) struct Target {
    pub place: Place,
    /// Name of the file, where there is a single one.
    pub file: Option<String>,
    pub encoding: Encoding,
    /// Its store, and its absolute URL.
    pub store: Store,
}

#[derive(Debug, Clone)]
pub(super) enum Place {
    Local(Local),
    Remote(Arc<Remote>),
}

impl Target {
    pub fn of(config: &WriteConfig) -> Result<Self, Error> {
        let store = store::open(&config.url, &config.store)?;
        let name = store.root.filename().unwrap_or_default();
        let local = store.local_path(&store.root);
        let has_extension = Path::new(name).extension().is_some();
        let is_folder = config.url.ends_with('/') || !has_extension || local.as_ref().is_some_and(|path| path.is_dir());
        let file = (!is_folder).then(|| name.to_owned());
        let encoding = encoding(config, file.as_deref())?;
        let place = if local.is_some() {
            // As the user wrote it, so that messages show it that way.
            let path = local_path(&config.url);
            let folder = if file.is_some() { parent(&path) } else { path };
            Place::Local(Local::new(folder, file.clone()).confined(store.confined))
        } else if let Some(multipart) = &store.multipart {
            Place::Remote(Arc::new(Remote::new(
                store.clone(),
                Arc::clone(multipart),
                file.clone(),
            )))
        } else {
            return Err(Error::Config {
                subject: store.url.to_string(),
                reason: "web servers can be read but not written; write to a folder or a bucket".to_owned(),
            });
        };
        Ok(Self {
            place,
            file,
            encoding,
            store,
        })
    }

    /// The target's URL, absolute.
    pub fn url(&self) -> String {
        self.store.url.to_string()
    }

    /// Ending of the names of files in a folder, without the first dot.
    pub fn extension(&self) -> String {
        let Encoding { format, codec, stream } = self.encoding;
        let name = if stream { "arrows" } else { format.extension() };
        match codec {
            _ if !format.is_text() => name.to_owned(),
            Codec::None => name.to_owned(),
            Codec::Gzip => format!("{name}.gz"),
            Codec::Zstd => format!("{name}.zst"),
            Codec::Bzip2 => format!("{name}.bz2"),
            Codec::Xz => format!("{name}.xz"),
        }
    }

    /// What messages and reports call a file: a path on the local file system, a URL elsewhere.
    pub fn shown(&self, path: &str) -> String {
        match &self.place {
            Place::Local(local) => {
                let path = local.path(path);
                path.strip_prefix(".").unwrap_or(&path).display().to_string()
            }
            Place::Remote(remote) => self.store.name(&remote.location(path)),
        }
    }

    /// A file's full name, as sources call theirs: the same for every way to write the URL.
    pub fn full_name(&self, path: &str) -> String {
        let folder = match (&self.place, &self.file) {
            (Place::Remote(remote), _) => return self.store.name(&remote.location(path)),
            (Place::Local(_), Some(_)) => return self.store.name(&self.store.root),
            (Place::Local(_), None) => self.store.name(&self.store.root),
        };
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

fn encoding(config: &WriteConfig, file: Option<&str>) -> Result<Encoding, Error> {
    let refused = |reason: &str| Error::Config {
        subject: config.url.clone(),
        reason: reason.to_owned(),
    };
    let named = file.and_then(Format::of_name);
    let unknown = || Error::UnknownFormat {
        url: config.url.clone(),
        expected: Format::EXPECTED,
    };
    let format = match (config.format, named) {
        (Some(format), _) | (None, Some((format, _))) => format,
        (None, None) if file.is_none() => Format::Parquet,
        (None, None) => return Err(unknown()),
    };
    let by_name = named.map_or(Codec::None, |(_, codec)| codec);
    if by_name != Codec::None && !format.is_text() {
        return Err(refused(
            "only text files are compressed as a whole; leave the name's last extension out",
        ));
    }
    let codec = config.compression.unwrap_or(by_name);
    if by_name != Codec::None && by_name != codec {
        return Err(refused("`compression` and the name's extension contradict each other"));
    }
    match (format, codec) {
        (Format::Parquet, Codec::Gzip | Codec::Zstd | Codec::Bzip2 | Codec::Xz) => {
            return Err(refused("`compression` is not for Parquet; set `parquet.compression`"));
        }
        (Format::Arrow, Codec::Gzip | Codec::Bzip2 | Codec::Xz) => {
            return Err(refused("Arrow files are compressed with `zstd` or not at all"));
        }
        _ => {}
    }
    let named_stream = file.is_some_and(|name| name.to_ascii_lowercase().ends_with(".arrows"));
    Ok(Encoding {
        format,
        codec,
        stream: format == Format::Arrow && config.arrow.stream.unwrap_or(named_stream),
    })
}

fn local_path(url: &str) -> PathBuf {
    let parsed = url
        .contains("://")
        .then(|| url::Url::parse(url).ok()?.to_file_path().ok());
    parsed.flatten().unwrap_or_else(|| PathBuf::from(url))
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
