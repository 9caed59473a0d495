//! Pictures of workflows, in the form that is asked for.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tenon_workflows::{Picture, SvgOptions, TextOptions};

/// How a picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    /// As SVG.
    Svg,
    /// As text with lines.
    Text,
    /// As text of plain characters.
    Ascii,
}

/// Which form is asked for.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drawn {
    /// The form, over what `Accept` says; SVG by default.
    #[param(inline)]
    format: Option<Form>,
}

/// Draws it.
pub(crate) fn answer(picture: &Picture, drawn: &Drawn, headers: &HeaderMap) -> Response {
    let text = |ascii| {
        let drawn = picture.text(&TextOptions { width: None, ascii });
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], drawn).into_response()
    };
    match drawn.format.unwrap_or_else(|| accepted(headers)) {
        Form::Text => text(false),
        Form::Ascii => text(true),
        Form::Svg => {
            let drawn = picture.svg(&SvgOptions::default());
            let mut response = ([(header::CONTENT_TYPE, "image/svg+xml")], drawn).into_response();
            // Names in it are a tenant's: nothing that they could smuggle in is run.
            let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            response
        }
    }
}

fn accepted(headers: &HeaderMap) -> Form {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let svg = accepted.and_then(|accepted| accepted.find("image/"));
    let text = accepted.and_then(|accepted| accepted.find("text/plain"));
    match (svg, text) {
        (Some(svg), Some(text)) if text < svg => Form::Text,
        (None, Some(_)) => Form::Text,
        _ => Form::Svg,
    }
}
