//! A connection with its secrets in place: what a run connects with.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};
use tenon_metadata::{Name, Transaction};
use zeroize::Zeroizing;

use super::check::split_user;
use super::get;
use super::reference::{Piece, pieces};
use crate::Error;
use crate::secrets::{KeyRing, SecretValue, reveal};

/// A connection with the values of its secrets. Its `Debug` shows none of it but the driver.
#[derive(Clone)]
pub struct ResolvedConnection {
    /// Which connector or database: "postgres".
    pub driver: String,
    /// The URL.
    pub url: SecretValue,
    /// The options.
    pub options: Map<String, Json>,
}

impl fmt::Debug for ResolvedConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let driver = &self.driver;
        formatter
            .debug_struct("ResolvedConnection")
            .field("driver", driver)
            .finish_non_exhaustive()
    }
}

/// Puts the values of secrets that a job may use into a connection; without a job as [`reveal`] says. Whether the tenant
/// may go where it leads is for [`Access::allows_connection`](crate::Access::allows_connection), before this.
///
/// # Errors
/// [`Error::NotFound`] for the connection or a secret, [`Error::NotGranted`], [`Error::NoKey`], [`Error::Tampered`].
pub fn resolve(
    tx: &mut Transaction<'_>,
    keys: &KeyRing,
    tenant: &Name,
    name: &Name,
    job: Option<&Name>,
) -> Result<ResolvedConnection, Error> {
    let connection = get(tx, tenant, name)?.connection;
    let mut value = |secret: &Name| reveal(tx, keys, tenant, secret, job);
    let (user, rest) = split_user(&connection.url);
    let url = if user.is_empty() {
        Zeroizing::new(fill(&rest, false, &mut value)?.to_string())
    } else {
        // A value can't end the user and become a host: all of it is encoded.
        let user = fill(user, true, &mut value)?;
        let (scheme, server) = rest.split_once("://").unwrap_or(("", &rest));
        let server = fill(server, false, &mut value)?;
        Zeroizing::new(format!("{scheme}://{}@{}", *user, *server))
    };
    let mut options = connection.options;
    for option in options.values_mut() {
        fill_json(option, &mut value)?;
    }
    Ok(ResolvedConnection {
        driver: connection.driver,
        url: SecretValue::new(url.as_str()),
        options,
    })
}

fn fill_json(value: &mut Json, of: &mut impl FnMut(&Name) -> Result<SecretValue, Error>) -> Result<(), Error> {
    match value {
        Json::String(text) => {
            let filled = fill(text, false, of)?;
            text.clone_from(&filled);
            Ok(())
        }
        Json::Array(values) => values.iter_mut().try_for_each(|value| fill_json(value, of)),
        Json::Object(map) => map.values_mut().try_for_each(|value| fill_json(value, of)),
        _ => Ok(()),
    }
}

fn fill(
    text: &str,
    encode: bool,
    of: &mut impl FnMut(&Name) -> Result<SecretValue, Error>,
) -> Result<Zeroizing<String>, Error> {
    let mut filled = Zeroizing::new(String::with_capacity(text.len()));
    for piece in pieces(text).map_err(|reason| Error::invalid("connection", reason))? {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Secret(name) if encode => {
                filled.extend(utf8_percent_encode(of(&name)?.reveal(), NON_ALPHANUMERIC));
            }
            Piece::Secret(name) => filled.push_str(of(&name)?.reveal()),
        }
    }
    Ok(filled)
}
