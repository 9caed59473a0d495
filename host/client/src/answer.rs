//! What a server answers.

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::{Error, Problem};

/// Bytes of an answer at most.
const LONGEST: usize = 256 << 20;
/// Name of the header that tells requests apart.
const REQUEST_ID: &str = "x-request-id";

/// An answer with the version of what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged<T> {
    /// What was answered.
    pub value: T,
    /// The version, for [`Call::if_match`](crate::Call::if_match).
    pub etag: Option<String>,
    /// Whether it was made by this request, where the server tells.
    pub created: bool,
}

/// The answer is a text: SVG or plain.
#[derive(Clone, Copy, Debug)]
pub enum Text {}

/// A whole answer to a request that was done.
pub(crate) struct Whole {
    url: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Whole {
    /// Reads an answer to its end. One that says that the request was not done is an error.
    pub async fn read(server: &str, response: Response, seconds: u64) -> Result<Self, Error> {
        let mut response = done(server, response, seconds).await?;
        let (url, status) = (response.url().to_string(), response.status());
        let headers = std::mem::take(response.headers_mut());
        let body = bytes(server, response, seconds).await?;
        Ok(Self {
            url,
            status,
            headers,
            body,
        })
    }

    pub fn json<T: DeserializeOwned>(self) -> Result<Tagged<T>, Error> {
        // Nothing, as 204 has it, is the unit.
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        let value = serde_json::from_slice(body).map_err(|error| Error::Foreign {
            reason: format!("its answer is not what was expected: {error}"),
            url: self.url,
        })?;
        let etag = self.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        Ok(Tagged {
            value,
            etag: etag.map(str::to_owned),
            created: self.status == StatusCode::CREATED,
        })
    }

    pub fn text(self) -> Result<String, Error> {
        let url = self.url;
        String::from_utf8(self.body).map_err(|_| Error::Foreign {
            url,
            reason: "its answer is not text".to_owned(),
        })
    }
}

/// The response, if the request was done.
pub(crate) async fn done(server: &str, response: Response, seconds: u64) -> Result<Response, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let (url, headers) = (response.url().to_string(), response.headers().clone());
    if status.is_redirection() {
        let reason = format!(
            "it redirects with status {}; give the address that it redirects to",
            status.as_u16()
        );
        return Err(Error::Foreign { url, reason });
    }
    let kind = text(&headers, CONTENT_TYPE.as_str()).unwrap_or_else(|| "nothing that it names".to_owned());
    let body = bytes(server, response, seconds).await?;
    let problem: Option<Problem> = if kind.starts_with("application/problem+json") {
        serde_json::from_slice(&body).ok()
    } else {
        None
    };
    let retry_after = text(&headers, RETRY_AFTER.as_str()).and_then(|seconds| seconds.trim().parse().ok());
    let problem = match problem {
        Some(problem) => problem,
        // What stands before a server says so in its own words.
        None if matches!(status.as_u16(), 429 | 502..=504) => Problem {
            kind: "unavailable".to_owned(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            detail: format!("what stands before {server} answers with status {}", status.as_u16()),
            retry_after: None,
            request: None,
            more: serde_json::Map::new(),
        },
        None => {
            let reason = format!("it answers with status {} and {kind}", status.as_u16());
            return Err(Error::Foreign { url, reason });
        }
    };
    Err(Error::Refused(Box::new(Problem {
        status: status.as_u16(),
        retry_after: problem.retry_after.or(retry_after),
        request: text(&headers, REQUEST_ID),
        ..problem
    })))
}

async fn bytes(server: &str, mut response: Response, seconds: u64) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let url = response.url().clone();
    let broken = |error: reqwest::Error| Error::of_transport(server, &error, seconds);
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > LONGEST {
            let reason = format!("its answer has more than {LONGEST} bytes");
            return Err(Error::Foreign {
                url: url.into(),
                reason,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
