//! How requests come to the collector.

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response, header};
use opentelemetry_http::{HttpClient, HttpError};

use crate::{Error, Settings};

/// Bytes of an answer that are looked at.
const LONGEST_ANSWER: usize = 64 << 10;

/// Sends with the configured headers and no others: those that the exporters find in the environment are not for every
/// collector.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    client: reqwest::Client,
    headers: HeaderMap,
}

impl Client {
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            // Whoever is at another address is not who the headers are for.
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Ok(Self {
            client: client.map_err(|error| Error::client(&error))?,
            headers: settings.headers.map()?,
        })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        let mut headers = self.headers.clone();
        for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            if let Some(value) = parts.headers.remove(&name) {
                headers.insert(name, value);
            }
        }
        parts.headers = headers;
        let request = reqwest::Request::try_from(Request::from_parts(parts, body))?;
        let mut answer = self.client.execute(request).await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.extend(answer.headers().clone());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body.freeze())?)
    }
}
