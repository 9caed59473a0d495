//! The one error of this crate.

use std::path::PathBuf;
use std::time::Duration;

use crate::limits::LimitReached;

/// What a caller can do about an error; the same kinds as in `wit/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The data are wrong; the same data will fail again.
    BadData,
    /// The configuration or the plugin is wrong.
    BadConfig,
    /// Worth trying again.
    Transient,
    /// Not something that this side does.
    Unsupported,
    /// Not granted.
    Denied,
    /// A limit was reached.
    Limit,
    /// A defect.
    Internal,
}

/// What went wrong, naming the plugin, function, file or limit at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{action} {path} failed: {source}")]
    Io {
        /// What was being done: "reading".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a component that this host serves.
    #[error("plugin `{plugin}` was refused: {reason}")]
    Refused {
        /// Name of the plugin.
        plugin: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The plugin was built against another version of the contract.
    #[error(
        "plugin `{plugin}` was refused: it needs `{interface}` in version {found}, this host serves version {served}; \
         rebuild the plugin with an SDK for {served}, or use a host for {found}"
    )]
    Version {
        /// Name of the plugin.
        plugin: String,
        /// The interface, without its version.
        interface: String,
        /// The version that the plugin names.
        found: String,
        /// The version that the host serves.
        served: String,
    },
    /// The plugin does not compile or instantiate.
    #[error("plugin `{plugin}` could not be {stage}: {reason}")]
    Load {
        /// Name of the plugin.
        plugin: String,
        /// "compiled", "linked", "instantiated" or "described".
        stage: &'static str,
        /// The engine's own words.
        reason: String,
    },
    /// A limit was reached.
    #[error("plugin `{plugin}`{}: {reached}", in_function(.function.as_deref()))]
    Limit {
        /// Name of the plugin.
        plugin: String,
        /// The function that was running.
        function: Option<String>,
        /// Which limit, and its figure.
        reached: LimitReached,
    },
    /// The guest trapped. Its sandbox is gone, the host is well.
    #[error("plugin `{plugin}`{} trapped: {trap}{}", in_function(.function.as_deref()), said(.last_words.as_deref()))]
    Trapped {
        /// Name of the plugin.
        plugin: String,
        /// The function that was running.
        function: Option<String>,
        /// What the trap was, with the guest's frames.
        trap: String,
        /// The last error that the guest logged: usually its panic message.
        last_words: Option<String>,
    },
    /// The guest answered with an error.
    #[error("plugin `{plugin}`{} failed: {}{message}", in_function(.function.as_deref()), context_of(.context))]
    Guest {
        /// Name of the plugin.
        plugin: String,
        /// The function that was running.
        function: Option<String>,
        /// What the guest says a caller can do.
        kind: ErrorKind,
        /// The guest's message, clipped.
        message: String,
        /// From the outside in.
        context: Vec<String>,
    },
    /// The plugin has no function of this name.
    #[error("plugin `{plugin}` has no function `{function}`; it has {}", names(.known))]
    UnknownFunction {
        /// Name of the plugin.
        plugin: String,
        /// The name asked for.
        function: String,
        /// The functions that there are.
        known: Vec<String>,
    },
    /// The guest broke the contract.
    #[error("plugin `{plugin}`{} broke the contract: {reason}", in_function(.function.as_deref()))]
    Contract {
        /// Name of the plugin.
        plugin: String,
        /// The function that was running.
        function: Option<String>,
        /// What it did.
        reason: String,
    },
    /// No sandbox became free in time.
    #[error(
        "no sandbox for plugin `{plugin}` became free within {waited:?}: all {ceiling} are in use; raise `{setting}`, or \
         run less at once"
    )]
    Saturated {
        /// Name of the plugin.
        plugin: String,
        /// How long the checkout waited.
        waited: Duration,
        /// Sandboxes that may be in use at once.
        ceiling: usize,
        /// Where that is set.
        setting: &'static str,
    },
    /// A sandbox was used after a trap, a timeout, a cancelled call or in the wrong order.
    #[error("plugin `{plugin}`: {reason}")]
    Misuse {
        /// Name of the plugin.
        plugin: String,
        /// What the caller did, and what to do instead.
        reason: &'static str,
    },
    /// A grant or setting of a run is not valid.
    #[error("{setting} `{value}` is not valid: {reason}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What was expected.
        reason: String,
    },
    /// Arrow data could not be prepared for the guest.
    #[error("plugin `{plugin}` cannot be given this batch: {source}")]
    Layout {
        /// Name of the plugin.
        plugin: String,
        /// Which column, and why.
        source: tenon_layout::Error,
    },
    /// The WebAssembly engine could not be set up.
    #[error("the WebAssembly engine could not be set up: {0}")]
    Engine(String),
}

impl Error {
    /// A file that is not a component that this host serves.
    pub(crate) fn refused(plugin: &str, error: tenon_component::Error) -> Self {
        let plugin = plugin.to_owned();
        match error {
            tenon_component::Error::Version {
                interface,
                found,
                served,
            } => Error::Version {
                plugin,
                interface,
                found,
                served: served.to_owned(),
            },
            error => Error::Refused {
                plugin,
                reason: error.to_string(),
            },
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Io { .. } | Error::Saturated { .. } => ErrorKind::Transient,
            Error::Refused { .. }
            | Error::Version { .. }
            | Error::Load { .. }
            | Error::Contract { .. }
            | Error::UnknownFunction { .. }
            | Error::Setting { .. }
            | Error::Trapped { .. } => ErrorKind::BadConfig,
            Error::Limit { .. } => ErrorKind::Limit,
            Error::Guest { kind, .. } => *kind,
            Error::Layout { .. } => ErrorKind::Unsupported,
            Error::Misuse { .. } | Error::Engine(_) => ErrorKind::Internal,
        }
    }

    /// The limit that was reached, if this is about one.
    pub fn limit(&self) -> Option<&LimitReached> {
        match self {
            Error::Limit { reached, .. } => Some(reached),
            _ => None,
        }
    }
}

fn in_function(function: Option<&str>) -> String {
    function.map(|name| format!(", function `{name}`")).unwrap_or_default()
}

/// Most names that a message lists.
const MAX_NAMES: usize = 20;

fn names(known: &[String]) -> String {
    if known.is_empty() {
        return "none".into();
    }
    let shown = known
        .iter()
        .take(MAX_NAMES)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let more = known.len().saturating_sub(MAX_NAMES);
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

fn said(last_words: Option<&str>) -> String {
    last_words
        .map(|words| format!("; it had just said: {words}"))
        .unwrap_or_default()
}

fn context_of(context: &[String]) -> String {
    context.iter().flat_map(|step| [step, ": "]).collect()
}

/// Cuts text from a guest to at most `max` bytes, at a character, saying how much there was. Control characters, which
/// terminals obey, become spaces.
pub(crate) fn clip(text: &str, max: usize) -> String {
    let plain = |c: char| {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            ' '
        } else {
            c
        }
    };
    let clipped: String = text[..text.floor_char_boundary(max)].chars().map(plain).collect();
    if text.len() > max {
        format!("{clipped}… ({} bytes)", text.len())
    } else {
        clipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sentences() {
        let error = Error::Trapped {
            plugin: "evil".into(),
            function: Some("panic".into()),
            trap: "unreachable code".into(),
            last_words: Some("panicked at src/lib.rs:3".into()),
        };
        assert_eq!(
            error.to_string(),
            "plugin `evil`, function `panic` trapped: unreachable code; it had just said: panicked at src/lib.rs:3"
        );
        assert_eq!(error.kind(), ErrorKind::BadConfig);
    }

    #[test]
    fn clipping_keeps_characters_whole() {
        assert_eq!(clip("äöü", 3), "ä… (6 bytes)");
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("a\u{1b}[31m\nb", 20), "a [31m\nb");
    }
}
