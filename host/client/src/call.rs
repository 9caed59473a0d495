//! One request, and sending it as often as it needs.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::answer::{Whole, done};
use crate::retry::fresh_key;
use crate::{Client, Error, Operation, Segment, Tagged, Text, path, upload};

/// An upload may take so many times as long as other requests.
const UPLOADS: u32 = 20;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request that is not sent yet, whose answer is a `T`.
#[must_use = "nothing is asked before it is sent"]
pub struct Call<T> {
    client: Client,
    operation: Operation,
    path: Result<String, (String, String)>,
    query: Vec<(String, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Content,
    answer: PhantomData<fn() -> T>,
}

/// What is sent.
#[derive(Clone)]
enum Content {
    Nothing,
    Bytes(Bytes),
    File(PathBuf),
}

impl<T> Call<T> {
    pub(crate) fn new(client: Client, operation: Operation, segments: &[Segment]) -> Self {
        let mut call = Self {
            client,
            operation,
            path: Ok(String::new()),
            query: Vec::new(),
            headers: Vec::new(),
            body: Content::Nothing,
            answer: PhantomData,
        };
        match path::filled(operation.path, segments) {
            Ok(path) => call.path = Ok(path),
            Err(Error::Input { what, reason }) => call.unfit(what, reason),
            Err(error) => call.unfit("the path".to_owned(), error.to_string()),
        }
        call
    }

    /// What is asked for.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// One more condition or setting of the query.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same, if there is one.
    pub fn query_if(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
        match header {
            Some((name, mut value)) => {
                // Of those that are not the client's own, some hold what proves who asks.
                value.set_sensitive(true);
                self.headers.retain(|(known, _)| *known != name);
                self.headers.push((name, value));
            }
            None => self.unfit(format!("the header `{name}`"), "it is no header".to_owned()),
        }
        self
    }

    /// Only if the thing still has this version, which an earlier answer told.
    pub fn if_match(self, etag: &str) -> Self {
        self.header(IF_MATCH.as_str(), etag)
    }

    /// Only if there is no such thing yet.
    pub fn if_none(self) -> Self {
        self.header(IF_NONE_MATCH.as_str(), "*")
    }

    /// What is done once however often it is sent, by whoever sends it with this key.
    pub fn idempotency_key(self, key: &str) -> Self {
        self.header(IDEMPOTENCY_KEY.as_str(), key)
    }

    /// Sends the bytes of a file, as they are read.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.body = Content::File(path.into());
        self.header(CONTENT_TYPE.as_str(), "application/wasm")
    }

    /// Sends these bytes.
    pub fn bytes(mut self, bytes: impl Into<Bytes>, media_type: &str) -> Self {
        self.body = Content::Bytes(bytes.into());
        self.header(CONTENT_TYPE.as_str(), media_type)
    }

    pub(crate) fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(json) => self.bytes(json, "application/json"),
            Err(error) => {
                self.unfit("what is to be sent".to_owned(), error.to_string());
                self
            }
        }
    }

    /// With a key of its own, if it has none: then it can be repeated.
    pub(crate) fn once(self) -> Self {
        let key = fresh_key();
        self.idempotency_key(&key)
    }

    /// The same request, whose answer is read as JSON of another type, or as a [`Value`] with all that the server says.
    pub fn answered<U>(self) -> Call<U> {
        Call {
            client: self.client,
            operation: self.operation,
            path: self.path,
            query: self.query,
            headers: self.headers,
            body: self.body,
            answer: PhantomData,
        }
    }

    /// The same request, answered with whatever JSON the server sends.
    pub fn value(self) -> Call<Value> {
        self.answered()
    }

    pub(crate) fn has_query(&self, name: &str) -> bool {
        self.query.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn unfit(&mut self, what: String, reason: String) {
        self.path = Err((what, reason));
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends it, and reads the answer.
    ///
    /// # Errors
    /// What keeps it from being sent or done, or the answer from being read.
    pub async fn send(self) -> Result<T, Error> {
        Ok(self.tagged().await?.value)
    }

    /// The same, with the version of what is answered.
    ///
    /// # Errors
    /// As of [`Call::send`].
    pub async fn tagged(self) -> Result<Tagged<T>, Error> {
        self.whole().await?.json()
    }
}

impl Call<Text> {
    /// Sends it, and reads the answer.
    ///
    /// # Errors
    /// What keeps it from being sent or done, or the answer from being read.
    pub async fn text(self) -> Result<String, Error> {
        self.whole().await?.text()
    }
}

impl<T> Call<T> {
    /// Sends it, and sends it again as long as that may help and does no harm.
    async fn whole(&self) -> Result<Whole, Error> {
        let retries = &self.client.parts().retries;
        let mut attempts = 1;
        loop {
            let error = match self.answer().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(wait) = retries.wait(attempts, self.is_safe(), &error) else {
                return Err(error);
            };
            tokio::time::sleep(wait).await;
            attempts += 1;
        }
    }

    async fn answer(&self) -> Result<Whole, Error> {
        let timeout = self.timeout();
        let response = self.sent(Some(timeout), &[]).await?;
        Whole::read(self.client.server(), response, timeout.as_secs()).await
    }

    /// Opens a stream of events, which lasts.
    pub(crate) async fn opened(&self, last_event: Option<&str>) -> Result<Response, Error> {
        let mut headers = vec![(ACCEPT, HeaderValue::from_static("text/event-stream"))];
        if let Some(last) = last_event.and_then(|last| HeaderValue::from_str(last).ok()) {
            headers.push((HeaderName::from_static("last-event-id"), last));
        }
        let timeout = self.timeout();
        let opened = async {
            let response = self.sent(None, &headers).await?;
            done(self.client.server(), response, timeout.as_secs()).await
        };
        // Only that it begins is bounded.
        tokio::time::timeout(timeout, opened).await.unwrap_or_else(|_| {
            Err(Error::TimedOut {
                server: self.client.server().to_owned(),
                seconds: timeout.as_secs(),
            })
        })
    }

    /// Whether doing it twice comes to the same as doing it once.
    fn is_safe(&self) -> bool {
        let has = |name: &HeaderName| self.headers.iter().any(|(known, _)| known == name);
        match self.operation.method {
            "GET" => true,
            "PUT" => !has(&IF_MATCH) && !has(&IF_NONE_MATCH),
            _ => has(&IDEMPOTENCY_KEY),
        }
    }

    fn timeout(&self) -> Duration {
        let timeout = self.client.parts().timeout;
        match self.body {
            Content::File(_) => timeout.saturating_mul(UPLOADS),
            _ => timeout,
        }
    }

    async fn sent(&self, timeout: Option<Duration>, more: &[(HeaderName, HeaderValue)]) -> Result<Response, Error> {
        let parts = self.client.parts();
        let method = Method::from_bytes(self.operation.method.as_bytes()).unwrap_or(Method::GET);
        let mut request = parts.http.request(method, self.url()?);
        for (name, value) in self.headers.iter().chain(more) {
            request = request.header(name, value);
        }
        if let Some(token) = &parts.token
            && !self.headers.iter().any(|(name, _)| name == AUTHORIZATION)
        {
            request = request.bearer_auth(token.reveal());
        }
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        let seconds = self.timeout().as_secs();
        let response = self.with_body(request).await?.send().await;
        response.map_err(|error| Error::of_transport(&parts.server, &error, seconds))
    }

    async fn with_body(&self, request: RequestBuilder) -> Result<RequestBuilder, Error> {
        match &self.body {
            Content::Nothing => Ok(request),
            Content::Bytes(bytes) => Ok(request.body(bytes.clone())),
            Content::File(path) => upload::streamed(request, path).await,
        }
    }

    fn url(&self) -> Result<Url, Error> {
        let path = self.path.as_ref().map_err(|(what, reason)| Error::Input {
            what: what.clone(),
            reason: reason.clone(),
        })?;
        let mut url = self.client.parts().base.clone();
        let before = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{before}{path}"));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            operation: self.operation,
            path: self.path.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            answer: PhantomData,
        }
    }
}

/// Bodies may hold secrets.
impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("operation", &self.operation)
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
