//! The folder in S3 through which rows go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{ConnectOptions, Error, Secret};

/// Requests at the same time.
const REQUESTS: usize = 8;
/// Retries of a request: with pauses that double from a tenth of a second, some three seconds.
const RETRIES: usize = 5;

/// A folder in S3, and how the cluster is to reach it.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    pub store: Arc<dyn ObjectStore>,
    /// `s3://bucket`.
    root: String,
    folder: Path,
    /// What statements say of who may read and write there. Holds secrets.
    authorization: Secret,
    pub region: Option<String>,
    secrets: Vec<Secret>,
}

impl Bucket {
    /// The one that the options name; none where they name none.
    pub fn of(options: &ConnectOptions) -> Result<Option<Self>, Error> {
        let Some(temp_dir) = &options.temp_dir else {
            if options.has_files() {
                let reason = "the options of S3 go with it: name a folder, `s3://bucket/prefix/`";
                return Err(refused("temp_dir", reason));
            }
            return Ok(None);
        };
        let (name, folder) = parse(temp_dir)?;
        check_key(options)?;
        let store = client(&name, options)?;
        Ok(Some(Self {
            store: Arc::new(store),
            root: format!("s3://{name}"),
            folder,
            authorization: Secret::new(authorization(options)?),
            region: options.s3_region.clone(),
            secrets: [&options.s3_secret_access_key, &options.s3_session_token]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        }))
    }

    /// A folder in it.
    pub fn folder(&self, name: &str) -> Path {
        self.folder.clone().join(name)
    }

    /// A folder in it that nobody else has.
    pub fn unique_folder(&self) -> Path {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let seed = format!("{}/{}/{count}", now.as_nanos(), std::process::id());
        self.folder(&format!("unload-{}", &hex::encode(Sha256::digest(seed))[..20]))
    }

    /// The URL of an object.
    pub fn url(&self, path: &Path) -> String {
        format!("{}/{path}", self.root)
    }

    /// The object of a URL that the cluster gives.
    pub fn path(&self, url: &str) -> Option<Path> {
        Path::parse(url.strip_prefix(&self.root)?.strip_prefix('/')?).ok()
    }

    /// What a statement says of who may read and write there. Not to be shown.
    pub fn authorization(&self) -> &str {
        self.authorization.reveal()
    }

    /// Writes an object.
    pub async fn put(&self, path: &Path, content: impl Into<Bytes>) -> Result<(), Error> {
        let put = self.store.put(path, content.into().into()).await;
        put.map(|_| ()).map_err(|error| self.failed("writing", path, &error))
    }

    /// Reads a small object; none where it is not there.
    pub async fn get(&self, path: &Path) -> Result<Option<Bytes>, Error> {
        let got = async { self.store.get(path).await?.bytes().await };
        match got.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("reading", path, &error)),
        }
    }

    /// Removes a folder with all that is in it.
    pub async fn remove(&self, folder: &Path) -> Result<(), Error> {
        let objects = self.store.list(Some(folder)).map_ok(|object| object.location);
        let removed = objects.try_for_each_concurrent(REQUESTS, |path| async move {
            match self.store.delete(&path).await {
                Err(object_store::Error::NotFound { .. }) => Ok(()),
                other => other,
            }
        });
        removed.await.map_err(|error| self.failed("removing", folder, &error))
    }

    /// Folders in it whose names begin so.
    pub async fn folders(&self, beginning: &str) -> Result<Vec<(String, Path)>, Error> {
        let listed = self.store.list_with_delimiter(Some(&self.folder)).await;
        let listed = listed.map_err(|error| self.failed("listing", &self.folder, &error))?;
        let named = listed.common_prefixes.into_iter().filter_map(|path| {
            let name = path.filename()?.to_owned();
            name.starts_with(beginning).then_some((name, path))
        });
        Ok(named.collect())
    }

    /// The youngest object of a folder, in seconds since the beginning of 1970.
    pub async fn changed(&self, folder: &Path) -> Result<Option<i64>, Error> {
        let mut youngest = None;
        let mut objects = self.store.list(Some(folder));
        while let Some(object) = objects.next().await {
            let object = object.map_err(|error| self.failed("listing", folder, &error))?;
            youngest = youngest.max(Some(object.last_modified.timestamp()));
        }
        Ok(youngest)
    }

    /// An error of the store.
    pub fn failed(&self, doing: &str, path: &Path, error: &object_store::Error) -> Error {
        let message = self.redacted(error.to_string());
        let denied = matches!(
            error,
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }
        );
        Error::Refused {
            database: self.root.clone(),
            doing: format!("{doing} {} (`temp_dir`)", self.url(path)),
            message,
            code: None,
            transient: !denied && !matches!(error, object_store::Error::NotFound { .. }),
        }
    }

    /// An error of the database without the secrets that its statement held.
    pub fn without_secrets(&self, error: Error) -> Error {
        match error {
            Error::Refused {
                database,
                doing,
                message,
                code,
                transient,
            } => Error::Refused {
                database,
                doing,
                message: self.redacted(message),
                code,
                transient,
            },
            Error::Lost {
                database,
                doing,
                reason,
            } => Error::Lost {
                database,
                doing,
                reason: self.redacted(reason),
            },
            other => other,
        }
    }

    fn redacted(&self, message: String) -> String {
        self.secrets
            .iter()
            .map(Secret::reveal)
            .filter(|secret| !secret.is_empty())
            .fold(message, |message, secret| message.replace(secret, "***"))
    }
}

/// The bucket's name and the folder in it.
fn parse(temp_dir: &str) -> Result<(String, Path), Error> {
    let wrong = || {
        refused(
            "temp_dir",
            "it is not the URL of a folder in S3; expected `s3://bucket/prefix/`",
        )
    };
    // It becomes part of statements, in which a backslash or a quote would have to be escaped.
    if temp_dir.contains(['\'', '"', '\\', '?', '#', '%']) || temp_dir.chars().any(char::is_control) {
        return Err(refused(
            "temp_dir",
            "it has quotes, backslashes or other characters that no such folder needs",
        ));
    }
    let url = Url::parse(temp_dir).map_err(|_| wrong())?;
    let bucket = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let is_s3 = matches!(url.scheme(), "s3" | "s3a" | "s3n");
    if !is_s3 || url.port().is_some() || !url.username().is_empty() {
        return Err(wrong());
    }
    let (_, folder) = temp_dir
        .split_once("://")
        .map_or(("", ""), |(_, rest)| rest.split_once('/').unwrap_or((rest, "")));
    Ok((
        bucket.to_owned(),
        Path::parse(folder.trim_matches('/')).map_err(|_| wrong())?,
    ))
}

/// A key has two parts, and they become part of statements.
fn check_key(options: &ConnectOptions) -> Result<(), Error> {
    if options.s3_access_key_id.is_some() != options.s3_secret_access_key.is_some() {
        return Err(refused(
            "s3_access_key_id",
            "a key is this and `s3_secret_access_key`; one of them is missing",
        ));
    }
    if options.s3_session_token.is_some() && options.s3_access_key_id.is_none() {
        return Err(refused(
            "s3_session_token",
            "it belongs to a key; give `s3_access_key_id` as well",
        ));
    }
    let parts = [
        ("s3_access_key_id", options.s3_access_key_id.as_deref()),
        (
            "s3_secret_access_key",
            options.s3_secret_access_key.as_ref().map(Secret::reveal),
        ),
        (
            "s3_session_token",
            options.s3_session_token.as_ref().map(Secret::reveal),
        ),
    ];
    for (name, part) in parts {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '.' | '~');
        if part.is_some_and(|part| part.is_empty() || !part.chars().all(is_plain)) {
            return Err(refused(name, "it is empty, or has characters that no key of AWS has"));
        }
    }
    Ok(())
}

/// How a statement says who may read and write in the bucket.
fn authorization(options: &ConnectOptions) -> Result<String, Error> {
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.reveal().to_owned());
    match (&options.iam_role, &options.s3_access_key_id) {
        (Some(role), _) if role == "default" => Ok("iam_role default".to_owned()),
        (Some(role), _) => {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/_+=,.@-".contains(c);
            if !role.starts_with("arn:") || !role.chars().all(is_plain) {
                return Err(refused(
                    "iam_role",
                    "it is no role; expected `arn:aws:iam::123456789012:role/name`, or `default`",
                ));
            }
            Ok(format!("iam_role '{role}'"))
        }
        (None, Some(id)) => {
            let key = secret(&options.s3_secret_access_key).unwrap_or_default();
            let token = secret(&options.s3_session_token).map(|token| format!(" session_token '{token}'"));
            Ok(format!(
                "access_key_id '{id}' secret_access_key '{key}'{}",
                token.unwrap_or_default()
            ))
        }
        (None, None) => Ok("iam_role default".to_owned()),
    }
}

fn client(bucket: &str, options: &ConnectOptions) -> Result<impl ObjectStore + use<>, Error> {
    // A server that somebody else has chosen is not shown the keys of this machine.
    if options.confined && options.s3_endpoint.is_some() && options.s3_access_key_id.is_none() {
        let reason = "it goes with a key of its own here: `s3_access_key_id` and `s3_secret_access_key`";
        return Err(refused("s3_endpoint", reason));
    }
    // A token of the environment belongs to the environment's key.
    let mut builder = match &options.s3_access_key_id {
        Some(_) => AmazonS3Builder::new(),
        None => AmazonS3Builder::from_env(),
    };
    builder = builder.with_bucket_name(bucket).with_retry(RetryConfig {
        max_retries: RETRIES,
        ..RetryConfig::default()
    });
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let region = options
        .s3_region
        .clone()
        .or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"));
    if let Some(region) = region {
        if !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(refused("s3_region", "it is no region, such as `eu-central-1`"));
        }
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.s3_endpoint {
        let url = Url::parse(endpoint).map_err(|_| refused("s3_endpoint", "it is not the URL of a server"))?;
        let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !is_local {
            return Err(refused(
                "s3_endpoint",
                "it is not encrypted; rows would be read on the way: use `https`",
            ));
        }
        builder = builder.with_endpoint(endpoint).with_allow_http(is_local);
    }
    if let Some(id) = &options.s3_access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(secret) = &options.s3_secret_access_key {
        builder = builder.with_secret_access_key(secret.reveal());
    }
    if let Some(token) = &options.s3_session_token {
        builder = builder.with_token(token.reveal());
    }
    builder
        .build()
        .map_err(|error| refused("temp_dir", &format!("S3 cannot be used: {error}")))
}

fn refused(option: &str, reason: &str) -> Error {
    Error::Config {
        subject: format!("`{option}` of a redshift connection"),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> ConnectOptions {
        ConnectOptions {
            temp_dir: Some("s3://bucket/a/b/".to_owned()),
            s3_access_key_id: Some("AKIA1".to_owned()),
            s3_secret_access_key: Some(Secret::new("hunter2")),
            ..ConnectOptions::default()
        }
    }

    #[test]
    fn a_folder_and_a_way_to_it() -> Result<(), Error> {
        let bucket = Bucket::of(&options())?.expect("there is one");
        assert_eq!(
            bucket.authorization(),
            "access_key_id 'AKIA1' secret_access_key 'hunter2'"
        );
        assert_eq!(bucket.url(&bucket.folder("x")), "s3://bucket/a/b/x");
        assert_eq!(bucket.path("s3://bucket/a/b/x"), Some(bucket.folder("x")));
        assert_eq!(bucket.path("s3://other/a/b/x"), None);
        assert!(!format!("{bucket:?}").contains("hunter2"));
        let role = ConnectOptions {
            iam_role: Some("arn:aws:iam::1:role/r".to_owned()),
            ..options()
        };
        assert_eq!(authorization(&role)?, "iam_role 'arn:aws:iam::1:role/r'");
        assert!(Bucket::of(&ConnectOptions::default())?.is_none());
        Ok(())
    }

    #[test]
    fn a_chosen_server_is_not_given_the_machines_keys() {
        let confined = ConnectOptions {
            s3_endpoint: Some("https://storage.example".to_owned()),
            s3_region: Some("eu-central-1".to_owned()),
            confined: true,
            ..options()
        };
        assert!(Bucket::of(&confined).is_ok());
        let without_key = ConnectOptions {
            s3_access_key_id: None,
            s3_secret_access_key: None,
            ..confined
        };
        assert!(Bucket::of(&without_key).is_err());
        let unconfined = ConnectOptions {
            confined: false,
            ..without_key
        };
        assert!(Bucket::of(&unconfined).is_ok());
    }

    #[test]
    fn what_is_no_folder_role_or_key_is_refused_without_the_secret() {
        let wrong: [fn(&mut ConnectOptions); 8] = [
            |options| options.temp_dir = None,
            |options| options.temp_dir = Some("http://bucket/a".to_owned()),
            |options| options.temp_dir = Some("s3://bucket/a'; drop table t; --".to_owned()),
            |options| options.iam_role = Some("admin".to_owned()),
            |options| options.iam_role = Some("arn:' drop".to_owned()),
            |options| options.s3_access_key_id = None,
            |options| options.s3_secret_access_key = Some(Secret::new("hunter2'")),
            |options| options.s3_endpoint = Some("http://storage.example".to_owned()),
        ];
        for (index, change) in wrong.into_iter().enumerate() {
            let mut options = options();
            change(&mut options);
            let error = Bucket::of(&options)
                .map(|_| ())
                .expect_err(&index.to_string())
                .to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
