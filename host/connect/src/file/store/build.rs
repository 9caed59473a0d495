//! Makes clients of stores.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::multipart::MultipartStore;
use object_store::{ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};
use url::Url;

use super::confined::Confined;
use super::{Scheme, StoreOptions, google_key};
use crate::Error;

/// Retries where the options name none: with pauses that double from a tenth of a second, some three seconds.
const RETRIES: usize = 5;

/// Time after which a request is not repeated any more, however many retries are left.
const RETRY_TIMEOUT: Duration = Duration::from_secs(180);

/// A client.
pub(super) struct Client {
    pub store: Arc<dyn ObjectStore>,
    pub multipart: Arc<dyn MultipartStore>,
    /// The server that it asks, where that is not the usual one.
    pub endpoint: Option<String>,
}

impl Client {
    fn new(store: impl ObjectStore + MultipartStore, endpoint: Option<String>) -> Self {
        let store = Arc::new(store);
        Self {
            multipart: Arc::clone(&store) as Arc<dyn MultipartStore>,
            store,
            endpoint,
        }
    }
}

/// The client of a bucket or container.
pub(super) fn bucket(shown: &str, url: &Url, scheme: Scheme, options: &StoreOptions) -> Result<Client, Error> {
    let plain = options
        .endpoint
        .as_deref()
        .is_some_and(|endpoint| endpoint.starts_with("http://"));
    if plain && options.allow_http != Some(true) {
        return Err(Error::Config {
            subject: shown.to_owned(),
            reason: "the endpoint is not encrypted; set `allow_http = true` in `store` if that is meant".to_owned(),
        });
    }
    // It becomes a part of the server's name, which must stay the cloud's.
    let is_plain = |region: &String| region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !options.region.as_ref().is_none_or(is_plain) {
        return Err(Error::Config {
            subject: shown.to_owned(),
            reason: "`region` is made of letters, digits and `-`, such as `eu-central-1`".to_owned(),
        });
    }
    if let Some(reason) = options
        .account
        .as_ref()
        .and_then(|account| refused_account(account, options))
    {
        return Err(Error::Config {
            subject: shown.to_owned(),
            reason: reason.to_owned(),
        });
    }
    if options.confined
        && let Some(key) = &options.service_account_key
        && let Err(reason) = google_key::check(key.reveal())
    {
        return Err(Error::Config {
            subject: shown.to_owned(),
            reason: format!("`service_account_key` {reason}"),
        });
    }
    let built = match scheme {
        Scheme::S3 => s3(url, options),
        Scheme::Gcs => gcs(url, options),
        Scheme::Azure | Scheme::Local | Scheme::Http => azure(url, options),
    };
    built.map_err(|error| refused(shown, &error))
}

/// The client of a web server.
pub(super) fn http(shown: &str, base: &Url, options: &StoreOptions) -> Result<Arc<dyn ObjectStore>, Error> {
    let mut client = ClientOptions::new().with_allow_http(true);
    for (key, value) in settings(options) {
        client = client.with_config(key, value);
    }
    let mut headers = HeaderMap::new();
    if let Some(token) = &options.bearer_token {
        let mut value =
            http::HeaderValue::from_str(&format!("Bearer {}", token.reveal())).map_err(|_| Error::Config {
                subject: shown.to_owned(),
                reason: "`bearer_token` has characters that no header can hold".to_owned(),
            })?;
        value.set_sensitive(true);
        headers.insert(http::header::AUTHORIZATION, value);
    }
    let mut builder = HttpBuilder::new()
        .with_url(base.as_str())
        .with_client_options(client.with_default_headers(headers.clone()))
        .with_retry(retry(options));
    if options.confined {
        builder = builder.with_http_connector(Confined::new(options, headers));
    }
    Ok(Arc::new(builder.build().map_err(|error| refused(shown, &error))?))
}

fn s3(url: &Url, options: &StoreOptions) -> object_store::Result<Client> {
    let environment = if keeps_keys(options) {
        AmazonS3Builder::new()
    } else {
        s3_environment(options.access_key_id.is_some())
    };
    let mut builder = environment
        .with_bucket_name(url.host_str().unwrap_or_default())
        .with_retry(retry(options));
    for (key, value) in settings(options) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
    }
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(id) = &options.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(secret) = &options.secret_access_key {
        builder = builder.with_secret_access_key(secret.reveal());
    }
    if let Some(token) = &options.session_token {
        builder = builder.with_token(token.reveal());
    }
    if let Some(virtual_hosted) = options.virtual_hosted_style {
        builder = builder.with_virtual_hosted_style_request(virtual_hosted);
    }
    let has_key = options.access_key_id.is_some();
    if let Some(anonymous) = anonymous(options, has_key) {
        builder = builder.with_skip_signature(anonymous);
    }
    if options.confined {
        builder = builder.with_http_connector(Confined::new(options, HeaderMap::new()));
    }
    let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
    Ok(Client::new(builder.build()?, endpoint))
}

/// What the environment says. Its session token belongs to its key, so another key does without.
fn s3_environment(own_key: bool) -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in std::env::vars_os() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        if !name.starts_with("AWS_") || value.is_empty() {
            continue;
        }
        match name.to_ascii_lowercase().parse() {
            Ok(AmazonS3ConfigKey::Token) if own_key => {}
            Ok(key) => builder = builder.with_config(key, value),
            Err(_) => {}
        }
    }
    builder
}

fn gcs(url: &Url, options: &StoreOptions) -> object_store::Result<Client> {
    let environment = if keeps_keys(options) {
        GoogleCloudStorageBuilder::new()
    } else {
        GoogleCloudStorageBuilder::from_env()
    };
    let mut builder = environment
        .with_bucket_name(url.host_str().unwrap_or_default())
        .with_retry(retry(options));
    for (key, value) in settings(options) {
        builder = builder.with_config(GoogleConfigKey::Client(key), value);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    if let Some(key) = &options.service_account_key {
        builder = builder.with_service_account_key(key.reveal());
    }
    let has_key = options.service_account_key.is_some();
    if let Some(anonymous) = anonymous(options, has_key) {
        builder = builder.with_skip_signature(anonymous);
    }
    if options.confined {
        builder = builder.with_http_connector(Confined::new(options, HeaderMap::new()));
    }
    Ok(Client::new(builder.build()?, options.endpoint.clone()))
}

fn azure(url: &Url, options: &StoreOptions) -> object_store::Result<Client> {
    let environment = if keeps_keys(options) {
        MicrosoftAzureBuilder::new()
    } else {
        MicrosoftAzureBuilder::from_env()
    };
    let mut builder = environment.with_url(url.as_str()).with_retry(retry(options));
    for (key, value) in settings(options) {
        builder = builder.with_config(AzureConfigKey::Client(key), value);
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    if let Some(account) = &options.account {
        builder = builder.with_account(account);
    }
    if let Some(key) = &options.account_key {
        builder = builder.with_access_key(key.reveal());
    }
    if let Some(token) = &options.sas_token {
        builder = builder.with_config(AzureConfigKey::SasKey, token.reveal());
    }
    let has_key = options.account_key.is_some() || options.sas_token.is_some();
    if let Some(anonymous) = anonymous(options, has_key) {
        builder = builder.with_skip_signature(anonymous);
    }
    if options.confined {
        builder = builder.with_http_connector(Confined::new(options, HeaderMap::new()));
    }
    Ok(Client::new(builder.build()?, options.endpoint.clone()))
}

/// Why an account of Azure is refused; none where it is not.
fn refused_account(account: &str, options: &StoreOptions) -> Option<&'static str> {
    // It becomes a part of the server's name, which must stay the cloud's.
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !(3..=24).contains(&account.len()) || !account.bytes().all(is_plain) {
        return Some("`account` is made of 3 to 24 lowercase letters and digits");
    }
    let has_key = options.account_key.is_some() || options.sas_token.is_some();
    let is_foreign = options.confined && !has_key;
    is_foreign.then_some("`account` goes with a key of its own here: `account_key` or `sas_token`")
}

/// Whether this machine's own keys are not for the server at hand: somebody else has chosen it.
fn keeps_keys(options: &StoreOptions) -> bool {
    options.confined && (options.endpoint.is_some() || options.account.is_some())
}

/// Whether requests go without a signature, where something is said about that: what may not have this machine's keys and
/// brings none does without.
fn anonymous(options: &StoreOptions, has_key: bool) -> Option<bool> {
    // Whatever the options say: a client without a key asks this machine's cloud for one.
    if keeps_keys(options) && !has_key {
        return Some(true);
    }
    options.anonymous
}

/// What every client is told, in the form that the builders share.
fn settings(options: &StoreOptions) -> Vec<(ClientConfigKey, String)> {
    let seconds = |seconds: u64| format!("{seconds} seconds");
    [
        (ClientConfigKey::Timeout, options.timeout.map(seconds)),
        (ClientConfigKey::ConnectTimeout, options.connect_timeout.map(seconds)),
        (
            ClientConfigKey::AllowHttp,
            options.allow_http.map(|allowed| allowed.to_string()),
        ),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

fn retry(options: &StoreOptions) -> RetryConfig {
    RetryConfig {
        max_retries: options.retries.unwrap_or(RETRIES),
        retry_timeout: RETRY_TIMEOUT,
        ..RetryConfig::default()
    }
}

fn refused(shown: &str, error: &object_store::Error) -> Error {
    Error::Config {
        subject: shown.to_owned(),
        reason: format!("the store's options cannot be used: {error}"),
    }
}
