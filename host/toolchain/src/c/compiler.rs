//! Zig, which is a C and C++ compiler with a C library for WebAssembly.

use std::path::PathBuf;
use std::process::Command;

use crate::command::{capture, coloured};
use crate::{Error, ToolOutput, Tools};

/// The version that guests are tested with, as pip names it.
const PACKAGE: &str = "ziglang==0.17.1";
/// What a zig on the path has to begin its version with.
const SERVES: &str = "0.17.";

/// A zig that was found or installed.
pub(crate) struct Compiler {
    program: PathBuf,
    /// What comes before its own arguments.
    arguments: &'static [&'static str],
    version: String,
    cache: PathBuf,
}

impl Compiler {
    /// The zig on the path, if it is one that serves, else the one of Tenon's cache, where it is installed.
    pub(crate) fn find(tools: &mut Tools<'_>) -> Result<Self, Error> {
        let cache = tools.machine().cache.join("zig");
        for program in tools.machine().programs("zig").collect::<Vec<_>>() {
            let version = capture(tools.command(&program).arg("version")).unwrap_or_default();
            if version.starts_with(SERVES) {
                return Ok(Self {
                    program,
                    arguments: &[],
                    version: version.trim().to_owned(),
                    cache,
                });
            }
        }
        let programs = tools.python_packages(&[PACKAGE])?;
        Ok(Self {
            program: programs.join("python"),
            arguments: &["-m", "ziglang"],
            version: PACKAGE.trim_start_matches("ziglang==").to_owned(),
            cache,
        })
    }

    pub(crate) fn describe(&self) -> String {
        format!("zig {} ({})", self.version, self.program.display())
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Zig itself, which keeps what it compiles in Tenon's cache.
    pub(crate) fn zig(&self, tools: &Tools<'_>) -> Command {
        let mut zig = tools.command(&self.program);
        zig.args(self.arguments);
        zig.env("ZIG_GLOBAL_CACHE_DIR", &self.cache);
        zig.env("ZIG_LOCAL_CACHE_DIR", &self.cache);
        zig
    }

    /// Its clang, for the target of guests.
    pub(crate) fn clang(&self, tools: &Tools<'_>, cpp: bool) -> Command {
        let mut clang = self.zig(tools);
        clang.args([if cpp { "c++" } else { "cc" }, "-target", "wasm32-wasi", "-msimd128"]);
        clang
    }

    /// Has clang colour what it says, where people are to see it.
    pub(crate) fn colour(clang: &mut Command, output: ToolOutput) {
        if coloured(output) {
            // Zig looks at flags of this name itself, and takes nothing from them.
            clang.args(["-Xclang", "-fcolor-diagnostics"]);
        }
    }
}
