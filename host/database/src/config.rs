//! How to reach a database.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Secret;

/// How to reach a database. A URL may hold a password, so it is never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionConfig {
    /// The URL: `postgres://user:password@host:5432/database`, `mysql://...`, `sqlite:path/to/file.db`, and so on.
    pub url: Secret,
    /// What else there is to say.
    pub options: ConnectOptions,
}

/// How to connect, beside the URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectOptions {
    /// The user; what the URL says by default.
    pub user: Option<String>,
    /// The user's password; what the URL says by default.
    pub password: Option<Secret>,
    /// Whether the connection is encrypted; what the URL says by default (`sslmode`, `ssl-mode`), or else `prefer`.
    pub tls: Option<Tls>,
    /// A PEM file with the certificates of the authorities that the server's certificate is checked against, instead of
    /// the public ones.
    pub tls_ca: Option<PathBuf>,
    /// A PEM file with the client's certificate, for servers that ask for one.
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file with the key of the client's certificate.
    pub tls_key: Option<PathBuf>,
    /// Seconds until an attempt to connect is given up; 10 by default.
    pub connect_timeout: u32,
    /// Seconds after which the server ends a statement; none by default.
    pub statement_timeout: Option<u32>,
    /// Seconds that a statement waits for a lock; 30 by default.
    pub lock_timeout: u32,
    /// Connections at most, at the same time, for each source and each sink; 8 by default.
    pub connections: u32,
    /// Redshift: a folder in S3 through which rows are read (`UNLOAD`) and written (`COPY`), `s3://bucket/prefix/`. What is
    /// put there is removed again. Without one rows go over the connection, which is slow.
    pub temp_dir: Option<String>,
    /// Redshift: the role that the cluster takes to reach `temp_dir`, `arn:aws:iam::123456789012:role/redshift`, or
    /// `default`, the cluster's own, which is what it takes where there is no access key either.
    pub iam_role: Option<String>,
    /// Redshift: the region of the bucket of `temp_dir`; what the environment says by default (`AWS_REGION`).
    pub s3_region: Option<String>,
    /// Redshift: a server that speaks S3's protocol, instead of Amazon's.
    pub s3_endpoint: Option<String>,
    /// Redshift: the key by which `temp_dir` is reached from here, and by the cluster if there is no `iam_role`. By default
    /// what the environment says, for here alone.
    pub s3_access_key_id: Option<String>,
    /// Redshift: the secret part of that key.
    pub s3_secret_access_key: Option<Secret>,
    /// Redshift: the token of that key, for keys that are temporary.
    pub s3_session_token: Option<Secret>,
    /// Whether it is for somebody who may not reach all that this machine can, as a server's tenants; no job says this of
    /// itself. No name leads to what clouds tell machines about themselves then, and `s3_endpoint` is not given the keys of
    /// this machine.
    #[serde(skip)]
    #[schemars(skip)]
    pub confined: bool,
}

impl ConnectOptions {
    /// Those that are secrets, by their names.
    pub fn secrets(&self) -> [(&'static str, Option<&Secret>); 3] {
        [
            ("password", self.password.as_ref()),
            ("s3_secret_access_key", self.s3_secret_access_key.as_ref()),
            ("s3_session_token", self.s3_session_token.as_ref()),
        ]
    }

    /// Whether something is set that only Redshift understands.
    pub(crate) fn has_files(&self) -> bool {
        let texts = [
            &self.temp_dir,
            &self.iam_role,
            &self.s3_region,
            &self.s3_endpoint,
            &self.s3_access_key_id,
        ];
        texts.into_iter().any(Option::is_some) || self.s3_secret_access_key.is_some() || self.s3_session_token.is_some()
    }
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            user: None,
            password: None,
            tls: None,
            tls_ca: None,
            tls_certificate: None,
            tls_key: None,
            connect_timeout: 10,
            statement_timeout: None,
            lock_timeout: 30,
            connections: 8,
            temp_dir: None,
            iam_role: None,
            s3_region: None,
            s3_endpoint: None,
            s3_access_key_id: None,
            s3_secret_access_key: None,
            s3_session_token: None,
            confined: false,
        }
    }
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// It is not.
    Disable,
    /// It is if the server offers it. Who the server is, is not checked.
    Prefer,
    /// It is, or there is none. Who the server is, is not checked.
    Require,
    /// It is, and the server's certificate is checked, and its name against the host's.
    VerifyFull,
}

impl ConnectionConfig {
    /// A URL with every option at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url),
            options: ConnectOptions::default(),
        }
    }
}
