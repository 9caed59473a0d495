//! The order in which a toolchain is chosen, on machines made of shell scripts that stand in for rustc, cargo, rustup
//! and apt-get.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use tempfile::TempDir;
use tenon_toolchain::{Error, Machine, Target, Toolchain};

const HOST: &str = "x86_64-unknown-linux-gnu";
const COMMIT: &str = "ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96";

/// A machine in a folder: `bin` is its path, `log` lists the programs that were run to change something.
struct Fake {
    root: TempDir,
}

impl Fake {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        Self { root }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn machine(&self) -> Machine {
        Machine {
            path: vec![self.at("bin")],
            rustup_home: Some(self.at("rustup")),
            cache: self.at("cache"),
            offline: false,
        }
    }

    fn script(&self, path: &str, body: &str) {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let root = self.root.path().display();
        let text = file.with_added_extension("text");
        fs::write(&text, format!("#!/bin/sh\nPATH=/usr/bin:/bin\nROOT='{root}'\n{body}\n")).unwrap();
        // Another process writes the script: a test beside this one that just then forks would hold it open for writing,
        // and the system starts no file that is.
        let status = Command::new("install")
            .args(["-m", "755"])
            .args([&text, &file])
            .status()
            .unwrap();
        assert!(status.success());
        fs::remove_file(text).unwrap();
    }

    fn file(&self, path: &str) {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }

    /// A compiler in `bin`, whose sysroot is the folder `sysroot`.
    fn compiler(&self, sysroot: &str, release: &str) {
        self.script("bin/rustc", &rustc(sysroot, release));
        self.script("bin/cargo", "echo cargo \"$@\" >> \"$ROOT/log\"; exit 1");
    }

    /// The compiler's own linker.
    fn rust_lld(&self, sysroot: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/{HOST}/bin/rust-lld"));
    }

    fn std(&self, sysroot: &str, target: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/{target}/lib/libstd-1.rlib"));
    }

    /// The sources of std, and a cargo that builds them.
    fn std_sources(&self, sysroot: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/src/rust/library/std/Cargo.toml"));
        self.script("bin/cargo", CARGO);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }

    fn find(&self) -> Result<Toolchain, Error> {
        Toolchain::find_on(&self.machine())
    }

    fn find_or_install(&self) -> Result<Toolchain, Error> {
        Toolchain::find_or_install_on(&self.machine(), &mut |_| {})
    }
}

fn rustc(sysroot: &str, release: &str) -> String {
    format!(
        "case \"$1\" in\n-vV) printf 'rustc {release}\\nhost: {HOST}\\ncommit-hash: {COMMIT}\\nrelease: {release}\\n';;\n\
         --print) echo \"$ROOT/{sysroot}\";;\nesac"
    )
}

/// Logs how it was called, then writes the libraries of std to where cargo would.
const CARGO: &str = r#"
echo "cargo bootstrap=$RUSTC_BOOTSTRAP rustc=${RUSTC##*/} flags=$CARGO_ENCODED_RUSTFLAGS $*" >> "$ROOT/log"
while [ $# -gt 0 ]; do case "$1" in --target) target=$2;; --target-dir) dir=$2;; esac; shift; done
deps="$dir/$target/release/deps"
mkdir -p "$deps"
for name in core alloc std compiler_builtins panic_abort tenon_std_seed; do touch "$deps/lib$name-1.rlib" "$deps/lib$name-1.rmeta"; done
"#;

fn advice_of(error: &Error) -> &str {
    match error {
        Error::NoToolchain { advice, .. } => advice,
        other => panic!("{other}"),
    }
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_installed_std_is_used_as_it_is() {
    let fake = Fake::new();
    fake.compiler("rust", "1.95.0");
    fake.rust_lld("rust");
    fake.std("rust", "wasm32-unknown-unknown");
    fake.std("rust", "wasm32-wasip2");
    fake.script("bin/rustup", "echo rustup >> \"$ROOT/log\"");

    let found = fake.find_or_install().unwrap();
    assert_eq!(found.target(), Target::Unknown);
    let rustc = fake.at("bin/rustc");
    assert_eq!(
        found.describe(),
        format!("Rust 1.95.0 ({}) with std for wasm32-unknown-unknown", rustc.display())
    );
    assert_eq!(fake.log(), "", "nothing had to be installed");
}

#[test]
fn wasip2_serves_where_nothing_else_is_there() {
    let fake = Fake::new();
    fake.compiler("rust", "1.95.0");
    fake.rust_lld("rust");
    fake.std("rust", "wasm32-wasip2");
    assert_eq!(fake.find().unwrap().target(), Target::Wasip2);
}

#[test]
fn a_toolchain_of_rustup_that_is_not_active_is_found() {
    let fake = Fake::new();
    fake.compiler("rust", "1.95.0");
    fake.rust_lld("rust");
    fake.script(
        "rustup/toolchains/beta/bin/rustc",
        &rustc("rustup/toolchains/beta", "1.96.0"),
    );
    fake.script("rustup/toolchains/beta/bin/cargo", "exit 1");
    fake.rust_lld("rustup/toolchains/beta");
    fake.std("rustup/toolchains/beta", "wasm32-unknown-unknown");
    let found = fake.find().unwrap();
    assert!(found.describe().starts_with("Rust 1.96.0 ("), "{}", found.describe());
}

#[test]
fn an_old_compiler_is_refused_by_its_version() {
    let fake = Fake::new();
    fake.compiler("rust", "1.63.0");
    fake.rust_lld("rust");
    fake.std("rust", "wasm32-unknown-unknown");
    let error = fake.find().unwrap_err();
    assert!(error.to_string().contains("Rust 1.63.0"), "{error}");
    assert!(error.to_string().contains("guests need 1.95 or newer"), "{error}");
}

#[test]
fn rustup_adds_the_target() {
    let fake = Fake::new();
    fake.compiler("rust", "1.95.0");
    fake.rust_lld("rust");
    fake.script(
        "bin/rustup",
        "echo rustup \"$@\" >> \"$ROOT/log\"\n\
         mkdir -p \"$ROOT/rust/lib/rustlib/$3/lib\" && touch \"$ROOT/rust/lib/rustlib/$3/lib/libstd-1.rlib\"",
    );
    assert!(fake.find().is_err());
    assert_eq!(fake.find_or_install().unwrap().target(), Target::Unknown);
    assert_eq!(fake.log(), "rustup target add wasm32-unknown-unknown\n");
    assert!(fake.find().is_ok());
}

#[test]
fn std_is_built_from_its_sources_once() {
    let fake = Fake::new();
    fake.compiler("rust", "1.96.0");
    fake.std_sources("rust");
    fake.rust_lld("rust");
    assert!(fake.find().is_err(), "find alone builds nothing");

    let found = fake.find_or_install().unwrap();
    let key = "rustc-1.96.0-ac68faa20c58-wasm32-unknown-unknown-simd128-1";
    let sysroot = fake.at("cache/sysroot").join(key);
    assert!(
        found
            .describe()
            .ends_with(&format!(", built into {}", sysroot.display())),
        "{}",
        found.describe()
    );
    assert_eq!(
        files_in(&sysroot.join("lib/rustlib/wasm32-unknown-unknown/lib")),
        [
            "liballoc-1.rlib",
            "libcompiler_builtins-1.rlib",
            "libcore-1.rlib",
            "libpanic_abort-1.rlib",
            "libstd-1.rlib"
        ]
    );
    assert_eq!(
        files_in(&fake.at("cache/sysroot")),
        [key.to_owned(), format!("{key}.lock")],
        "nothing is left over"
    );
    let log = fake.log();
    assert!(log.contains("bootstrap=1 rustc=rustc"), "{log}");
    assert!(
        log.contains("-Cembed-bitcode=yes\u{1f}-Ctarget-feature=+simd128"),
        "{log}"
    );

    assert!(fake.find().is_ok());
    fake.find_or_install().unwrap();
    assert_eq!(fake.log().lines().count(), 1, "the second time it is there");
}

#[test]
fn two_that_build_std_at_once_build_it_once() {
    let fake = Fake::new();
    fake.compiler("rust", "1.96.0");
    fake.std_sources("rust");
    fake.script("bin/cargo", &format!("sleep 0.3\n{CARGO}"));
    fake.rust_lld("rust");
    thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| fake.find_or_install().map(|found| found.describe())));
        for one in both {
            one.join().unwrap().unwrap();
        }
    });
    assert_eq!(fake.log().lines().count(), 1);
}

#[test]
fn another_compiler_does_not_use_the_cached_std() {
    let fake = Fake::new();
    fake.compiler("rust", "1.96.0");
    fake.std_sources("rust");
    fake.rust_lld("rust");
    fake.find_or_install().unwrap();
    fake.script("bin/rustc", &rustc("rust", "1.97.0"));
    assert!(fake.find().is_err());
}

#[test]
fn a_build_of_std_that_fails_says_why_and_leaves_nothing() {
    let fake = Fake::new();
    fake.compiler("rust", "1.96.0");
    fake.std_sources("rust");
    fake.script("bin/cargo", "echo 'error: no space left' >&2; exit 101");
    fake.rust_lld("rust");
    let error = fake.find_or_install().unwrap_err();
    assert!(error.to_string().contains("error: no space left"), "{error}");
    assert!(
        files_in(&fake.at("cache/sysroot"))
            .iter()
            .all(|name| name.ends_with("lock"))
    );
    assert!(fake.find().is_err());
}

#[test]
fn a_std_without_its_parts_is_not_kept() {
    let fake = Fake::new();
    fake.compiler("rust", "1.96.0");
    fake.std_sources("rust");
    fake.script("bin/cargo", &CARGO.replace("compiler_builtins", ""));
    fake.rust_lld("rust");
    let error = fake.find_or_install().unwrap_err();
    assert!(
        matches!(&error, Error::IncompleteStd { missing, .. } if missing == "libcompiler_builtins"),
        "{error}"
    );
    assert!(fake.find().is_err());
}

/// apt-get that knows the packages only after an update, and installs Debian's compiler.
fn with_apt(fake: &Fake, user: &str) {
    fake.script("bin/id", &format!("echo {user}"));
    let install = "\
        echo apt-get \"$@\" >> \"$ROOT/log\"\n\
        case \"$*\" in\n\
        update) touch \"$ROOT/updated\";;\n\
        *--no-remove*rustc-web*) [ -f \"$ROOT/updated\" ] && cp \"$ROOT\"/debian/* \"$ROOT/bin\" \
            && mkdir -p \"$ROOT/usr/lib/rustlib/src/rust/library/std\" \
            && touch \"$ROOT/usr/lib/rustlib/src/rust/library/std/Cargo.toml\";;\n\
        *--no-remove*lld*) touch \"$ROOT/bin/wasm-ld-19\";;\n\
        *) exit 100;;\n\
        esac";
    fake.script("bin/apt-get", install);
    fake.script("debian/rustc", &rustc("usr", "1.96.0"));
    fake.script("debian/cargo", CARGO);
}

#[test]
fn debian_installs_compiler_and_linker() {
    let fake = Fake::new();
    with_apt(&fake, "0");
    let mut said = Vec::new();
    let found = Toolchain::find_or_install_on(&fake.machine(), &mut |line| said.push(line.to_owned())).unwrap();
    assert!(found.describe().starts_with("Rust 1.96.0"), "{}", found.describe());
    assert!(
        said.iter()
            .any(|line| line == "apt-get install rustc-web cargo-web rust-web-src"),
        "{said:?}"
    );
    let log = fake.log();
    let steps: Vec<_> = log.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(steps, ["apt-get", "apt-get", "apt-get", "apt-get", "cargo"], "{log}");
}

#[test]
fn rustup_that_cannot_download_gives_way_to_debian() {
    let fake = Fake::new();
    with_apt(&fake, "0");
    fake.script("bin/rustup", "echo 'error: could not download' >&2; exit 1");
    fake.rust_lld("rustup/toolchains/stable");
    let found = fake.find_or_install().unwrap();
    assert!(found.describe().starts_with("Rust 1.96.0"), "{}", found.describe());
    assert!(
        !fake.log().contains("lld"),
        "rustup has a linker already: {}",
        fake.log()
    );
}

#[test]
fn apt_is_left_alone_by_those_who_may_not_use_it() {
    let fake = Fake::new();
    with_apt(&fake, "1000");
    fake.script("bin/sudo", "exit 1");
    let error = fake.find_or_install().unwrap_err();
    assert!(
        advice_of(&error).contains("sudo apt-get update && sudo apt-get install"),
        "{error}"
    );
    assert_eq!(fake.log(), "");
}

#[test]
fn nothing_is_downloaded_offline() {
    let fake = Fake::new();
    with_apt(&fake, "0");
    fake.script("bin/rustup", "echo rustup >> \"$ROOT/log\"");
    let machine = Machine {
        offline: true,
        ..fake.machine()
    };
    let error = Toolchain::find_or_install_on(&machine, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("TENON_OFFLINE"), "{error}");
    assert_eq!(fake.log(), "");
}

#[test]
fn an_empty_machine_is_told_what_to_install() {
    let fake = Fake::new();
    let error = fake.find_or_install().unwrap_err();
    assert!(error.to_string().contains("no Rust compiler"), "{error}");
    let advice = advice_of(&error);
    assert!(advice.contains("https://rustup.rs"), "{advice}");
    assert!(advice.contains("rustup target add wasm32-unknown-unknown"), "{advice}");
    assert!(advice.contains("rustc-web cargo-web rust-web-src"), "{advice}");
}

#[test]
fn a_compiler_without_linker_is_said_to_lack_it() {
    let fake = Fake::new();
    fake.compiler("rust", "1.96.0");
    fake.std("rust", "wasm32-unknown-unknown");
    let error = fake.find().unwrap_err();
    assert!(error.to_string().contains("no linker for WebAssembly"), "{error}");
    fake.script("bin/wasm-ld-19", "");
    assert!(fake.find().is_ok());
}
