//! Puts the SDKs and the contract into the crate, so that an installed Tenon builds guests by itself.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// What is carried: by which name, and from where in the repository.
const CARRIED: [(&str, &str); 6] = [
    ("wit", "wit"),
    ("python", "sdk/python"),
    ("js", "sdk/js"),
    ("go", "sdk/go"),
    ("c", "sdk/c"),
    ("zig", "sdk/zig"),
];
/// Tests, generators of bindings, and what tools leave behind.
const PASSED_OVER: [&str; 7] = [
    "target",
    "node_modules",
    "__pycache__",
    "tests",
    "test",
    "generate",
    "build",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let mut generated = String::from("&[\n");
    for (name, folder) in CARRIED {
        let folder = root.join(folder);
        if folder.is_dir() {
            println!("cargo::rerun-if-changed={}", folder.display());
            carry(name, &folder.canonicalize()?, "", &mut generated)?;
        }
    }
    generated.push(']');
    let output = PathBuf::from(std::env::var("OUT_DIR")?).join("sdk_files.rs");
    fs::write(output, generated)?;
    builders()
}

/// What tells this version of the builders from any other, so that what another one has built is built again.
fn builders() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src");
    let mut digest = DefaultHasher::new();
    sources(Path::new("src"), &mut digest)?;
    println!("cargo::rustc-env=TENON_BUILDERS={:016x}", digest.finish());
    Ok(())
}

fn sources(folder: &Path, digest: &mut DefaultHasher) -> Result<(), Box<dyn Error>> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type()?.is_dir() {
            sources(&entry.path(), digest)?;
        } else {
            fs::read(entry.path())?.hash(digest);
        }
    }
    Ok(())
}

fn carry(sdk: &str, folder: &Path, prefix: &str, generated: &mut String) -> Result<(), Box<dyn Error>> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name.ends_with(".egg-info") || PASSED_OVER.contains(&name.as_str()) {
            continue;
        }
        let inner = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            carry(sdk, &entry.path(), &format!("{inner}/"), generated)?;
        } else {
            let file = entry.path().display().to_string();
            writeln!(generated, "    ({sdk:?}, {inner:?}, include_bytes!({file:?})),")?;
        }
    }
    Ok(())
}
