//! What a job says about reaching a store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scheme;
use crate::{Error, Secret};

/// How to reach a store. What is left out comes from the environment, as with the cloud's own tools. An option that
/// means nothing to the store at hand is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreOptions {
    /// Region of an S3 bucket; `us-east-1` where the environment names none either.
    pub region: Option<String>,
    /// URL of a server to use instead of the cloud's own, such as `http://127.0.0.1:9000`.
    pub endpoint: Option<String>,
    /// Id of the key that signs requests to S3.
    pub access_key_id: Option<String>,
    /// Secret part of that key.
    pub secret_access_key: Option<Secret>,
    /// Token that belongs to a temporary key.
    pub session_token: Option<Secret>,
    /// Whether to name the S3 bucket in the server's name instead of the path; false by default.
    pub virtual_hosted_style: Option<bool>,
    /// Key of a Google service account, as JSON.
    pub service_account_key: Option<Secret>,
    /// Azure storage account, where the URL does not name it.
    pub account: Option<String>,
    /// Key of the Azure storage account.
    pub account_key: Option<Secret>,
    /// Shared access signature for Azure.
    pub sas_token: Option<Secret>,
    /// Token that is sent to a web server in the header `Authorization: Bearer`.
    pub bearer_token: Option<Secret>,
    /// Whether to send requests without a signature, for public data; false by default.
    pub anonymous: Option<bool>,
    /// Whether the endpoint may be reached without encryption; false by default.
    pub allow_http: Option<bool>,
    /// Seconds that a request may take, its answer included; 30 by default.
    pub timeout: Option<u64>,
    /// Seconds that connecting may take; 5 by default.
    pub connect_timeout: Option<u64>,
    /// How often a request is repeated that failed for a reason that may pass; 5 by default.
    pub retries: Option<usize>,
    /// Whether it is for somebody who may not reach all that this machine can, as a server's tenants; no job says this of
    /// itself. No redirect is followed then, no link that leads out of a folder, and no name to what clouds tell machines
    /// about themselves; and an endpoint is not given the keys of this machine.
    #[serde(skip)]
    #[schemars(skip)]
    pub confined: bool,
}

impl StoreOptions {
    /// The options that must not be seen, by their names.
    pub(in crate::file) fn secrets(&mut self) -> [(&'static str, &mut Option<Secret>); 6] {
        [
            ("secret_access_key", &mut self.secret_access_key),
            ("session_token", &mut self.session_token),
            ("service_account_key", &mut self.service_account_key),
            ("account_key", &mut self.account_key),
            ("sas_token", &mut self.sas_token),
            ("bearer_token", &mut self.bearer_token),
        ]
    }

    /// The other options that are texts, by their names.
    pub(in crate::file) fn texts(&mut self) -> [(&'static str, &mut Option<String>); 4] {
        [
            ("region", &mut self.region),
            ("endpoint", &mut self.endpoint),
            ("access_key_id", &mut self.access_key_id),
            ("account", &mut self.account),
        ]
    }

    /// Refuses the first option that is set and means nothing to this kind of store.
    pub(super) fn refuse_foreign(&self, url: &str, scheme: Scheme) -> Result<(), Error> {
        use Scheme::{Azure, Gcs, Http, S3};
        let options: [(&str, bool, &[Scheme]); 16] = [
            ("region", self.region.is_some(), &[S3]),
            ("endpoint", self.endpoint.is_some(), &[S3, Gcs, Azure]),
            ("access_key_id", self.access_key_id.is_some(), &[S3]),
            ("secret_access_key", self.secret_access_key.is_some(), &[S3]),
            ("session_token", self.session_token.is_some(), &[S3]),
            ("virtual_hosted_style", self.virtual_hosted_style.is_some(), &[S3]),
            ("service_account_key", self.service_account_key.is_some(), &[Gcs]),
            ("account", self.account.is_some(), &[Azure]),
            ("account_key", self.account_key.is_some(), &[Azure]),
            ("sas_token", self.sas_token.is_some(), &[Azure]),
            ("bearer_token", self.bearer_token.is_some(), &[Http]),
            ("anonymous", self.anonymous.is_some(), &[S3, Gcs, Azure]),
            ("allow_http", self.allow_http.is_some(), &[S3, Gcs, Azure]),
            ("timeout", self.timeout.is_some(), &[S3, Gcs, Azure, Http]),
            (
                "connect_timeout",
                self.connect_timeout.is_some(),
                &[S3, Gcs, Azure, Http],
            ),
            ("retries", self.retries.is_some(), &[S3, Gcs, Azure, Http]),
        ];
        let foreign = options
            .iter()
            .find(|(_, set, schemes)| *set && !schemes.contains(&scheme));
        let Some((option, _, _)) = foreign else { return Ok(()) };
        let kind = match scheme {
            Scheme::Local => "local files",
            S3 => "S3",
            Gcs => "Google Cloud Storage",
            Azure => "Azure",
            Http => "web servers",
        };
        let known: Vec<&str> = options
            .iter()
            .filter(|(_, _, schemes)| schemes.contains(&scheme))
            .map(|(option, _, _)| *option)
            .collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        Err(Error::Config {
            subject: url.split('?').next().unwrap_or(url).to_owned(),
            reason: format!("`{option}` is no option of {kind}; there are: {known}"),
        })
    }
}
