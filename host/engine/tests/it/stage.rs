//! What most tests begin with.

use std::path::{Path, PathBuf};

use tenon_engine::{Engine, Error};
use tenon_runtime::{Runtime, RuntimeConfig};

/// The component of a guest of the repository.
pub fn plugin(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/plugins/{name}.wasm"));
    assert!(
        path.is_file(),
        "{} is not there; `cargo xtask plugins` builds it",
        path.display()
    );
    path
}

/// An engine with sandboxes of its own.
pub fn engine() -> Engine {
    Engine::new(Runtime::new(RuntimeConfig::default()).expect("a runtime"))
}

/// An error with everything behind it.
pub fn causes(error: &Error) -> String {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
