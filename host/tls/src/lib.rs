//! The client side of TLS, as every driver of a database needs it: what of the server's certificate is checked, and with
//! which certificate the client signs in.
//!
//! ```
//! use tenon_tls::{Check, Files, client};
//!
//! let trusting_browsers_authorities = client(Check::Server, &Files::default())?;
//! # Ok::<(), tenon_tls::Error>(())
//! ```

mod any_server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use any_server::AnyServer;

/// What of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing: the connection is encrypted, and who is at the other end is not known.
    Nothing,
    /// Who has signed it, and the host's name.
    Server,
}

/// Files with certificates, as PEM.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Certificates of the authorities that sign servers' certificates; by default those that browsers trust.
    pub authority: Option<PathBuf>,
    /// The client's own certificate, and those that lead from it to its authority. Needs `key`.
    pub certificate: Option<PathBuf>,
    /// The key of the client's own certificate.
    pub key: Option<PathBuf>,
}

/// Which of the files is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// None of them: the settings do not go together.
    Settings,
    /// [`Files::authority`].
    Authority,
    /// [`Files::certificate`].
    Certificate,
    /// [`Files::key`].
    Key,
}

/// Settings that cannot be used. It names the file, and quotes nothing of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Error {
    /// Which of the settings it is about.
    pub about: About,
    /// What is wrong with it, as a sentence without its end.
    pub reason: String,
}

impl Error {
    fn new(about: About, reason: impl Into<String>) -> Self {
        Self {
            about,
            reason: reason.into(),
        }
    }
}

/// The settings of a client that checks `check`, with these files.
pub fn client(check: Check, files: &Files) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(About::Settings, error.to_string()))?;
    let builder = match check {
        Check::Server => builder.with_root_certificates(roots(files.authority.as_deref())?),
        Check::Nothing => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider))),
    };
    match (&files.certificate, &files.key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate, About::Certificate)?;
            let key =
                PrivateKeyDer::from_pem_file(key).map_err(|error| Error::new(About::Key, unreadable(key, &error)))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| Error::new(About::Certificate, format!("{}: {error}", certificate.display())))
        }
        (Some(_), None) => Err(Error::new(About::Key, "a client's certificate needs its key")),
        (None, Some(_)) => Err(Error::new(About::Certificate, "a client's key needs its certificate")),
    }
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    for certificate in certificates(file, About::Authority)? {
        roots
            .add(certificate)
            .map_err(|error| Error::new(About::Authority, format!("{}: {error}", file.display())))?;
    }
    Ok(roots)
}

fn certificates(file: &Path, about: About) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| Error::new(about, unreadable(file, &error)))?;
    if certificates.is_empty() {
        return Err(Error::new(about, format!("{} holds no certificate", file.display())));
    }
    Ok(certificates)
}

fn unreadable(file: &Path, error: &pem::Error) -> String {
    format!("cannot read {}: {error}", file.display())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_is_not_there_or_holds_no_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        fs::write(&empty, "nothing of the kind").unwrap();
        let missing = folder.path().join("missing.pem");
        for (file, says) in [(&empty, "holds no certificate"), (&missing, "cannot read")] {
            let files = Files {
                authority: Some(file.clone()),
                ..Files::default()
            };
            let error = client(Check::Server, &files).unwrap_err();
            assert_eq!(error.about, About::Authority);
            let told = error.to_string();
            assert!(told.contains(says) && told.contains(file.to_str().unwrap()), "{told}");
        }
    }

    #[test]
    fn a_certificate_and_its_key_need_one_another() {
        let only = |certificate: Option<&str>, key: Option<&str>| Files {
            authority: None,
            certificate: certificate.map(PathBuf::from),
            key: key.map(PathBuf::from),
        };
        let error = client(Check::Nothing, &only(Some("certificate.pem"), None)).unwrap_err();
        assert_eq!(error.about, About::Key);
        let error = client(Check::Nothing, &only(None, Some("key.pem"))).unwrap_err();
        assert_eq!(error.about, About::Certificate);
    }
}
