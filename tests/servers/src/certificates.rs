//! Certificates for servers that encrypt.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::programs::{find, output};

/// An authority, and what it has signed: a server's certificate for 127.0.0.1 and `localhost`.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority's certificate, for clients to check the server's against.
    pub ca: PathBuf,
    /// The server's certificate.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// Makes them in a folder.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        let openssl = find("openssl").context("openssl is not installed, and makes the certificates")?;
        let at = |name: &str| folder.join(name);
        let run = |arguments: &[&str]| output(Command::new(&openssl).args(arguments).current_dir(folder));
        run(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=Tenon test authority",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ])?;
        run(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ])?;
        let extensions = "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n";
        fs::write(at("server.ext"), extensions).context("cannot write the certificate's extensions")?;
        run(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "server.ext",
            "-out",
            "server.pem",
        ])?;
        Ok(Self {
            ca: at("ca.pem"),
            certificate: at("server.pem"),
            key: at("server.key"),
        })
    }
}
