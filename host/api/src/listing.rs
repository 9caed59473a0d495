//! What lists are asked for by.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tenon_metadata::{LONGEST_PAGE, PageRequest};

use crate::Problem;

/// Which page of a list, and which of the things in it.
#[derive(Debug)]
pub(crate) struct Listing<F = Everything> {
    pub page: PageRequest,
    pub filter: F,
}

/// No filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Everything {}

impl<F: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Listing<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let is_page = |pair: &&str| matches!(pair.split('=').next(), Some("limit" | "after"));
        // Filters refuse what they do not know, and they do not know of pages.
        let (page, filter): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(is_page);
        let page: PageRequest = parsed(&page)?;
        if page.limit == 0 || page.limit > LONGEST_PAGE {
            return Err(wrong(format!("`limit` is not 1 to {LONGEST_PAGE}")));
        }
        let filter = parsed(&filter)?;
        Ok(Self { page, filter })
    }
}

fn parsed<T: DeserializeOwned>(pairs: &[&str]) -> Result<T, Problem> {
    let uri = format!("/?{}", pairs.join("&"));
    let uri = uri.parse().map_err(|_| wrong("it is not one"))?;
    let Query(parsed) = Query::try_from_uri(&uri).map_err(|rejection| wrong(rejection.body_text()))?;
    Ok(parsed)
}

fn wrong(reason: impl std::fmt::Display) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid",
        format!("the query is not right: {reason}"),
    )
}
