//! Real servers for tests, each on its own port of 127.0.0.1 with its own folder. `cargo xtask services` installs them.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tenon_toolchain::Machine;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

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
    server: Child,
    folder: TempDir,
}

impl S3 {
    /// Starts a server.
    ///
    /// # Errors
    /// Says how to install it where it is not, and when it does not start.
    pub async fn start() -> Result<Self> {
        // Of `cargo xtask services`, which installs this version.
        let program = Machine::from_env()?.cache.join("services/s3s-fs-0.14.1/bin/s3s-fs");
        if !program.exists() {
            bail!("the S3 server is not installed; `cargo xtask services install s3` does that");
        }
        let folder = tempfile::tempdir().context("no temporary folder")?;
        std::fs::create_dir(folder.path().join("bucket")).context("cannot create the bucket")?;
        let (access_key, secret_key) = ("test-key".to_owned(), "test-secret".to_owned());
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", &access_key, "--secret-key", &secret_key])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut started = Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            access_key,
            secret_key,
            bucket: "bucket".to_owned(),
            server,
            folder,
        };
        let began = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = started.server.try_wait()? {
                bail!("the S3 server has ended at once ({status})");
            }
            if began.elapsed() > START {
                bail!("the S3 server does not listen after {START:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(started)
    }

    /// As [`start`](Self::start); none where that fails, which is said in a way that `cargo xtask test` counts.
    pub async fn start_or_skip(test: &str) -> Option<Self> {
        match Self::start().await {
            Ok(server) => Some(server),
            Err(error) => {
                // Past the capture of tests' output, and on a line of its own.
                let mut stdout = std::io::stdout().lock();
                let _ = writeln!(stdout, "\nSKIPPED {test}, {error:#}");
                None
            }
        }
    }

    /// Where the server keeps the bucket's objects, as files.
    pub fn bucket_folder(&self) -> PathBuf {
        self.folder.path().join(&self.bucket)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // By its own handle, so nothing else can be hit. It has no children.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
