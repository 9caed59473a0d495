//! The C SDK, compiled once per version of it and of the compiler.

use std::fs;
use std::path::{Path, PathBuf};

use super::Compiler;
use crate::command::{capture, run};
use crate::fingerprint::Fingerprint;
use crate::{Error, ToolOutput, Tools};

/// Small, since what takes time in a function is the function's own loops.
const FLAGS: [&str; 5] = ["-Os", "-std=gnu17", "-ffunction-sections", "-fdata-sections", "-g0"];

/// The SDK, ready to be linked.
pub(crate) struct Library {
    /// The folder of its headers.
    pub(crate) include: PathBuf,
    /// What a guest takes of it as it needs it.
    pub(crate) archive: PathBuf,
    /// WASI for the C library. It takes the place of imports, which a linker looks for in no archive.
    pub(crate) wasi: PathBuf,
}

impl Library {
    /// The library in Tenon's cache, where it is made first if it isn't there.
    pub(crate) fn of(tools: &mut Tools<'_>, compiler: &Compiler) -> Result<Self, Error> {
        let sdk = tools.sdk("c")?;
        let name = sdk.file_name().unwrap_or_default().to_string_lossy();
        let mut flags = Fingerprint::default();
        for flag in FLAGS {
            flags.text(flag);
        }
        let libraries = tools.machine().cache.join("lib");
        let folder = libraries.join(format!("{name}-{flags}-zig-{}", compiler.version()));
        let library = Self {
            include: sdk.join("include"),
            archive: folder.join("libtenon.a"),
            wasi: folder.join("wasi.o"),
        };
        if folder.is_dir() {
            return Ok(library);
        }
        tools.say("compiling the C SDK and its C library; the first time takes a minute");
        // Appears whole, whoever else makes it at the same time.
        fs::create_dir_all(&libraries).map_err(Error::file("create", &libraries))?;
        let making = tempfile::Builder::new()
            .prefix(".lib-")
            .tempdir_in(&libraries)
            .map_err(Error::file("write to", &libraries))?;
        compile(tools, compiler, &sdk, making.path())?;
        let made = making.keep();
        if let Err(cause) = fs::rename(&made, &folder) {
            let _ = fs::remove_dir_all(&made);
            if !folder.is_dir() {
                return Err(Error::file("write", &folder)(cause));
            }
        }
        Ok(library)
    }
}

fn compile(tools: &Tools<'_>, compiler: &Compiler, sdk: &Path, into: &Path) -> Result<(), Error> {
    let mut archive = compiler.zig(tools);
    archive.args(["ar", "rcs"]).arg(into.join("libtenon.a"));
    for source in sources(sdk)? {
        let name = source.file_stem().unwrap_or_default();
        let object = into.join(name).with_extension("o");
        let mut clang = compiler.clang(tools, false);
        clang.args(FLAGS);
        clang.arg(format!("-ffile-prefix-map={}=tenon", sdk.display()));
        clang.arg("-I").arg(sdk.join("include"));
        clang.arg("-c").arg(&source).arg("-o").arg(&object);
        run(&mut clang, ToolOutput::Captured, |_| None)?;
        if name != "wasi" {
            archive.arg(object);
        }
    }
    capture(&mut archive).map(drop)
}

fn sources(sdk: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut sources = Vec::new();
    for folder in [sdk.join("src"), sdk.join("bindings")] {
        let entries = fs::read_dir(&folder).map_err(Error::file("read", &folder))?;
        let files = entries.flatten().map(|entry| entry.path());
        sources.extend(files.filter(|file| file.extension().is_some_and(|extension| extension == "c")));
    }
    sources.sort();
    Ok(sources)
}
