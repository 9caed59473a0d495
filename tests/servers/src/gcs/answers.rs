//! Answers, as XML where the API has it.

use std::fmt::Write as _;
use std::ops::Range;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;

use super::bucket::{Object, Page, Refusal};

/// Times in headers.
const DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

pub(super) fn refused((status, code, message): Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    xml(
        status,
        &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
    )
}

/// Without a body: the object is stored.
pub(super) fn stored(object: &Object) -> Response<Body> {
    with(described(object), Body::empty())
}

/// An object, or the range of it that was asked for.
pub(super) fn content(object: &Object, range: Option<Range<usize>>, only_head: bool) -> Response<Body> {
    let whole = object.bytes.len();
    let mut response = described(object).header(header::ACCEPT_RANGES, "bytes");
    let part = range.clone().unwrap_or(0..whole);
    if let Some(range) = range {
        let said = format!("bytes {}-{}/{whole}", range.start, range.end.saturating_sub(1));
        response = response
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_RANGE, said);
    }
    response = response.header(header::CONTENT_LENGTH, part.len());
    with(
        response,
        if only_head {
            Body::empty()
        } else {
            object.bytes.slice(part).into()
        },
    )
}

pub(super) fn page(page: &Page) -> Response<Body> {
    let mut text = "<ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>".to_owned();
    for (key, object) in &page.objects {
        let (key, etag, size) = (escaped(key), object.etag(), object.bytes.len());
        let modified = object.modified.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "<Contents><Key>{key}</Key><Generation>{}</Generation><LastModified>{modified}</LastModified>\
             <ETag>{}</ETag><Size>{size}</Size></Contents>",
            object.generation,
            escaped(&etag)
        );
    }
    for prefix in &page.prefixes {
        let _ = write!(
            text,
            "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
            escaped(prefix)
        );
    }
    let cut = page.next.is_some();
    let _ = write!(text, "<IsTruncated>{cut}</IsTruncated>");
    if let Some(next) = &page.next {
        let _ = write!(text, "<NextContinuationToken>{}</NextContinuationToken>", escaped(next));
    }
    text.push_str("</ListBucketResult>");
    xml(StatusCode::OK, &text)
}

pub(super) fn begun(id: &str) -> Response<Body> {
    xml(
        StatusCode::OK,
        &format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"),
    )
}

pub(super) fn completed(object: &Object) -> Response<Body> {
    let etag = escaped(&object.etag());
    let text = format!("<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>");
    let response = described(object).header(header::CONTENT_TYPE, "application/xml");
    with(response, declared(&text).into())
}

pub(super) fn nothing() -> Response<Body> {
    with(Response::builder().status(StatusCode::NO_CONTENT), Body::empty())
}

fn described(object: &Object) -> axum::http::response::Builder {
    Response::builder()
        .header(header::ETAG, object.etag())
        .header(header::LAST_MODIFIED, object.modified.format(DATE).to_string())
        .header("x-goog-generation", object.generation)
}

fn xml(status: StatusCode, text: &str) -> Response<Body> {
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/xml; charset=UTF-8");
    with(response, declared(text).into())
}

fn declared(text: &str) -> Bytes {
    format!("<?xml version='1.0' encoding='UTF-8'?>{text}").into()
}

fn with(response: axum::http::response::Builder, body: Body) -> Response<Body> {
    response.body(body).unwrap_or_else(|_| {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
