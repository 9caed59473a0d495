//! Why a file is not a component that Tenon serves.

use std::fmt::Display;

/// Worded to follow the file's name: "plugin `x` was refused: it is …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither a component nor a core module.
    #[error("it is neither a WebAssembly component nor a core module; build it with `tenon build` or an SDK")]
    NotWasm,
    /// A core module that neither has the section that wit-bindgen leaves nor exports anything of the contract.
    #[error(
        "it is a core module that says of no WIT world what it is; depend on one of Tenon's SDKs, or on wit-bindgen, \
         and do not strip custom sections"
    )]
    NoWorld,
    /// A core module that does not keep what its section promises.
    #[error("it is a core module that cannot be made into a component: {reason}")]
    Componentize {
        /// In the words of the library.
        reason: String,
    },
    /// Bytes that stop making sense somewhere.
    #[error("it is not a valid component: {reason}")]
    Invalid {
        /// What, and at which offset.
        reason: String,
    },
    /// Something is imported that this host does not have.
    #[error("it imports `{import}`, which this host does not have: {hint}")]
    Import {
        /// The import's whole name.
        import: String,
        /// What there is instead.
        hint: String,
    },
    /// Another version of the contract.
    #[error("it needs `{interface}` in version {found}, this host serves version {served}")]
    Version {
        /// The interface, without its version.
        interface: String,
        /// The version that the component names.
        found: String,
        /// The version that the host serves.
        served: &'static str,
    },
    /// Nothing that Tenon could call.
    #[error("it exports none of `tenon:etl`'s interfaces (transform, aggregate, source, sink, job)")]
    NoInterface,
}

impl Error {
    /// What a library could not make a component of.
    pub(crate) fn componentize(error: &dyn Display) -> Self {
        Self::Componentize {
            reason: shown(&format!("{error:#}")),
        }
    }
}

impl From<wasmparser::BinaryReaderError> for Error {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Invalid {
            reason: shown(&error.to_string()),
        }
    }
}

/// Longest text from a stranger that a message shows, in bytes.
const MAX_SHOWN: usize = 400;

/// Text from a stranger, cut.
pub(crate) fn shown(text: &str) -> String {
    if text.len() <= MAX_SHOWN {
        return text.to_owned();
    }
    format!(
        "{}… ({} bytes)",
        &text[..text.floor_char_boundary(MAX_SHOWN)],
        text.len()
    )
}
