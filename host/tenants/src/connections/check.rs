//! What a connection may say.

use serde_json::Value as Json;

use super::Connection;
use super::reference::{is_references, pieces};
use crate::Error;
use crate::redact::is_secret_name;

const LONGEST_URL: usize = 4096;
const LONGEST_OPTIONS: usize = 64 << 10;
const DEEPEST: usize = 8;

/// Checks that there is no secret in it, and that its references are references. No message shows what is there.
pub(super) fn check(connection: &Connection) -> Result<(), Error> {
    let driver = &connection.driver;
    let in_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if !(1..=32).contains(&driver.len()) || !driver.bytes().all(in_name) {
        return Err(Error::invalid(
            "driver",
            "it is not 1 to 32 lower case letters, digits, `-` and `_`",
        ));
    }
    check_url(&connection.url).map_err(|reason| Error::invalid("url", reason))?;
    let length = serde_json::to_string(&connection.options).map_or(usize::MAX, |text| text.len());
    if length > LONGEST_OPTIONS {
        return Err(Error::invalid(
            "options",
            format!("they have more than {LONGEST_OPTIONS} bytes"),
        ));
    }
    for (name, value) in &connection.options {
        check_option(name, value, 0).map_err(|reason| Error::invalid(format!("options.{name}"), reason))?;
    }
    Ok(())
}

fn check_url(url: &str) -> Result<(), &'static str> {
    if url.is_empty() || url.len() > LONGEST_URL || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it is not 1 to 4096 characters, without spaces");
    }
    pieces(url)?;
    let (user, rest) = split_user(url);
    if let Some((_, password)) = user.split_once(':')
        && !password.is_empty()
        && !is_references(password)
    {
        return Err("there is a password in it: put it as a secret, and write `${secret:name}` in its place");
    }
    if rest.replace("$${", "").contains("${") {
        return Err("a reference can stand for the user and the password, and nowhere else in a URL");
    }
    if rest.contains('@') && user.is_empty() && !rest.starts_with("abfs") {
        return Err("there is an `@` where no user is; write it as %40");
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let is_secret = |pair: &str| is_secret_name(pair.split('=').next().unwrap_or_default());
    if query.split(['&', ';', '#']).any(is_secret) {
        return Err("there is a secret in its query: write it as an option, by `${secret:name}`");
    }
    Ok(())
}

/// User and password, and the URL without them. A password may have a `/` in it that should have been encoded, so it goes
/// up to the last `@` of all.
pub(super) fn split_user(url: &str) -> (&str, String) {
    let is_azure = url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("abfs"));
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (user, rest) = rest.rsplit_once('@')?;
        Some((scheme, user, rest))
    });
    match parts {
        Some((scheme, user, rest)) if !is_azure => (user, format!("{scheme}://{rest}")),
        _ => ("", url.to_owned()),
    }
}

fn check_option(name: &str, value: &Json, depth: usize) -> Result<(), &'static str> {
    if depth > DEEPEST {
        return Err("it is too deep");
    }
    match value {
        Json::String(text) if is_secret_name(name) => {
            if is_references(text) {
                return Ok(());
            }
            Err("it is a secret by its name: put it as a secret, and write `${secret:name}` in its place")
        }
        Json::String(text) => {
            pieces(text)?;
            let (user, _) = split_user(text);
            match user.split_once(':') {
                Some((_, password)) if !is_references(password) => Err("there is a password in a URL"),
                _ => Ok(()),
            }
        }
        Json::Array(values) => values.iter().try_for_each(|value| check_option(name, value, depth + 1)),
        Json::Object(map) => map
            .iter()
            .try_for_each(|(name, value)| check_option(name, value, depth + 1)),
        // A number is a poor password, and one all the same.
        Json::Number(_) if is_secret_name(name) => Err("it is a secret by its name: write `${secret:name}`"),
        Json::Null | Json::Bool(_) | Json::Number(_) => Ok(()),
    }
}
