//! Crates that are not for sandboxes: what their failures mean, and what to do.

const NATIVE: &str = "a crate whose build compiles code in C, or looks for a library of this machine, can't be in a guest: use \
                      one that is Rust alone (some have a feature for that), or let the host compute, as in batch.eval(\"..\")";
const RANDOM: &str = "a sandbox has no source of randomness but tenon::random; leave out the feature that needs one, or find \
                      with `cargo tree -i getrandom` which crate does";
const BROWSER: &str = "a crate of it expects a browser around it (wasm-bindgen), and a sandbox is none; leave out the feature \
                       that asks for one, as `wasmbind` of chrono and `js` of uuid do: `cargo tree -i wasm-bindgen` says \
                       which crate has it";
const SYSTEM: &str = "a crate of it doesn't compile for sandboxes, most likely since it needs an operating system: there are no \
                      files, sockets, processes or threads. Leave out the feature that asks for it (`net` of tokio, `fs` of \
                      rustix), or find with `cargo tree --target wasm32-unknown-unknown -i CRATE` which crate does; what a \
                      job reads and writes is the host's to do";
const UNDEFINED: &str = "it calls functions that are in none of its crates: libraries in C are not linked to a guest in Rust, \
                         and the system's are not in a sandbox";

/// What cargo's errors mean, where a crate can't be built for sandboxes.
pub(super) fn hint(said: &str) -> Option<&'static str> {
    const BUILDERS: [&str; 5] = ["cc-rs", "clang", "cmake", "pkg-config", "pkg_config"];
    let has = |text: &str| said.contains(text);
    if has("failed to run custom build command") && BUILDERS.iter().any(|builder| has(builder)) {
        return Some(NATIVE);
    }
    if has("targets are not supported by default") {
        return Some(RANDOM);
    }
    if has("undefined symbol") {
        return Some(UNDEFINED);
    }
    let failed = said.split("could not compile `").skip(1);
    let mut failed = failed.filter_map(|rest| Some(rest.split_once('`')?.0));
    failed
        .any(|name| said.lines().any(|line| is_in_registry(line, name)))
        .then_some(SYSTEM)
}

/// Whether a line names a file of a crate as it came from a registry, in a folder named by the crate and its version.
fn is_in_registry(line: &str, name: &str) -> bool {
    let is_version = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let mut parts = line.split(['/', '\\']).skip_while(|part| *part != "registry");
    parts.any(|part| {
        let version = part.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        version.is_some_and(is_version)
    })
}

/// Why a module can't become a component, where what it imports tells.
pub(super) fn reason(cause: &tenon_component::Error) -> Option<&'static str> {
    let cause = cause.to_string();
    if cause.contains("import `__wbindgen") {
        return Some(BROWSER);
    }
    cause.contains("import `env::").then_some(UNDEFINED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_of_native_code_is_understood() {
        // Of zstd-sys and cc 1.2, on a machine without clang.
        let said = "   Compiling zstd-sys v2.0.16+zstd.1.5.7\n\
                    error: failed to run custom build command for `zstd-sys v2.0.16+zstd.1.5.7`\n\nCaused by:\n  \
                    process didn't exit successfully: `build-script-build` (exit status: 1)\n  --- stderr\n\n  \
                    error occurred in cc-rs: failed to find tool \"clang\": No such file or directory (os error 2)\n";
        assert_eq!(hint(said), Some(NATIVE));
        let said =
            "error: failed to run custom build command for `generated v0.1.0`\n  --- stderr\n  no schema.proto\n";
        assert_eq!(hint(said), None);
        let said = "error: The wasm32-unknown-unknown targets are not supported by default; you may need to enable the \
                    \"wasm_js\" configuration flag.\n";
        assert_eq!(hint(said), Some(RANDOM));
        assert_eq!(
            hint("rust-lld: error: guest.o: undefined symbol: sqlite3_open\n"),
            Some(UNDEFINED)
        );
        assert_eq!(hint("error[E0308]: mismatched types\n"), None);
    }

    #[test]
    fn what_needs_an_operating_system_is_told_from_mistakes_in_the_project() {
        // Of errno 0.3, by way of rustix.
        let said = "error: The target OS is \"unknown\" or \"none\", so it's unsupported by the errno crate.\n \
                    --> /home/ann/.cargo/registry/src/index/errno-0.3.15/src/sys.rs:8:1\n\
                    error: could not compile `errno` (lib) due to 1 previous error\n\
                    warning: build failed, waiting for other jobs to finish...\n";
        assert_eq!(hint(said), Some(SYSTEM));
        let windows = said.replace('/', "\\");
        assert_eq!(hint(&windows), Some(SYSTEM));
        // The project's own mistake, which rustc explains with a place in a crate.
        let said = "error[E0308]: mismatched types\n --> src/lib.rs:3:14\nnote: associated function defined here\n \
                    --> /home/ann/.cargo/registry/src/index/mio-1.2.4/src/poll.rs:8:1\n\
                    error: could not compile `shop` (lib) due to 1 previous error\n";
        assert_eq!(hint(said), None);
    }
}
