//! Standard libraries that were built from source, kept in the cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{capture, command};
use crate::installed::{Installed, has_std, libraries};
use crate::{Error, Machine, Target};

/// What goes into a standard library, as `-Cembed-bitcode` so that guests can have link-time optimisation.
const FLAGS: [&str; 2] = ["-Cembed-bitcode=yes", SIMD];
/// Part of the key. Raise it when anything in this file changes what is built.
const RECIPE: u32 = 1;
/// Every guest is compiled with it: all engines of the last years have it, and column loops gain much.
pub(crate) const SIMD: &str = "-Ctarget-feature=+simd128";
/// `proc_macro` is there for crates that name it even when they are built for a guest.
const BUILD_STD: &str = "-Zbuild-std=std,panic_abort,proc_macro";
/// Without one of these a guest does not link.
const NEEDED: [&str; 5] = [
    "libcore-",
    "liballoc-",
    "libstd-",
    "libcompiler_builtins-",
    "libpanic_abort-",
];
const SEED: &str = "tenon-std-seed";

/// Where the standard library for that compiler is or will be.
pub(crate) fn folder(machine: &Machine, compiler: &Installed, target: Target) -> PathBuf {
    machine.cache.join("sysroot").join(key(compiler, target))
}

/// The folder if the standard library is in it.
pub(crate) fn cached(machine: &Machine, compiler: &Installed, target: Target) -> Option<PathBuf> {
    Some(folder(machine, compiler, target)).filter(|folder| has_std(folder, target))
}

/// Builds the standard library unless it is there, and returns its folder. Two that build at once are safe: the second
/// waits for the first and takes its result.
pub(crate) fn build(
    machine: &Machine,
    compiler: &Installed,
    target: Target,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let folder = folder(machine, compiler, target);
    let sysroots = machine.cache.join("sysroot");
    fs::create_dir_all(&sysroots).map_err(Error::file("create", &sysroots))?;
    let lock = folder.with_added_extension("lock");
    let locked = File::create(&lock).map_err(Error::file("create", &lock))?;
    if locked.try_lock().is_err() {
        say("waiting for another build of the standard library");
        locked.lock().map_err(Error::file("lock", &lock))?;
    }
    if has_std(&folder, target) {
        return Ok(folder);
    }

    say(&format!(
        "building the standard library for {target} with Rust {} (once, about a minute)",
        compiler.version
    ));
    let work = tempfile::Builder::new().prefix("building-").tempdir_in(&sysroots);
    let work = work.map_err(Error::file("create a folder in", &sysroots))?;
    let built = work.path().join("sysroot");
    compile(machine, compiler, target, work.path())?;
    let release = work.path().join("target").join(target.triple()).join("release");
    collect(&release.join("deps"), &libraries(&built, target), compiler, target)?;
    if folder.exists() {
        // Without its libstd it is a leftover of no use, and a folder can't be renamed over it.
        fs::remove_dir_all(&folder).map_err(Error::file("remove", &folder))?;
    }
    fs::rename(&built, &folder).map_err(Error::file("write", &folder))?;
    say(&format!("the standard library is in {}", folder.display()));
    Ok(folder)
}

/// Names the compiler, since rustc reads libraries of its own build alone, and how the library was built.
fn key(compiler: &Installed, target: Target) -> String {
    let version = &compiler.version;
    format!("rustc-{}-{}-{target}-simd128-{RECIPE}", version.release, version.commit)
}

/// Has cargo build the standard library as dependency of an empty crate.
fn compile(machine: &Machine, compiler: &Installed, target: Target, work: &Path) -> Result<(), Error> {
    let write = |path: PathBuf, text: &str| fs::write(&path, text).map_err(Error::file("write", &path));
    let manifest = work.join("Cargo.toml");
    let manifest_text = format!(
        "[package]\nname = \"{SEED}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n"
    );
    write(manifest.clone(), &manifest_text)?;
    write(work.join("lib.rs"), "#![no_std]\n")?;

    let mut cargo = command(machine, &compiler.cargo);
    cargo
        .current_dir(work)
        .args([
            "build",
            "--release",
            BUILD_STD,
            "--target",
            target.triple(),
            "--target-dir",
        ])
        .arg(work.join("target"))
        .env("RUSTC", &compiler.rustc)
        // A released compiler builds std only when told that it stands in for an unreleased one. This is for std alone:
        // guests are built without it.
        .env("RUSTC_BOOTSTRAP", "1");
    flags(&mut cargo, FLAGS.map(str::to_owned));
    if machine.offline {
        cargo.env("CARGO_NET_OFFLINE", "true");
    }
    capture(&mut cargo).map(drop)
}

/// Sets the flags of everything that cargo builds for the target, in place of the user's configured ones.
pub(crate) fn flags(cargo: &mut Command, flags: impl IntoIterator<Item = String>) {
    // Separated by the ASCII unit separator, so that a path with spaces stays whole.
    cargo.env(
        "CARGO_ENCODED_RUSTFLAGS",
        flags.into_iter().collect::<Vec<_>>().join("\u{1f}"),
    );
}

/// Moves the libraries to where rustc looks for them.
fn collect(from: &Path, to: &Path, compiler: &Installed, target: Target) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::file("create", to))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(from).map_err(Error::file("read", from))? {
        let path = entry.map_err(Error::file("read", from))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|end| end == "rlib") && !name.contains("tenon_std_seed") {
            fs::rename(&path, to.join(&name)).map_err(Error::file("move", &path))?;
            names.push(name);
        }
    }
    match NEEDED
        .iter()
        .find(|needed| !names.iter().any(|name| name.starts_with(**needed)))
    {
        None => Ok(()),
        Some(missing) => Err(Error::IncompleteStd {
            target,
            version: compiler.version.to_string(),
            missing: missing.trim_end_matches('-').to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::RustcVersion;

    fn compiler(release: &str, commit: &str) -> Installed {
        let text = format!("release: {release}\ncommit-hash: {commit}\nhost: x86_64-unknown-linux-gnu\n");
        let version = RustcVersion::parse(&text).unwrap();
        Installed {
            rustc: "/r".into(),
            cargo: "/c".into(),
            sysroot: "/".into(),
            version,
        }
    }

    const COMMIT: &str = "ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96";

    #[test]
    fn the_key_names_compiler_target_and_flags() {
        let key = key(&compiler("1.96.0", COMMIT), Target::Unknown);
        assert_eq!(key, "rustc-1.96.0-ac68faa20c58-wasm32-unknown-unknown-simd128-1");
    }

    #[test]
    fn every_compiler_and_target_has_a_key_of_its_own() {
        let keys = [
            key(&compiler("1.96.0", COMMIT), Target::Unknown),
            key(&compiler("1.96.0", COMMIT), Target::Wasip2),
            key(&compiler("1.96.1", COMMIT), Target::Unknown),
            key(&compiler("1.96.0", "unknown"), Target::Unknown),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key), "{key}");
        }
    }
}
