//! Where a script may read and write.

use std::str::FromStr;

use tenon_connect::file::{StoreOptions, location};

use crate::error::Error;
use crate::place::lies_in;

/// A folder, bucket or server below which a script may read and write: a path or a URL.
///
/// ```
/// use tenon_engine::Place;
///
/// let lake: Place = "s3://lake/orders/".parse()?;
/// assert_eq!(lake.url(), "s3://lake/orders/");
/// # Ok::<(), tenon_engine::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// Its URL, absolute, without `..` and links.
    pub fn url(&self) -> &str {
        &self.0
    }

    /// Whether something at this absolute URL lies in it.
    pub fn holds(&self, url: &str) -> bool {
        lies_in(url, &self.0)
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        // A server as a whole, which no file source could read.
        if let Some((scheme, server)) = url.split_once("://")
            && scheme.starts_with("http")
            && !server.is_empty()
        {
            return Ok(Self(url.to_owned()));
        }
        location(url, &StoreOptions::default())
            .map(Self)
            .map_err(|error| Error::Source(Box::new(error)))
    }
}

/// Where a URL of a script's leads.
///
/// # Errors
/// When the URL makes no sense, and [`Error::Place`] when it leads out of all `places`.
pub(super) fn allowed(places: &[Place], url: &str, options: &StoreOptions) -> Result<String, Error> {
    // A server of the script's choice would be sent the user's credentials, and perhaps the data.
    let chosen = [
        ("account", options.account.is_some()),
        ("service_account_key", options.service_account_key.is_some()),
    ];
    if let Some((option, _)) = chosen.iter().find(|(_, is_set)| *is_set) {
        return Err(Error::Recipient { option });
    }
    if let Some(endpoint) = &options.endpoint {
        within(places, endpoint, endpoint)?;
    }
    let absolute = location(url, options).map_err(|error| Error::Source(Box::new(error)))?;
    within(places, &absolute, url)?;
    Ok(absolute)
}

fn within(places: &[Place], absolute: &str, url: &str) -> Result<(), Error> {
    if places.iter().any(|place| place.holds(absolute)) {
        return Ok(());
    }
    Err(Error::Place {
        url: url.to_owned(),
        places: places.iter().map(|place| place.0.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        url.parse().expect("a place")
    }

    #[test]
    fn nothing_leads_out_of_a_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("data");
        std::fs::create_dir(&inside).expect("a folder");
        std::os::unix::fs::symlink("/etc", inside.join("link")).expect("a link");
        let places = [place(inside.to_str().expect("UTF-8"))];
        let check = |name: &str| {
            allowed(
                &places,
                &format!("{}{name}", inside.display()),
                &StoreOptions::default(),
            )
        };
        for fine in ["", "/", "/x.csv", "/*.csv", "/a/../b", "/not/there/yet/"] {
            check(fine).expect(fine);
        }
        for refused in ["base/x.csv", "/../x.csv", "/a/../../x", "/link/passwd", "/link/*"] {
            let error = check(refused).expect_err(refused);
            assert!(matches!(error, Error::Place { .. }), "{refused}: {error}");
        }
        allowed(&[], "x.csv", &StoreOptions::default()).expect_err("nothing is granted");
    }

    #[test]
    fn a_bucket_is_not_a_server() {
        let places = [place("s3://lake/orders")];
        let region = Some("eu-west-1".to_owned());
        let options = StoreOptions {
            region: region.clone(),
            ..StoreOptions::default()
        };
        allowed(&places, "s3://lake/orders/2013/*.parquet", &options).expect("inside");
        allowed(&places, "s3://lake/orders-secret/x", &options).expect_err("outside");
        let elsewhere = StoreOptions {
            region,
            endpoint: Some("http://127.0.0.1:9000".to_owned()),
            allow_http: Some(true),
            ..StoreOptions::default()
        };
        let error = allowed(&places, "s3://lake/orders/x", &elsewhere).expect_err("another server");
        assert!(error.to_string().contains("127.0.0.1:9000"), "{error}");
        let places = [place("s3://lake/orders"), place("http://127.0.0.1:9000")];
        allowed(&places, "s3://lake/orders/x", &elsewhere).expect("granted");
    }

    #[test]
    fn a_script_does_not_choose_who_is_asked() {
        let places = [place("gs://lake")];
        let account = StoreOptions {
            account: Some("somebody".to_owned()),
            ..StoreOptions::default()
        };
        let error = allowed(&places, "az://lake/x", &account).expect_err("another account");
        assert!(error.to_string().contains("`account`"), "{error}");
        let key = StoreOptions {
            service_account_key: Some(tenon_connect::Secret::new("{}")),
            ..StoreOptions::default()
        };
        let error = allowed(&places, "gs://lake/x", &key).expect_err("another issuer of tokens");
        assert!(matches!(error, Error::Recipient { .. }), "{error}");
    }
}
