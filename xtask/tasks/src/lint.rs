use std::env;
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::{step, succeed};
use crate::workspace::{cargo, guest_manifest, guest_target, root};

/// The workspaces beside the main one, which `cargo fmt` has to be told of.
const OTHER_WORKSPACES: [&str; 3] = ["plugins", "sdk/rust/generate", "tests/fuzz"];

/// Checks formatting and runs clippy with warnings denied, for the host and the guests.
pub(crate) fn run() -> Result<()> {
    for tool in ["clippy-driver", "rustfmt"] {
        if !Command::new(tool)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
        {
            bail!("{tool} is missing: run `rustup component add clippy rustfmt`");
        }
    }
    step("checking the format", || {
        succeed(cargo().args(["fmt", "--all", "--check"]))?;
        let manifests = OTHER_WORKSPACES.map(|workspace| root().join(workspace).join("Cargo.toml"));
        manifests
            .iter()
            .filter(|manifest| manifest.is_file())
            .try_for_each(|manifest| {
                succeed(
                    cargo()
                        .args(["fmt", "--all", "--check", "--manifest-path"])
                        .arg(manifest),
                )
            })
    })?;
    step("running clippy", || {
        let mut host = cargo();
        host.args(["build", "--workspace", "--all-targets"]);
        with_clippy(&mut host);
        succeed(&mut host)
    })?;
    step("running clippy on the guests", || {
        let mut guests = cargo();
        guests
            .args(["build", "--workspace", "--all-targets", "--manifest-path"])
            .arg(guest_manifest());
        guests.arg("--target-dir").arg(guest_target()?);
        with_clippy(&mut guests);
        succeed(&mut guests)
    })
}

/// Has cargo compile the workspace's own crates by clippy, which compiles as rustc does.
///
/// `cargo clippy` would check dependencies rather than build them, and the tests after it could use nothing of that.
pub(crate) fn with_clippy(cargo: &mut Command) {
    cargo.env(
        "RUSTC_WORKSPACE_WRAPPER",
        format!("clippy-driver{}", env::consts::EXE_SUFFIX),
    );
    // clippy-driver splits its arguments at this word.
    cargo.env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
}
