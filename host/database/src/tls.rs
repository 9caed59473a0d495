//! Settings of TLS, as every driver needs them.

use rustls::ClientConfig;
use tenon_tls::{About, Check, Files};

use crate::{ConnectOptions, Error, Tls};

/// The client's side of TLS. The server's certificate is checked with [`Tls::VerifyFull`] only.
pub(crate) fn client(mode: Tls, options: &ConnectOptions) -> Result<ClientConfig, Error> {
    let check = if mode == Tls::VerifyFull {
        Check::Server
    } else {
        Check::Nothing
    };
    let files = Files {
        authority: options.tls_ca.clone(),
        certificate: options.tls_certificate.clone(),
        key: options.tls_key.clone(),
    };
    tenon_tls::client(check, &files).map_err(|error| {
        let setting = match error.about {
            About::Settings => "tls",
            About::Authority => "tls_ca",
            About::Certificate => "tls_certificate",
            About::Key => "tls_key",
        };
        Error::Config {
            subject: format!("`{setting}`"),
            reason: error.reason,
        }
    })
}
