//! Finds the files that a configuration names: one file, a folder, or a pattern.

mod commits;
mod small;

use std::collections::BTreeMap;
use std::path::Path as LocalPath;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStoreExt};

use super::pattern::{Pattern, Segment};
use super::store::{self, Store, StoreOptions};
use crate::Error;

/// How long a commit that is under way is waited for: renaming takes moments, unless whoever did it was killed.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Files of a source, in the order of their names, and the store that has them.
#[derive(Debug)]
pub(super) struct Listing {
    pub store: Store,
    /// The folder below which parts of names may be partitions.
    pub base: Path,
    pub files: Vec<ObjectMeta>,
    /// What is in the only file, where it is on a disk, was named, and is small.
    pub content: Option<Bytes>,
}

/// Finds the files. Files are hidden, and left out, when their name or that of a folder on the way begins with `.` or
/// `_`; a file that is asked for by its name never is.
///
/// # Errors
/// Also of a local folder of which a run makes files visible at this time, for longer than that takes, or was killed while
/// it did.
pub(super) async fn find(url: &str, options: &StoreOptions) -> Result<Listing, Error> {
    let began = Instant::now();
    loop {
        match find_now(url, options).await {
            Err(Error::HalfVisible { .. }) if began.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            found => return found,
        }
    }
}

async fn find_now(url: &str, options: &StoreOptions) -> Result<Listing, Error> {
    match Pattern::split(url) {
        Some((folder, pattern)) if !exists_as_named(url) && !is_web(url) => {
            let store = store::open(folder, options)?;
            commits::refuse_above(&store, &store.root)?;
            let files = matching(&store, url, &Pattern::parse(url, pattern)?).await?;
            let base = store.root.clone();
            found(url, store, base, files)
        }
        _ => named(url, options).await,
    }
}

/// Where the files that a source or sink may touch by this URL begin: the URL itself, or the folder before the first
/// wildcard; absolute, without `..` and links as far as it exists. No request is made.
///
/// # Errors
/// As [`store::open`].
pub fn location(url: &str, options: &StoreOptions) -> Result<String, Error> {
    let start = match Pattern::split(url) {
        Some((folder, _)) if !exists_as_named(url) && !is_web(url) => folder,
        _ => url,
    };
    Ok(store::open(start, options)?.url.to_string())
}

fn exists_as_named(url: &str) -> bool {
    !url.contains("://") && LocalPath::new(url).exists()
}

async fn named(url: &str, options: &StoreOptions) -> Result<Listing, Error> {
    let store = store::open(url, options)?;
    let root = store.root.clone();
    let is_folder =
        url.ends_with('/') || root.as_ref().is_empty() || store.local_path(&root).is_some_and(|path| path.is_dir());
    if !is_folder {
        let found = match small::look(&store, &root).await {
            Some((file, content)) => Ok((file, content)),
            None => head(&store, &root).await.map(|file| (file, None)),
        };
        match found {
            Ok((file, content)) => {
                return Ok(Listing {
                    base: store.root.clone(),
                    store,
                    files: vec![file],
                    content,
                });
            }
            // What is no file may still be a folder, but only where there are folders.
            Err(Error::NotFound { .. }) if !store.is_http() && !store.is_local() => {}
            Err(Error::NotFound { .. }) => return Err(Error::NotFound { url: url.to_owned() }),
            Err(error) => return Err(error),
        }
    }
    commits::refuse_above(&store, &root)?;
    let files = below(&store, &root).await?;
    if files.is_empty() && !is_folder {
        return Err(Error::NotFound { url: url.to_owned() });
    }
    if store.local_path(&root).is_some_and(|path| !path.exists()) {
        return Err(Error::NotFound { url: url.to_owned() });
    }
    found(url, store, root, files)
}

/// What a store says about one object.
async fn head(store: &Store, location: &Path) -> Result<ObjectMeta, Error> {
    match store.store.head(location).await {
        Ok(file) => Ok(file),
        Err(error @ object_store::Error::NotFound { .. }) => Err(store.explain("read", location, &error)),
        Err(error) => {
            // The answer to a HEAD request has no body that would say why; that to a small read has.
            let first_byte = GetOptions::new().with_range(Some(0..1));
            let telling = store.store.get_opts(location, first_byte).await.err().unwrap_or(error);
            Err(store.explain("read", location, &telling))
        }
    }
}

async fn below(store: &Store, folder: &Path) -> Result<Vec<ObjectMeta>, Error> {
    let prefix = (!folder.as_ref().is_empty()).then_some(folder);
    let listed = store.store.list(prefix).try_collect::<Vec<_>>().await;
    let mut files = listed.map_err(|error| store.explain("list", folder, &error))?;
    commits::refuse_in(store, folder, &files)?;
    files.retain(|file| is_visible(folder, &file.location));
    Ok(files)
}

fn is_visible(folder: &Path, location: &Path) -> bool {
    let hidden = |part: &str| part.starts_with('.') || part.starts_with('_') || part.ends_with("_$folder$");
    location
        .prefix_match(folder)
        .is_none_or(|mut parts| !parts.any(|part| hidden(part.as_ref())))
}

fn found(url: &str, store: Store, base: Path, mut files: Vec<ObjectMeta>) -> Result<Listing, Error> {
    if files.is_empty() {
        return Err(Error::NoFiles {
            url: url.to_owned(),
            listed: store.name(&base),
        });
    }
    if store.confined {
        refuse_links(&store, &base, &files)?;
    }
    files.sort_by(|one, two| one.location.cmp(&two.location));
    if !store.is_local() {
        for file in &mut files {
            file.e_tag = file.e_tag.take().map(as_header);
        }
    }
    Ok(Listing {
        store,
        base,
        files,
        content: None,
    })
}

/// Refuses local files that are, or are behind, links that lead out of the folder.
fn refuse_links(store: &Store, base: &Path, files: &[ObjectMeta]) -> Result<(), Error> {
    let Some(folder) = store.local_path(base) else {
        return Ok(());
    };
    for file in files {
        let stays = store.local_path(&file.location).is_some_and(|path| {
            let real = path.canonicalize();
            real.is_ok_and(|real| real.starts_with(&folder))
        });
        if !stays {
            return Err(Error::Config {
                subject: store.name(&file.location),
                reason: "it is a link that leads out of the folder that is read".to_owned(),
            });
        }
    }
    Ok(())
}

/// A tag as HTTP headers have it. Azure lists tags without their quotes.
fn as_header(tag: String) -> String {
    if tag.ends_with('"') { tag } else { format!("\"{tag}\"") }
}

/// Walks down from the pattern's folder, listing only what the pattern can lead to.
async fn matching(store: &Store, url: &str, pattern: &Pattern) -> Result<Vec<ObjectMeta>, Error> {
    let mut matched = BTreeMap::new();
    for segments in &pattern.alternatives {
        let mut folders = vec![(store.root.clone(), segments.as_slice())];
        while let Some((folder, segments)) = folders.pop() {
            let Some((segment, rest)) = segments.split_first() else {
                continue;
            };
            if let Segment::Literal(name) = segment
                && !rest.is_empty()
            {
                let folder = folder.join(name.as_str());
                commits::refuse_above(store, &folder)?;
                folders.push((folder, rest));
                continue;
            }
            if matches!(segment, Segment::AnyDepth) {
                for file in below(store, &folder).await? {
                    let names: Vec<_> = file.location.prefix_match(&folder).into_iter().flatten().collect();
                    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
                    if Segment::match_all(segments, &names) {
                        matched.insert(file.location.clone(), file);
                    }
                }
                continue;
            }
            let prefix = (!folder.as_ref().is_empty()).then_some(&folder);
            let listed = store.store.list_with_delimiter(prefix).await;
            let listed = match listed {
                Ok(listed) => listed,
                Err(object_store::Error::NotFound { .. }) => continue,
                Err(error) => return Err(store.explain("list", &folder, &error)),
            };
            commits::refuse_in(store, &folder, &listed.objects)?;
            let fits = |location: &Path| {
                let name = location.filename().unwrap_or_default();
                segment.matches(name) && (segment.shows_hidden() || is_visible(&folder, location))
            };
            for subfolder in listed.common_prefixes.into_iter().filter(|folder| fits(folder)) {
                if rest.is_empty() {
                    let files = below(store, &subfolder).await?;
                    matched.extend(files.into_iter().map(|file| (file.location.clone(), file)));
                } else {
                    folders.push((subfolder, rest));
                }
            }
            if rest.is_empty() {
                let files = listed.objects.into_iter().filter(|file| fits(&file.location));
                matched.extend(files.map(|file| (file.location.clone(), file)));
            }
        }
    }
    tracing::debug!(url, files = matched.len(), "listed");
    Ok(matched.into_values().collect())
}

/// Whether this is a web server's URL, in which `?` begins a query.
fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_as_headers_have_them() {
        for (listed, header) in [
            ("0x8D93C7D4629C227", "\"0x8D93C7D4629C227\""),
            ("\"abc\"", "\"abc\""),
            ("W/\"abc\"", "W/\"abc\""),
        ] {
            assert_eq!(as_header(listed.to_owned()), header);
        }
    }
}
