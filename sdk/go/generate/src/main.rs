//! Writes the SDK's bindings from the WIT package in `wit/`.
//!
//! Run it from anywhere in the repository after a change to `wit/`; it needs `gofmt` on the path:
//!
//! ```text
//! cargo run --manifest-path sdk/go/generate/Cargo.toml
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_go::{Format, Opts};

/// The worlds, and the folder of each world's exports. A component without a job must not export one, so the job's
/// world is apart; the package `tenon/job` brings it in.
const WORLDS: [(&str, &str); 2] = [("transformer", "transform_exports"), ("script", "job_exports")];
/// The bindings' folder in the SDK, and its import path.
const FOLDER: &str = "sdk/go/internal/wit";
const PATH: &str = "tenon/internal/wit";
/// Where the exports are written by hand.
const GUEST: &str = "tenon/internal/guest";
/// What the generator's own runtime module is replaced with: see its package comment.
const RUNTIME: &str = "tenon/internal/abi";

fn main() -> Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let wit = repository.join("wit");
    let mut files = BTreeMap::new();
    for (world, exports) in WORLDS {
        for (name, content) in generated(&wit, world)?.iter() {
            // Stubs in assembler, for builds that are none of a component.
            let Some(name) = name.strip_suffix(".go") else { continue };
            let name = format!("{}.go", name.replace("wit_exports/", &format!("{exports}/")));
            let content = adapted(str::from_utf8(content)?)?;
            if let Some(other) = files.insert(name.clone(), content.clone()) {
                ensure!(other == content, "two worlds generate {name} and differ");
            }
        }
    }

    let folder = repository.join(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let digest = digest(&wit)?;
    for (name, content) in &files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().context("the name has a folder")?)?;
        std::fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
    }
    std::fs::write(folder.join("wit-sha256"), digest + "\n")?;
    let status = Command::new("gofmt").arg("-w").arg(&folder).status();
    ensure!(
        status.context("starting gofmt")?.success(),
        "gofmt refused the bindings"
    );
    Ok(())
}

/// The generator's output for one world.
fn generated(wit: &Path, world: &str) -> Result<Files> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let options = Opts {
        pkg_name: Some(PATH.to_owned()),
        export_pkg_name: Some(GUEST.to_owned()),
        format: Format::False,
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    Ok(files)
}

/// One file with our own runtime. Handles are dropped by the SDK when a call ends, and not by cleanups of the garbage
/// collector: those run whenever it has found the time, also while the host calls `cabi_realloc`, where a component must
/// not call imports. So that the collector asks for no time there either, clocks are stopped around each import.
fn adapted(text: &str) -> Result<String> {
    let text = text
        .replace("\"go.bytecodealliance.org/pkg/wit/runtime\"", &format!("\"{RUNTIME}\""))
        .replace("\"go.bytecodealliance.org/pkg/wit/types\"", &format!("\"{RUNTIME}\""))
        .replace(
            &format!("\"{GUEST}/export_tenon_etl_transform\""),
            &format!("export_tenon_etl_transform \"{GUEST}/transform\""),
        )
        .replace(
            &format!("\"{GUEST}/export_tenon_etl_job\""),
            &format!("export_tenon_etl_job \"{GUEST}/job\""),
        )
        .replace("runtime.Pinner", "witRuntime.Pinner");
    let mut lines = vec!["//go:build wasip1\n".to_owned()];
    let mut in_cleanup = false;
    for line in text.lines() {
        let code = line.trim_start();
        if code == "\"runtime\"" {
            continue;
        }
        in_cleanup |= code.starts_with("runtime.AddCleanup(");
        if in_cleanup {
            in_cleanup = code != "}, 0)";
            continue;
        }
        let call = code.strip_prefix("result := ").unwrap_or(code);
        if call.starts_with("wasm_import_") {
            lines.push("witRuntime.StopClocks()".to_owned());
            lines.push(line.to_owned());
            lines.push("witRuntime.StartClocks()".to_owned());
        } else {
            lines.push(line.to_owned());
        }
    }
    if in_cleanup {
        bail!("a cleanup has no end: the generator writes them in another way now");
    }
    Ok(lines.join("\n") + "\n")
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
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
