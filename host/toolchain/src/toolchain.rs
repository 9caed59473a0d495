use std::path::PathBuf;
use std::process::Command;

use crate::command::command;
use crate::debian::{self, Apt};
use crate::installed::Installed;
use crate::linker::Linker;
use crate::sysroot::{self, SIMD, flags};
use crate::version::OLDEST;
use crate::{Error, Machine, Target, rustup};

/// A compiler, a standard library and a linker that together build guests.
#[derive(Clone, Debug)]
pub struct Toolchain {
    machine: Machine,
    compiler: Installed,
    target: Target,
    linker: Linker,
    /// The folder of a standard library that was built here; `None` where the compiler came with one.
    sysroot: Option<PathBuf>,
}

impl Toolchain {
    /// Finds a toolchain that is there already. Quick: it only asks the compilers for their versions.
    ///
    /// # Errors
    /// [`Error::NoToolchain`] says what was looked at and which commands to run; [`Error::NoCache`].
    pub fn find() -> Result<Self, Error> {
        Self::find_on(&Machine::from_env()?)
    }

    /// Finds a toolchain, or gets one as the crate's documentation says. `say` is told of each step that takes time.
    ///
    /// # Errors
    /// As [`Toolchain::find`], and those of building the standard library.
    pub fn find_or_install(say: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        Self::find_or_install_on(&Machine::from_env()?, say)
    }

    /// As [`Toolchain::find`], with tools and cache that the caller chose.
    ///
    /// # Errors
    /// As [`Toolchain::find`].
    pub fn find_on(machine: &Machine) -> Result<Self, Error> {
        let compilers = Installed::all(machine);
        Self::ready(machine, &compilers).ok_or_else(|| no_toolchain(machine, &compilers, &[]))
    }

    /// As [`Toolchain::find_or_install`], with tools and cache that the caller chose.
    ///
    /// # Errors
    /// As [`Toolchain::find_or_install`].
    pub fn find_or_install_on(machine: &Machine, say: &mut dyn FnMut(&str)) -> Result<Self, Error> {
        let mut compilers = Installed::all(machine);
        if let Some(toolchain) = Self::ready(machine, &compilers) {
            return Ok(toolchain);
        }
        let mut failures = Vec::new();

        if machine.offline {
            failures.push("downloads are forbidden by TENON_OFFLINE".to_owned());
        } else if let Some(rustup) = machine.program("rustup") {
            say(&format!("rustup target add {}", Target::Unknown));
            match rustup::add_target(machine, &rustup, Target::Unknown) {
                Ok(()) => compilers = Installed::all(machine),
                Err(error) => {
                    say("rustup could not download it; going on without");
                    failures.push(error.to_string());
                }
            }
            if let Some(toolchain) = Self::ready(machine, &compilers) {
                return Ok(toolchain);
            }
        }

        let apt = if machine.offline { None } else { Apt::find(machine) };
        if let Some(apt) = &apt {
            if !compilers.iter().any(can_build_std) {
                match apt.install(&debian::COMPILER, say) {
                    Ok(()) => compilers = Installed::all(machine),
                    Err(error) => failures.push(error.to_string()),
                }
            }
            if !compilers
                .iter()
                .any(|compiler| Linker::find(machine, compiler).is_some())
                && let Err(error) = apt.install(&debian::LINKER, say)
            {
                failures.push(error.to_string());
            }
        }
        let able = compilers
            .iter()
            .find(|compiler| can_build_std(compiler) && Linker::find(machine, compiler).is_some());
        if let Some(compiler) = able {
            sysroot::build(machine, compiler, Target::Unknown, say)?;
        }
        Self::ready(machine, &compilers).ok_or_else(|| no_toolchain(machine, &compilers, &failures))
    }

    /// One line for people: which compiler, and where the standard library is.
    pub fn describe(&self) -> String {
        let std = match &self.sysroot {
            None => String::new(),
            Some(folder) => format!(", built into {}", folder.display()),
        };
        format!(
            "Rust {} ({}) with std for {}{std}",
            self.compiler.version,
            self.compiler.rustc.display(),
            self.target
        )
    }

    /// The target that it builds for.
    pub fn target(&self) -> Target {
        self.target
    }

    /// cargo, set up to build for the target with this toolchain once `--target` is given.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = command(&self.machine, &self.compiler.cargo);
        cargo.env("RUSTC", &self.compiler.rustc);
        let sysroot = self
            .sysroot
            .as_ref()
            .map(|folder| format!("--sysroot={}", folder.display()));
        flags(&mut cargo, [SIMD.to_owned()].into_iter().chain(sysroot));
        if let Linker::Named(linker) = &self.linker {
            let target = self.target.triple().to_uppercase().replace('-', "_");
            cargo.env(format!("CARGO_TARGET_{target}_LINKER"), linker);
        }
        if self.machine.offline {
            cargo.env("CARGO_NET_OFFLINE", "true");
        }
        cargo
    }

    /// The first that can build without more ado: by target, then as it came, then with a library from the cache.
    fn ready(machine: &Machine, compilers: &[Installed]) -> Option<Self> {
        for target in Target::ALL {
            let recent = || compilers.iter().filter(|compiler| compiler.version.is_recent());
            let as_it_came = recent()
                .filter(|compiler| compiler.has_std(target))
                .map(|compiler| (compiler, None));
            let cached =
                recent().filter_map(|compiler| Some((compiler, Some(sysroot::cached(machine, compiler, target)?))));
            for (compiler, sysroot) in as_it_came.chain(cached) {
                if let Some(linker) = Linker::find(machine, compiler) {
                    return Some(Self {
                        machine: machine.clone(),
                        compiler: compiler.clone(),
                        target,
                        linker,
                        sysroot,
                    });
                }
            }
        }
        None
    }
}

fn can_build_std(compiler: &Installed) -> bool {
    compiler.version.is_recent() && compiler.has_std_sources()
}

fn no_toolchain(machine: &Machine, compilers: &[Installed], failures: &[String]) -> Error {
    let mut looked_at: Vec<String> = compilers.iter().map(|compiler| why_not(machine, compiler)).collect();
    if compilers.is_empty() {
        looked_at.push("PATH and rustup's folder: no Rust compiler".to_owned());
    }
    looked_at.extend(failures.iter().cloned());
    let looked_at = looked_at
        .iter()
        .map(|line| format!("- {}", line.trim().replace('\n', "\n  ")))
        .collect::<Vec<_>>();

    let packages = debian::COMPILER.join(" ");
    let mut advice = Vec::new();
    if machine.program("rustup").is_none() {
        advice.push("- any system: install rustup from https://rustup.rs".to_owned());
    }
    advice.push(format!("- with rustup: rustup target add {}", Target::Unknown));
    advice.push(format!(
        "- Debian 12: sudo apt-get update && sudo apt-get install --no-install-recommends {packages} {}",
        debian::LINKER.join(" ")
    ));
    advice.push(format!(
        "- elsewhere: put rustc and cargo {}.{} or newer with the std sources (lib/rustlib/src/rust) and rust-lld or wasm-ld on PATH",
        OLDEST.0, OLDEST.1
    ));
    Error::NoToolchain {
        looked_at: looked_at.join("\n"),
        advice: advice.join("\n"),
    }
}

fn why_not(machine: &Machine, compiler: &Installed) -> String {
    let reason = if !compiler.version.is_recent() {
        format!("guests need {}.{} or newer", OLDEST.0, OLDEST.1)
    } else if Linker::find(machine, compiler).is_none() {
        "no linker for WebAssembly beside it, and no rust-lld or wasm-ld on PATH".to_owned()
    } else if compiler.has_std_sources() {
        format!(
            "no std for {}, though it can be built from the sources that are there",
            Target::Unknown
        )
    } else {
        format!("no std for {}, nor its sources", Target::Unknown)
    };
    format!("Rust {} ({}): {reason}", compiler.version, compiler.rustc.display())
}
