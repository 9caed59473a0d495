//! The Rust compilers of this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{capture, command};
use crate::version::RustcVersion;
use crate::{Machine, Target};

/// A compiler with its cargo.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    pub(crate) rustc: PathBuf,
    pub(crate) cargo: PathBuf,
    pub(crate) sysroot: PathBuf,
    pub(crate) version: RustcVersion,
}

impl Installed {
    /// Every compiler on the path, in its order, then those in rustup's folder that are not on the path.
    pub(crate) fn all(machine: &Machine) -> Vec<Self> {
        let in_path = machine.programs("rustc");
        let in_rustup = rustup_toolchains(machine)
            .into_iter()
            .map(|toolchain| program(&toolchain, "rustc"));
        let mut found: Vec<Self> = Vec::new();
        for rustc in in_path.chain(in_rustup.filter(|rustc| rustc.is_file())) {
            // rustup's own folder may be on the path through its proxies: the same toolchain once is enough.
            if let Some(installed) = Self::inspect(machine, &rustc)
                && !found.iter().any(|other| other.sysroot == installed.sysroot)
            {
                found.push(installed);
            }
        }
        found
    }

    /// Asks a compiler who it is. `None` where it does not answer, as with rustup's proxy of a missing toolchain.
    fn inspect(machine: &Machine, rustc: &Path) -> Option<Self> {
        let ask = |argument: &[&str]| capture(active(machine, rustc).args(argument)).ok();
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
        let version = RustcVersion::parse(&ask(&["-vV"])?)?;
        let sysroot = sysroot.canonicalize().unwrap_or(sysroot);
        // The programs themselves rather than proxies: those choose a toolchain anew in every folder.
        let direct = |name| Some(program(&sysroot, name)).filter(|path| path.is_file());
        let beside = rustc.with_file_name(format!("cargo{}", env::consts::EXE_SUFFIX));
        let cargo = direct("cargo").or_else(|| Some(beside).filter(|path| path.is_file()))?;
        let rustc = direct("rustc").unwrap_or_else(|| rustc.to_path_buf());
        Some(Self {
            rustc,
            cargo,
            sysroot,
            version,
        })
    }

    /// Whether it came with the target's standard library.
    pub(crate) fn has_std(&self, target: Target) -> bool {
        has_std(&self.sysroot, target)
    }

    /// Whether it came with the sources of the standard library.
    pub(crate) fn has_std_sources(&self) -> bool {
        self.sysroot
            .join("lib/rustlib/src/rust/library/std/Cargo.toml")
            .is_file()
    }

    /// The folder of the programs that rustc calls on its host.
    pub(crate) fn tools(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(&self.version.host).join("bin")
    }
}

/// A command that rustup's proxies run with the toolchain of the run around us.
pub(crate) fn active(machine: &Machine, program: &Path) -> std::process::Command {
    let mut command = command(machine, program);
    if let Some(toolchain) = env::var_os("RUSTUP_TOOLCHAIN") {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    command
}

/// The folders of rustup's toolchains, sorted by name.
pub(crate) fn rustup_toolchains(machine: &Machine) -> Vec<PathBuf> {
    let Some(home) = &machine.rustup_home else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(home.join("toolchains")) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Whether a sysroot holds the target's standard library.
pub(crate) fn has_std(sysroot: &Path, target: Target) -> bool {
    let Ok(entries) = fs::read_dir(libraries(sysroot, target)) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// Where rustc looks for a target's libraries in a sysroot.
pub(crate) fn libraries(sysroot: &Path, target: Target) -> PathBuf {
    sysroot.join("lib/rustlib").join(target.triple()).join("lib")
}

fn program(toolchain: &Path, name: &str) -> PathBuf {
    toolchain.join("bin").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}
