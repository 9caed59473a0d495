//! Puts into the command what `tenon new` writes: its templates, and the sources of the Rust SDK, which go beside a plugin;
//! and the interpreters of scripts, where `TENON_SHIPPED_PLUGINS` names the folder that has them.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// Folders of the SDK: where they are in the repository, and beside a plugin.
const FOLDERS: [(&str, &str); 3] = [
    ("sdk/rust", "rust"),
    ("sdk/rust/macros", "rust/macros"),
    ("host/layout", "layout"),
];

/// The interpreters of scripts, in `plugins/`.
const INTERPRETERS: [&str; 3] = ["javascript", "python", "rhai"];

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
    write("sdk_files.rs", files)?;

    let templates = root.join("host/cli/src/template");
    println!("cargo::rerun-if-changed={}", templates.display());
    let mut files = Vec::new();
    sources(&templates, "", &mut files)?;
    write("templates.rs", files)?;
    ship()
}

/// Makes a list of files, by their names, that the command can include.
fn write(output: &str, files: Vec<(String, String)>) -> Result<(), Box<dyn Error>> {
    let mut generated = String::from("&[\n");
    for (name, content) in files {
        writeln!(generated, "    ({name:?}, {content:?}),")?;
    }
    generated.push(']');
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join(output), generated)?;
    Ok(())
}

/// The interpreters as they come with a released command. Without them it looks for them beside itself.
fn ship() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=TENON_SHIPPED_PLUGINS");
    let mut shipped = String::from("&[\n");
    let mut digest = DefaultHasher::new();
    if let Some(folder) = std::env::var_os("TENON_SHIPPED_PLUGINS") {
        for name in INTERPRETERS {
            let file = Path::new(&folder).join(format!("{name}.wasm"));
            println!("cargo::rerun-if-changed={}", file.display());
            fs::read(&file)
                .map_err(|error| format!("{}: {error}", file.display()))?
                .hash(&mut digest);
            let path = file.canonicalize()?.display().to_string();
            writeln!(shipped, "    ({name:?}, include_bytes!({path:?})),")?;
        }
    }
    shipped.push(']');
    fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("shipped.rs"), shipped)?;
    println!("cargo::rustc-env=TENON_SHIPPED={:016x}", digest.finish());
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
        let file = entry.file_name();
        let name = match name {
            "" => file.to_string_lossy().into_owned(),
            folder => format!("{folder}/{}", file.to_string_lossy()),
        };
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
