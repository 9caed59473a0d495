//! The committed bindings belong to the WIT package as it is.
#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

#[test]
fn the_bindings_were_generated_from_the_wit_files_as_they_are() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR"));
    let digest = digest(&sdk.join("../../wit"));
    for file in ["src/bindings.rs", "src/job/bindings.rs"] {
        let bindings = std::fs::read_to_string(sdk.join(file)).unwrap();
        assert!(
            bindings.contains(&format!("// wit-sha256: {digest}\n")),
            "wit/ has changed: run `cargo run --manifest-path sdk/rust/generate/Cargo.toml`"
        );
    }
}

/// As in sdk/rust/generate.
fn digest(wit: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(wit)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wit"));
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        hash.update(path.file_name().unwrap().as_encoded_bytes());
        hash.update([0]);
        hash.update(std::fs::read(&path).unwrap());
        hash.update([0]);
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
