//! Real servers that tests and people talk to, on this machine alone.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tenon_toolchain::Machine;

use crate::steps::{step, succeed};

/// Version of the S3 server. tests/src/services.rs names it too.
const S3: &str = "s3s-fs-0.14.1";

/// What can be installed and started.
const SERVICES: [(&str, &str); 1] = [("s3", "an S3 server that keeps buckets as folders (the crate s3s-fs)")];

/// Says what there is, and what of it is installed.
pub(crate) fn list() -> Result<()> {
    for (name, what) in SERVICES {
        let state = if program(name)?.exists() {
            "installed"
        } else {
            "not installed"
        };
        println!("{name}  {what}, {state}");
    }
    Ok(())
}

/// Installs a service into the user's cache, unless it is there.
pub(crate) fn install(name: &str) -> Result<PathBuf> {
    let program = program(name)?;
    if program.exists() {
        return Ok(program);
    }
    let folder = folder()?;
    step(
        &format!(
            "building {S3} into {}, which takes some minutes, once",
            folder.display()
        ),
        || {
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            cargo.args([
                "install",
                "--locked",
                "--debug",
                "--features",
                "binary",
                "s3s-fs",
                "--version",
                "0.14.1",
                "--root",
            ]);
            // Beside its dependencies' sources, there is nothing here that it should share.
            succeed(cargo.arg(&folder).env_remove("CARGO_TARGET_DIR").current_dir(&folder))
        },
    )?;
    Ok(program)
}

/// Installs every service that tests use; what can't be installed is only said, since its tests count as skipped then.
pub(crate) fn install_for_tests() {
    for (name, _) in SERVICES {
        if let Err(error) = install(name) {
            eprintln!("    {name} could not be installed, so its tests are skipped: {error:#}");
        }
    }
}

/// Runs a service until it is interrupted.
pub(crate) fn start(name: &str) -> Result<()> {
    let program = install(name)?;
    let data = std::env::temp_dir().join(format!("tenon-{name}-{}", std::process::id()));
    let bucket = data.join("bucket");
    fs::create_dir_all(&bucket).with_context(|| format!("cannot create {}", bucket.display()))?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.context("no port is free")?.port();
    println!("endpoint           http://127.0.0.1:{port}");
    println!("access_key_id      tenon");
    println!("secret_access_key  tenon-secret");
    println!("bucket             bucket, which is {}", bucket.display());
    println!("Ctrl-C ends it; the folder stays.");
    let mut server = Command::new(program);
    server.args([
        "--host",
        "127.0.0.1",
        "--access-key",
        "tenon",
        "--secret-key",
        "tenon-secret",
        "--port",
    ]);
    succeed(server.arg(port.to_string()).arg(data))
}

fn program(name: &str) -> Result<PathBuf> {
    if name != "s3" {
        let known: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
        bail!("there is no service `{name}`; there are: {}", known.join(", "));
    }
    Ok(folder()?
        .join("bin")
        .join(format!("s3s-fs{}", std::env::consts::EXE_SUFFIX)))
}

fn folder() -> Result<PathBuf> {
    Ok(Machine::from_env()?.cache.join("services").join(S3))
}
