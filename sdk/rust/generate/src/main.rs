//! Writes the SDK's bindings from the WIT package in `wit/`.
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
use wit_bindgen_rust::{Opts, Ownership, WithOption};

/// One file of bindings.
struct Target {
    /// The world in wit/.
    world: &'static str,
    /// The file, from the repository's root.
    file: &'static str,
    /// The macro that exports the world.
    export: &'static str,
    /// Interfaces whose bindings are in the other file.
    shared: &'static [&'static str],
}

/// A component without a job must not export one, so the job's world is apart and exported by the macro `tenon::job`.
const TARGETS: [Target; 2] = [
    Target {
        world: "transformer",
        file: "sdk/rust/src/bindings.rs",
        export: "export",
        shared: &[],
    },
    Target {
        world: "script",
        file: "sdk/rust/src/job/bindings.rs",
        export: "export_job",
        shared: &["arrow", "batches", "errors"],
    },
];

fn main() -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let wit = repository.join("wit");
    let digest = digest(&wit)?;
    for target in &TARGETS {
        let file = repository.join(target.file);
        let bindings = bindings(&wit, target)?;
        let world = target.world;
        let header = format!(
            "// The Rust side of the world `{world}` in wit/, written by sdk/rust/generate. Don't edit it; after a change to\n\
             // wit/ run: cargo run --manifest-path sdk/rust/generate/Cargo.toml\n\
             // wit-sha256: {digest}\n\n"
        );
        std::fs::write(&file, header + &bindings).with_context(|| format!("writing {}", file.display()))?;
        format(&file, &repository.join("rustfmt.toml"))?;
    }
    Ok(())
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

/// The generator's output for one world. Borrowing parameters let columns leave the guest without a copy.
fn bindings(wit: &Path, target: &Target) -> Result<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(target.world))?;
    let version = resolve.packages[package].name.version.clone();
    let version = version.context("the package has no version")?;
    let shared = target.shared.iter().map(|interface| {
        let path = format!("crate::bindings::tenon::etl::{interface}");
        (format!("tenon:etl/{interface}@{version}"), WithOption::Path(path))
    });
    let options = Opts {
        generate_all: true,
        ownership: Ownership::Borrowing {
            duplicate_if_necessary: true,
        },
        pub_export_macro: true,
        export_macro_name: Some(target.export.to_owned()),
        // The world's macro brings the section into the crates that need it, and no code into those that do not.
        disable_custom_section_link_helpers: target.export != "export",
        with: shared.collect(),
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
