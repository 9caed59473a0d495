//! Writes the bindings of Tenon's C SDK from the WIT package in `wit/`.
//!
//! Run it from anywhere in the repository after a change to `wit/`:
//!
//! ```text
//! cargo run --manifest-path sdk/c/generate/Cargo.toml
//! ```

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;
use wit_component::StringEncoding;

/// A component without a job must not export one, so the job's world is apart, and linked only where there is a job.
/// What both have is defined in both, so it has other names in the second.
const WORLDS: [(&str, &[&str]); 2] = [("transformer", &[]), ("script", &["arrow", "batches", "errors"])];

fn main() -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let wit = repository.join("wit");
    let digest = digest(&wit)?;
    let folder = repository.join("sdk/c/bindings");
    fs::create_dir_all(&folder)?;
    for (world, renamed) in WORLDS {
        let header = format!(
            "// The C side of the world `{world}` in wit/, written by sdk/c/generate. Don't edit it; after a change to wit/\n\
             // run: cargo run --manifest-path sdk/c/generate/Cargo.toml\n\
             // wit-sha256: {digest}\n\n"
        );
        for (name, content) in bindings(&wit, world, renamed)? {
            let file = folder.join(&name);
            fs::write(&file, format!("{header}{content}")).with_context(|| format!("writing {}", file.display()))?;
        }
    }
    Ok(())
}

/// SHA-256 over the WIT files in the order of their names: each name, a zero byte, the content, a zero byte.
fn digest(wit: &Path) -> Result<String> {
    let mut files = fs::read_dir(wit)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wit"));
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update([0]);
        hash.update(fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
        hash.update([0]);
    }
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}

/// The header and the source of one world, and its component type as a source.
fn bindings(wit: &Path, world: &str, renamed: &[&str]) -> Result<Vec<(String, String)>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let id = resolve.select_world(&[package], Some(world))?;
    let component_type = wit_component::metadata::encode(&resolve, id, StringEncoding::UTF8, None)?;
    let version = resolve.packages[package].name.version.clone();
    let version = version.context("the package has no version")?;
    let rename = renamed.iter().map(|interface| {
        let name = format!("tenon:etl/{interface}@{version}");
        (name, format!("{world}_{interface}"))
    });
    let options = Opts {
        no_object_file: true,
        rename: rename.collect(),
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, id, &mut files)?;
    let mut written = Vec::new();
    for (name, content) in files.iter() {
        written.push((name.to_owned(), String::from_utf8(content.to_vec())?));
    }
    written.push((
        format!("{world}_component_type.c"),
        component_type_source(world, &component_type)?,
    ));
    Ok(written)
}

/// The custom section that says which world a module is of. As a source, since an object file could not be read by
/// whoever reviews it. The bindings refer to the function, so that a linker takes the section along with them.
fn component_type_source(world: &str, bytes: &[u8]) -> Result<String> {
    let mut source = format!("__asm__(\".section \\\".custom_section.component-type:{world}\\\",\\\"\\\",@\\n\"\n");
    for line in bytes.chunks(24) {
        source.push_str("        \".byte ");
        for (position, byte) in line.iter().enumerate() {
            let separator = if position == 0 { "" } else { "," };
            write!(source, "{separator}{byte}")?;
        }
        source.push_str("\\n\"\n");
    }
    writeln!(source, "        \".text\\n\");\n")?;
    writeln!(source, "void __component_type_object_force_link_{world}(void);")?;
    writeln!(source, "void __component_type_object_force_link_{world}(void) {{}}")?;
    Ok(source)
}
