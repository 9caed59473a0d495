//! What is asked for, and of whom.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri, header};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::answers;
use super::bucket::{Bucket, Refusal, Wanted};
use super::{BUCKET, Shared};

const NOT_SIGNED_IN: Refusal = (401, "AuthenticationRequired", "Authentication required.");
const NO_BUCKET: Refusal = (404, "NoSuchBucket", "The specified bucket does not exist.");
const NO_OBJECT: Refusal = (404, "NoSuchKey", "The specified key does not exist.");
const NOT_UNDERSTOOD: Refusal = (400, "InvalidArgument", "Invalid argument.");
const OUT_OF_RANGE: Refusal = (416, "InvalidRange", "The requested range cannot be satisfied.");
const NOT_AS_EXPECTED: Refusal = (412, "PreconditionFailed", "The object has another ETag.");

/// Answers any request.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let signed_in =
        text(&headers, header::AUTHORIZATION.as_str()).is_some_and(|value| shared.account.has_signed(value));
    if !signed_in {
        return answers::refused(NOT_SIGNED_IN);
    }
    let asked = Asked::of(&method, &uri, &headers, body);
    let mut bucket = shared.bucket.lock().unwrap_or_else(PoisonError::into_inner);
    asked
        .and_then(|asked| asked.answer(&mut bucket))
        .unwrap_or_else(answers::refused)
}

struct Asked<'a> {
    method: &'a Method,
    /// Of the object; none asks for the bucket.
    key: Option<String>,
    parameters: HashMap<String, String>,
    headers: &'a HeaderMap,
    body: Bytes,
}

impl<'a> Asked<'a> {
    fn of(method: &'a Method, uri: &Uri, headers: &'a HeaderMap, body: Bytes) -> Result<Self, Refusal> {
        let path = uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        if decoded(bucket)? != BUCKET {
            return Err(NO_BUCKET);
        }
        let parameters = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty());
        let parameters = parameters.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(&value.replace('+', " "))?))
        });
        Ok(Self {
            method,
            key: (!key.is_empty()).then(|| decoded(key)).transpose()?,
            parameters: parameters.collect::<Result<_, Refusal>>()?,
            headers,
            body,
        })
    }

    fn answer(self, bucket: &mut Bucket) -> Result<Response<Body>, Refusal> {
        let upload = self.parameters.get("uploadId").cloned();
        let Some(key) = self.key.clone() else {
            return self.list(bucket);
        };
        match (self.method.as_str(), upload) {
            ("GET" | "HEAD", None) => self.read(bucket, &key),
            ("PUT", Some(id)) => {
                let number = self.parameters.get("partNumber").and_then(|number| number.parse().ok());
                let part = bucket.part(&key, &id, number.ok_or(NOT_UNDERSTOOD)?, self.body)?;
                Ok(answers::stored(&part))
            }
            ("PUT", None) => self.store(bucket, key),
            ("POST", Some(id)) => {
                let parts = parts(&self.body).ok_or(NOT_UNDERSTOOD)?;
                bucket
                    .complete(&key, &id, &parts)
                    .map(|object| answers::completed(&object))
            }
            ("POST", None) if self.parameters.contains_key("uploads") => Ok(answers::begun(&bucket.begin(key))),
            ("DELETE", Some(id)) => bucket.abort(&id).map(|()| answers::nothing()),
            ("DELETE", None) if bucket.delete(&key) => Ok(answers::nothing()),
            ("DELETE", None) => Err(NO_OBJECT),
            _ => Err(NOT_UNDERSTOOD),
        }
    }

    fn list(&self, bucket: &Bucket) -> Result<Response<Body>, Refusal> {
        if self.method != Method::GET || self.parameters.get("list-type").is_none_or(|kind| kind != "2") {
            return Err(NOT_UNDERSTOOD);
        }
        let given = |name: &str| self.parameters.get(name).cloned();
        let wanted = Wanted {
            prefix: given("prefix").unwrap_or_default(),
            delimiter: given("delimiter"),
            after: given("continuation-token").or_else(|| given("start-after")),
            most: given("max-keys").and_then(|most| most.parse().ok()),
        };
        Ok(answers::page(&bucket.list(&wanted)))
    }

    fn read(&self, bucket: &Bucket, key: &str) -> Result<Response<Body>, Refusal> {
        let object = bucket.get(key).ok_or(NO_OBJECT)?;
        if text(self.headers, "if-match").is_some_and(|etag| etag != object.etag()) {
            return Err(NOT_AS_EXPECTED);
        }
        let range = text(self.headers, "range").map(|range| bounds(range, object.bytes.len()));
        let range = range.map(|range| range.ok_or(OUT_OF_RANGE)).transpose()?;
        Ok(answers::content(object, range, self.method == Method::HEAD))
    }

    fn store(self, bucket: &mut Bucket, key: String) -> Result<Response<Body>, Refusal> {
        let expected = text(self.headers, "x-goog-if-generation-match");
        let expected = expected
            .map(|number| number.parse().map_err(|_| NOT_UNDERSTOOD))
            .transpose()?;
        let bytes = match text(self.headers, "x-goog-copy-source") {
            None => self.body,
            Some(source) => {
                let source = decoded(source)?;
                let source = source.trim_start_matches('/').strip_prefix(BUCKET).ok_or(NO_BUCKET)?;
                bucket
                    .get(source.trim_start_matches('/'))
                    .ok_or(NO_OBJECT)?
                    .bytes
                    .clone()
            }
        };
        bucket.put(key, bytes, expected).map(|object| answers::stored(&object))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn decoded(text: &str) -> Result<String, Refusal> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| NOT_UNDERSTOOD)?;
    Ok(text.into_owned())
}

/// What `bytes=0-9`, `bytes=10-` or `bytes=-10` mean.
fn bounds(range: &str, length: usize) -> Option<Range<usize>> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (start.parse(), end.parse::<usize>()) {
        (Ok(start), Ok(end)) => start..length.min(end + 1),
        (Ok(start), Err(_)) => start..length,
        (Err(_), Ok(last)) => length.saturating_sub(last)..length,
        (Err(_), Err(_)) => return None,
    };
    (range.start < range.end).then_some(range)
}

/// Numbers and ETags of the parts that are to be put together.
fn parts(body: &[u8]) -> Option<Vec<(u32, String)>> {
    let body = std::str::from_utf8(body).ok()?;
    let within = |text: &str, name: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (value, _) = rest.split_once(&format!("</{name}>"))?;
        Some(value.replace("&quot;", "\""))
    };
    let parts = body.split("<Part>").skip(1);
    parts
        .map(|part| Some((within(part, "PartNumber")?.parse().ok()?, within(part, "ETag")?)))
        .collect()
}
