//! What `tenon new` writes.

use crate::args::Kind;

/// The SDK's sources, by their names in its folder.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));
/// The versions that plugins are tested with.
const LOCKFILE: &str = include_str!("../../../plugins/Cargo.lock");
const MANIFEST: &str = include_str!("template/Cargo.toml.txt");
const TRANSFORM: &str = include_str!("template/transform.rs");
const JOB: &str = include_str!("template/job.rs");
const JOB_FILE: &str = include_str!("template/job.toml");
const ORDERS: &str = include_str!("template/orders.csv");
const IGNORED: &str = "/target\n/out\n";

/// The files of a project in Rust, by name.
pub fn rust(name: &str, kind: Kind) -> Vec<(String, String)> {
    let named = |text: &str| text.replace("{name}", name);
    let mut files = vec![
        ("Cargo.toml", named(MANIFEST)),
        ("Cargo.lock", LOCKFILE.to_owned()),
        (".gitignore", IGNORED.to_owned()),
        ("data/orders.csv", ORDERS.to_owned()),
    ];
    match kind {
        Kind::Transform => {
            files.push(("src/lib.rs", TRANSFORM.to_owned()));
            files.push(("job.toml", named(JOB_FILE)));
        }
        Kind::Job => files.push(("src/lib.rs", JOB.to_owned())),
    }
    let files = files.into_iter().map(|(name, content)| (name.to_owned(), content));
    let sdk = SDK.iter();
    let sdk = sdk.map(|(name, content)| (format!(".tenon/sdk/{name}"), (*content).to_owned()));
    files.chain(sdk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_whole_and_refers_to_nothing_outside() {
        let names: Vec<&str> = SDK.iter().map(|(name, _)| *name).collect();
        for name in [
            "Cargo.toml",
            "rust/src/lib.rs",
            "rust/macros/src/lib.rs",
            "layout/src/lib.rs",
        ] {
            assert!(names.contains(&name), "{name}");
        }
        for (name, content) in SDK.iter().filter(|(name, _)| name.ends_with("Cargo.toml")) {
            assert!(
                !content.contains("host/") && !content.contains("tenon-kernels"),
                "{name}: {content}"
            );
        }
    }
}
