//! Where the built guests are.

use std::path::{Path, PathBuf};

/// Path of a guest that `cargo xtask plugins` builds.
///
/// # Errors
/// Says how to build the guest if it is not there.
pub fn guest(name: &str) -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    let path = folder.join(name).with_extension("wasm");
    anyhow::ensure!(
        path.exists(),
        "the guest `{name}` has not been built; run `cargo xtask plugins` first"
    );
    Ok(path)
}
