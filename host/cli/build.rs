//! Puts the SDK's sources into the command, so that `tenon new` can write them beside a plugin.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the SDK: where they are in the repository, and beside a plugin.
const FOLDERS: [(&str, &str); 3] = [
    ("sdk/rust", "rust"),
    ("sdk/rust/macros", "rust/macros"),
    ("host/layout", "layout"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let root = root.canonicalize()?;
    let mut files = vec![("Cargo.toml".to_owned(), workspace(&read(&root.join("Cargo.toml"))?))];
    for (from, to) in FOLDERS {
        let folder = root.join(from);
        let manifest = read(&folder.join("Cargo.toml"))?;
        files.push((format!("{to}/Cargo.toml"), without_kernels(&manifest)));
        println!("cargo::rerun-if-changed={}", folder.join("src").display());
        sources(&folder.join("src"), &format!("{to}/src"), &mut files)?;
    }
    files.push(("rust/README.md".to_owned(), read(&root.join("sdk/rust/README.md"))?));
    let mut generated = String::from("&[\n");
    for (name, content) in files {
        writeln!(generated, "    ({name:?}, {content:?}),")?;
    }
    generated.push(']');
    let output = PathBuf::from(std::env::var("OUT_DIR")?).join("sdk_files.rs");
    fs::write(output, generated)?;
    Ok(())
}

fn read(file: &Path) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", file.display());
    Ok(fs::read_to_string(file)?)
}

fn sources(folder: &Path, name: &str, files: &mut Vec<(String, String)>) -> Result<(), Box<dyn Error>> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            sources(&entry.path(), &name, files)?;
        } else {
            files.push((name, fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

/// The repository's manifest with nothing but the SDK in it: versions, lints, and where its crates are.
fn workspace(manifest: &str) -> String {
    let shared = manifest.find("[workspace.package]").unwrap_or(0);
    let end = manifest.find("# One profile").unwrap_or(manifest.len());
    let mut made = String::from("[workspace]\nresolver = \"3\"\nmembers = [\"rust\", \"rust/macros\", \"layout\"]\n\n");
    for line in manifest[shared..end].lines() {
        let moved = FOLDERS.iter().find_map(|(from, to)| {
            let (from, to) = (format!("path = \"{from}\""), format!("path = \"{to}\""));
            line.contains(&from).then(|| line.replace(&from, &to))
        });
        match moved {
            Some(line) => made.push_str(&line),
            None if line.contains("path = \"") => continue,
            None => made.push_str(line),
        }
        made.push('\n');
    }
    made
}

/// The manifest of a crate without the host's SQL, which outside a sandbox would be the whole query engine.
fn without_kernels(manifest: &str) -> String {
    let kept = manifest.lines().filter(|line| !line.starts_with("tenon-kernels"));
    let mut made = String::new();
    for line in kept {
        made.push_str(if line.starts_with("kernels = ") {
            "kernels = []"
        } else {
            line
        });
        made.push('\n');
    }
    made
}
