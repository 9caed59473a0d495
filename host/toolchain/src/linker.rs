//! The linker for WebAssembly: rust-lld ships with rustup's toolchains, wasm-ld with LLVM.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Machine;
use crate::installed::{Installed, rustup_toolchains};
use crate::machine::stem;

/// How a compiler comes by its linker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Linker {
    /// The compiler finds its own.
    Own,
    /// This one has to be named to it.
    Named(PathBuf),
}

impl Linker {
    /// The linker for a compiler; `None` where the machine has none.
    pub(crate) fn find(machine: &Machine, compiler: &Installed) -> Option<Self> {
        if is_rust_lld_in(&compiler.tools()) {
            return Some(Self::Own);
        }
        let of_rustup = rustup_toolchains(machine)
            .into_iter()
            .map(|toolchain| toolchain.join("lib/rustlib").join(&compiler.version.host).join("bin"))
            .find(|tools| is_rust_lld_in(tools))
            .map(|tools| rust_lld(&tools));
        let linker = of_rustup
            .or_else(|| machine.program("rust-lld"))
            .or_else(|| machine.program("wasm-ld"));
        linker.or_else(|| newest_wasm_ld(machine)).map(Self::Named)
    }
}

fn rust_lld(tools: &Path) -> PathBuf {
    tools.join(format!("rust-lld{}", std::env::consts::EXE_SUFFIX))
}

fn is_rust_lld_in(tools: &Path) -> bool {
    rust_lld(tools).is_file()
}

/// Distributions name LLVM's linkers by major version, as in `wasm-ld-19`.
fn newest_wasm_ld(machine: &Machine) -> Option<PathBuf> {
    let entries = machine
        .path
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    let versioned = entries.filter_map(|entry| {
        let path = entry.path();
        let version: u32 = stem(&path).strip_prefix("wasm-ld-")?.parse().ok()?;
        Some((version, path))
    });
    versioned.max_by_key(|(version, _)| *version).map(|(_, path)| path)
}
