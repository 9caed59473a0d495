//! S3.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::or_skip;
use crate::process::{Process, free_port};
use crate::programs::cache;

/// The crate that the server is, and its version.
pub(crate) const CRATE: (&str, &str) = ("s3s-fs", "0.14.1");

/// An S3 server with one empty bucket. It ends, and its data go, when this is dropped.
#[derive(Debug)]
pub struct S3 {
    /// URL of the server.
    pub endpoint: String,
    /// Id of its only key.
    pub access_key: String,
    /// Secret part of the key.
    pub secret_key: String,
    /// Its only bucket.
    pub bucket: String,
    process: Process,
    folder: TempDir,
}

impl S3 {
    /// Starts a server.
    ///
    /// # Errors
    /// Says how to install it where it is not, and when it does not start.
    #[expect(clippy::unused_async, reason = "tests await it, as they do whatever they ask of it")]
    pub async fn start() -> Result<Self> {
        Self::run()
    }

    /// As [`start`](Self::start); none where that fails, which is said in a way that `cargo xtask test` counts.
    pub async fn start_or_skip(test: &str) -> Option<Self> {
        or_skip(test, Self::start().await)
    }

    /// Where the server keeps the bucket's objects, as files.
    pub fn bucket_folder(&self) -> PathBuf {
        self.folder.path().join(&self.bucket)
    }

    /// Waits until the server ends by itself.
    ///
    /// # Errors
    /// When it can't be waited for.
    pub fn wait(&mut self) -> Result<()> {
        self.process.wait().map(drop)
    }

    pub(crate) fn run() -> Result<Self> {
        let program = program()?;
        if !program.exists() {
            bail!("the S3 server is not installed; `cargo xtask services install s3` does that");
        }
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let (data, port) = (folder.path(), free_port()?);
        fs::create_dir(data.join("bucket")).context("cannot create the bucket")?;
        let (access_key, secret_key) = ("test-key".to_owned(), "test-secret".to_owned());
        let mut command = Command::new(&program);
        command
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", &access_key, "--secret-key", &secret_key])
            .arg(data);
        // Outside of the folder, which the server takes for its buckets.
        let log = std::env::temp_dir().join(format!("tenon-s3-{port}.log"));
        let listens = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        let process = Process::start("the S3 server", &mut command, log.clone(), listens);
        let _ = fs::remove_file(log);
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            access_key,
            secret_key,
            bucket: "bucket".to_owned(),
            process: process?,
            folder,
        })
    }
}

/// The folder that the server is installed into.
pub(crate) fn folder() -> Result<PathBuf> {
    let (name, version) = CRATE;
    Ok(cache()?.join("services").join(format!("{name}-{version}")))
}

/// The server's program, which may not be there.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(folder()?
        .join("bin")
        .join(format!("{}{}", CRATE.0, std::env::consts::EXE_SUFFIX)))
}
