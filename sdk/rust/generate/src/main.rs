//! Writes `sdk/rust/src/bindings.rs` from the WIT package in `wit/`.
//!
//! Run it from anywhere in the repository after a change to `wit/`:
//!
//! ```text
//! cargo run --manifest-path sdk/rust/generate/Cargo.toml
//! ```

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator as _};
use wit_bindgen_rust::{Opts, Ownership};

/// The world that the SDK exports.
const WORLD: &str = "transformer";

fn main() -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let wit = repository.join("wit");
    let target = repository.join("sdk/rust/src/bindings.rs");

    let digest = digest(&wit)?;
    let bindings = bindings(&wit)?;
    let header = format!(
        "// The Rust side of the world `{WORLD}` in wit/, written by sdk/rust/generate. Don't edit it; after a change to\n\
         // wit/ run: cargo run --manifest-path sdk/rust/generate/Cargo.toml\n\
         // wit-sha256: {digest}\n\n"
    );
    std::fs::write(&target, header + &bindings).with_context(|| format!("writing {}", target.display()))?;
    format(&target, &repository.join("rustfmt.toml"))
}

/// SHA-256 over the WIT files in the order of their names: each name, a zero byte, the content, a zero byte.
fn digest(wit: &Path) -> Result<String> {
    let mut files = std::fs::read_dir(wit)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wit"));
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update([0]);
        hash.update(std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
        hash.update([0]);
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// The generator's output for the SDK's world. Borrowing parameters let columns leave the guest without a copy.
fn bindings(wit: &Path) -> Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    let options = Opts {
        generate_all: true,
        ownership: Ownership::Borrowing {
            duplicate_if_necessary: true,
        },
        pub_export_macro: true,
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let Some((_, bindings)) = files.iter().next() else {
        bail!("the generator wrote no file")
    };
    Ok(String::from_utf8(bindings.to_vec())?)
}

/// Formats the file as the rest of the repository.
fn format(file: &Path, config: &Path) -> Result<()> {
    let status = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(config)
        .arg(file)
        .status();
    if !status.context("starting rustfmt")?.success() {
        bail!("rustfmt refused {}", file.display());
    }
    Ok(())
}
