//! Tokens that a service account signs itself.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use crate::programs::{find, output};

/// The account's name.
pub(super) const EMAIL: &str = "tenon@tests.iam.example";

/// An account that may sign in, and the key to check its tokens by.
#[derive(Debug)]
pub(super) struct Account {
    /// As PEM.
    pub private_key: String,
    public_key: Vec<u8>,
}

impl Account {
    pub fn make() -> Result<Self> {
        let openssl = find("openssl").context("openssl is not installed, and makes the account's key")?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let run = |arguments: &[&str]| output(Command::new(&openssl).args(arguments).current_dir(folder.path()));
        run(&[
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
            "key.pem",
        ])?;
        run(&[
            "rsa",
            "-in",
            "key.pem",
            "-RSAPublicKey_out",
            "-outform",
            "DER",
            "-out",
            "public.der",
        ])?;
        Ok(Self {
            private_key: fs::read_to_string(folder.path().join("key.pem")).context("no private key")?,
            public_key: fs::read(folder.path().join("public.der")).context("no public key")?,
        })
    }

    /// Whether this is the value of a header by which the account signs in.
    pub fn has_signed(&self, authorization: &str) -> bool {
        self.claims(authorization).is_some_and(|claims| {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs();
            let lives = claims["exp"].as_u64().is_some_and(|end| end > now);
            let scoped = claims["scope"]
                .as_str()
                .is_some_and(|scope| ["cloud-platform", "devstorage"].iter().any(|may| scope.contains(may)));
            lives && scoped && claims["iss"] == EMAIL
        })
    }

    /// What the token says, if this account has signed it.
    fn claims(&self, authorization: &str) -> Option<Value> {
        let (signed, signature) = authorization.strip_prefix("Bearer ")?.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key)
            .verify(signed.as_bytes(), &signature)
            .ok()?;
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}
