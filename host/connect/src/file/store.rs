//! Object stores: the local file system, S3, Google Cloud Storage, Azure and HTTP behind one interface.
//!
//! Requests that fail with a server's error (5xx), a broken connection or a timeout are repeated with growing, random
//! pauses in between; [`StoreOptions`] says how often.

mod build;
mod confined;
mod failure;
mod google_key;
mod options;

use std::path::{Component, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use url::Url;

pub use options::StoreOptions;

use crate::Error;

/// A store and a place in it.
#[derive(Clone)]
pub struct Store {
    /// The bucket, container, server or file system.
    pub store: Arc<dyn ObjectStore>,
    /// The object or folder in it that the URL names; no part of it is a pattern.
    pub root: Path,
    /// The URL, absolute and normalised. It holds no secrets: the query of an HTTP URL is left out.
    pub url: Url,
    /// Uploads in parts, where the store has them.
    pub(super) multipart: Option<Arc<dyn MultipartStore>>,
    /// The server, where it is not the usual one.
    endpoint: Option<String>,
    /// What must not appear in messages.
    hidden: Vec<String>,
    /// Whether links that lead out of a folder are not followed.
    pub(super) confined: bool,
}

/// What a URL begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Local,
    S3,
    Gcs,
    Azure,
    Http,
}

/// Finds the store that a URL or a path names. No request is made yet.
///
/// Understood are paths and `file://`, `s3://bucket/key`, `gs://bucket/key`, `az://container/key`,
/// `abfss://container@account.dfs.core.windows.net/key` and `http(s)://`. Keys stand as they are, without percent
/// encoding. What `options` leaves open comes from the usual environment variables of the cloud's own tools
/// (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_ACCOUNT_KEY` and so on).
///
/// ```
/// use tenon_connect::file::store::{self, StoreOptions};
///
/// # fn main() -> Result<(), tenon_connect::Error> {
/// let options = StoreOptions { region: Some("eu-central-1".to_owned()), ..StoreOptions::default() };
/// let store = store::open("s3://lake/orders/2013", &options)?;
/// assert_eq!(store.root.as_ref(), "orders/2013");
/// assert_eq!(store.name(&store.root.clone().join("a b.csv")), "s3://lake/orders/2013/a b.csv");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the URL can't be understood, and when an option is not one of this kind of store or contradicts another.
pub fn open(url: &str, options: &StoreOptions) -> Result<Store, Error> {
    match Scheme::of(url)? {
        Scheme::Local => local(url, options),
        Scheme::Http => http(url, options),
        scheme => bucket(url, scheme, options),
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Store")
            .field("url", &self.url.as_str())
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// An object's full name, as messages show it and as [`open`] understands it.
    pub fn name(&self, location: &Path) -> String {
        match self.url.scheme() {
            "file" => format!("/{location}"),
            scheme => {
                let user = match self.url.username() {
                    "" => String::new(),
                    user => format!("{user}@"),
                };
                let host = self.url.host_str().unwrap_or_default();
                let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{scheme}://{user}{host}{port}/{location}")
            }
        }
    }

    /// Where an object is on the local file system; none for any other store.
    pub fn local_path(&self, location: &Path) -> Option<PathBuf> {
        self.is_local().then(|| PathBuf::from(format!("/{location}")))
    }

    /// Whether the store is the local file system.
    pub fn is_local(&self) -> bool {
        self.url.scheme() == "file"
    }

    /// Whether the store is a web server, which can't list.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.url.scheme(), "http" | "https")
    }
}

impl Scheme {
    pub(super) fn of(url: &str) -> Result<Self, Error> {
        let Some((scheme, _)) = url.split_once("://") else {
            return Ok(Self::Local);
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" => Ok(Self::Local),
            "s3" | "s3a" => Ok(Self::S3),
            "gs" => Ok(Self::Gcs),
            "az" | "azure" | "abfs" | "abfss" => Ok(Self::Azure),
            "http" | "https" => Ok(Self::Http),
            _ => Err(Error::Config {
                subject: url.to_owned(),
                reason: format!(
                    "`{scheme}` is no known kind of store; expected a path, file://, s3://, gs://, az://, abfss://, \
                     http:// or https://"
                ),
            }),
        }
    }
}

fn local(url: &str, options: &StoreOptions) -> Result<Store, Error> {
    options.refuse_foreign(url, Scheme::Local)?;
    let invalid = |reason: String| Error::Config {
        subject: url.to_owned(),
        reason,
    };
    let path = if url.contains("://") {
        let parsed = Url::parse(url).ok().and_then(|parsed| parsed.to_file_path().ok());
        parsed.ok_or_else(|| invalid("this is no URL of a local file; expected file:///folder/name".to_owned()))?
    } else {
        PathBuf::from(url)
    };
    let path = absolute(&path).map_err(|error| invalid(format!("its folder cannot be told: {error}")))?;
    let unrepresentable = || invalid("the path is not UTF-8, or has parts that no URL can hold".to_owned());
    let text = path.to_str().ok_or_else(unrepresentable)?;
    let root = Path::parse(text).map_err(|error| invalid(error.to_string()))?;
    let parsed = if url.ends_with('/') || path.is_dir() {
        Url::from_directory_path(&path)
    } else {
        Url::from_file_path(&path)
    };
    Ok(Store {
        store: Arc::new(object_store::local::LocalFileSystem::new()),
        multipart: None,
        root,
        url: parsed.map_err(|()| unrepresentable())?,
        endpoint: None,
        hidden: Vec::new(),
        confined: options.confined,
    })
}

/// An absolute path without `.`, `..` and links, as far as the path exists; the rest is appended.
fn absolute(path: &std::path::Path) -> std::io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let mut existing = path.as_path();
    loop {
        match existing.canonicalize() {
            Ok(mut whole) => {
                let missing = path.strip_prefix(existing).unwrap_or(std::path::Path::new(""));
                for part in missing.components() {
                    match part {
                        Component::ParentDir => {
                            whole.pop();
                        }
                        Component::CurDir => {}
                        part => whole.push(part),
                    }
                }
                return Ok(whole);
            }
            Err(error) => match existing.parent() {
                Some(parent) => existing = parent,
                None => return Err(error),
            },
        }
    }
}

fn bucket(url: &str, scheme: Scheme, options: &StoreOptions) -> Result<Store, Error> {
    options.refuse_foreign(url, scheme)?;
    let invalid = |reason: String| Error::Config {
        subject: url.to_owned(),
        reason,
    };
    // By hand: `?`, `#` and `%` mean nothing special in a key.
    let (name, rest) = url.split_once("://").unwrap_or_default();
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.is_empty() {
        return Err(invalid(format!("the bucket is missing; expected {name}://bucket/key")));
    }
    let root = Path::parse(key).map_err(|error| invalid(error.to_string()))?;
    let mut parsed = Url::parse(&format!("{}://{authority}/", name.to_ascii_lowercase()))
        .map_err(|error| invalid(format!("`{authority}` is no name of a bucket: {error}")))?;
    if let Ok(mut segments) = parsed.path_segments_mut() {
        segments.pop_if_empty().extend(root.parts());
        if key.ends_with('/') {
            segments.push("");
        }
    }
    let client = build::bucket(url, &parsed, scheme, options)?;
    Ok(Store {
        store: client.store,
        multipart: Some(client.multipart),
        root,
        url: parsed,
        endpoint: client.endpoint,
        hidden: Vec::new(),
        confined: options.confined,
    })
}

fn http(url: &str, options: &StoreOptions) -> Result<Store, Error> {
    options.refuse_foreign(url, Scheme::Http)?;
    let shown = url.split(['?', '#']).next().unwrap_or(url);
    let invalid = |reason: String| Error::Config {
        subject: shown.to_owned(),
        reason,
    };
    let mut parsed = Url::parse(url).map_err(|error| invalid(format!("this is no URL: {error}")))?;
    if parsed.username() != "" || parsed.password().is_some() {
        return Err(Error::Config {
            subject: format!("a URL at {}", parsed.host_str().unwrap_or_default()),
            reason: "user name and password do not belong in a URL; use `store.bearer_token`".to_owned(),
        });
    }
    let root = Path::from_url_path(parsed.path()).map_err(|error| invalid(error.to_string()))?;
    if root.as_ref().is_empty() || parsed.path().ends_with('/') {
        let reason = "a web server does not list its files; name a single one".to_owned();
        return Err(invalid(reason));
    }
    let mut base = parsed.clone();
    base.set_path("/");
    base.set_fragment(None);
    let hidden = parsed.query().map(str::to_owned).into_iter().collect();
    let store = build::http(shown, &base, options)?;
    parsed.set_query(None);
    parsed.set_fragment(None);
    Ok(Store {
        store,
        multipart: None,
        root,
        url: parsed,
        endpoint: None,
        hidden,
        confined: options.confined,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_from_urls() {
        let options = StoreOptions {
            region: Some("eu-west-1".to_owned()),
            ..StoreOptions::default()
        };
        let store = open("s3://lake/a b/what?/50%/x.csv", &options).expect("understood");
        assert_eq!(store.root.as_ref(), "a b/what?/50%/x.csv");
        assert_eq!(store.name(&store.root), "s3://lake/a b/what?/50%/x.csv");

        let none = StoreOptions::default();
        let store = open("https://example.com:8080/a%20b/x.csv?token=hunter2", &none).expect("understood");
        assert_eq!(store.root.as_ref(), "a b/x.csv");
        assert_eq!(store.name(&store.root), "https://example.com:8080/a b/x.csv");
        assert!(!store.url.as_str().contains("hunter2"));

        let store = open("abfss://lake@account.dfs.core.windows.net/x", &none).expect("understood");
        assert_eq!(store.name(&store.root), "abfss://lake@account.dfs.core.windows.net/x");
        let store = open(
            "gs://lake",
            &StoreOptions {
                anonymous: Some(true),
                ..none.clone()
            },
        )
        .expect("understood");
        assert_eq!(store.name(&Path::from("x")), "gs://lake/x");

        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().canonicalize().expect("there");
        let store = open(&format!("{}/no/../100% #1/", folder.display()), &none).expect("understood");
        assert_eq!(store.local_path(&store.root), Some(folder.join("100% #1")));
        assert!(store.url.as_str().ends_with("/100%25%20%231/"), "{}", store.url);
        let again = open(store.url.as_str(), &none).expect("understood");
        assert_eq!(again.root, store.root);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let region = StoreOptions {
            region: Some("eu-west-1".to_owned()),
            ..StoreOptions::default()
        };
        let refused = |url: &str, options: &StoreOptions| open(url, options).expect_err("refused").to_string();
        let none = StoreOptions::default();
        assert!(refused("ftp://x/y", &none).contains("`ftp` is no known kind of store"));
        assert!(refused("s3:///x", &none).contains("the bucket is missing"));
        assert!(refused("/tmp/x.csv", &region).contains("`region` is no option of local files"));
        let elsewhere = StoreOptions {
            region: Some("x.example.com/?".to_owned()),
            ..none.clone()
        };
        assert!(refused("s3://x/y", &elsewhere).contains("`region` is made of"));
        for account in [
            "x.example.com/?",
            "evil.example#",
            "Shop",
            "ab",
            "a:b@c",
            "aaaaabbbbbcccccdddddeeeee",
        ] {
            let elsewhere = StoreOptions {
                account: Some(account.to_owned()),
                account_key: Some(crate::Secret::new("a2V5")),
                ..none.clone()
            };
            assert!(
                refused("az://x/y", &elsewhere).contains("`account` is made of"),
                "{account}"
            );
        }
        assert!(refused("https://example.com/", &none).contains("name a single one"));
        let named = refused("https://me:hunter2@example.com/x.csv", &none);
        assert!(!named.contains("hunter2"), "{named}");
        let plain = StoreOptions {
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            ..StoreOptions::default()
        };
        assert!(refused("s3://x/y", &plain).contains("allow_http"));
    }

    #[test]
    fn a_foreign_account_is_not_reached_by_the_machines_own_identity() {
        let foreign = StoreOptions {
            account: Some("shop2".to_owned()),
            confined: true,
            ..StoreOptions::default()
        };
        for anonymous in [None, Some(false), Some(true)] {
            let options = StoreOptions {
                anonymous,
                ..foreign.clone()
            };
            let error = open("az://lake/x", &options).expect_err("refused").to_string();
            assert!(error.contains("`account` goes with a key of its own"), "{error}");
        }
        let own = StoreOptions {
            account_key: Some(crate::Secret::new("a2V5")),
            ..foreign.clone()
        };
        open("az://lake/x", &own).expect("its own key");
        let unconfined = StoreOptions {
            confined: false,
            anonymous: Some(true),
            ..foreign
        };
        open("az://lake/x", &unconfined).expect("nobody's house");
    }
}
