//! Errors on their way to and from a guest.

use tenon_kernels as kernels;
use tenon_layout as layout;

use super::SandboxState;
use crate::bindings::tenon::etl::errors::{Error as Fault, Kind};
use crate::error::{Error, ErrorKind, clip};
use crate::limits::LimitReached;
use crate::run::Run;
use crate::script;

/// Bytes of an error message that crosses.
const MAX_MESSAGE: usize = 4 << 10;
/// Entries of an error's context that cross.
const MAX_CONTEXT: usize = 16;
/// Bytes of one of these entries.
const MAX_CONTEXT_ENTRY: usize = 256;

/// An error for the guest.
pub(super) fn fault(kind: Kind, message: impl Into<String>) -> Fault {
    Fault {
        kind,
        message: message.into(),
        context: Vec::new(),
    }
}

/// An error that a guest answered with, for whoever runs it: clipped, and without secrets.
pub(crate) fn guest_error(plugin: &str, run: &Run, fault: &Fault, function: Option<&str>) -> Error {
    Error::Guest {
        plugin: plugin.to_owned(),
        function: function.map(str::to_owned),
        kind: fault.kind.into(),
        message: run.tell(&fault.message, MAX_MESSAGE),
        context: told_context(&fault.context, |text, max| run.tell(text, max)),
    }
}

impl SandboxState {
    /// A pipeline's error for the script: clipped, and without secrets.
    pub(super) fn told(&self, fault: &script::Fault) -> Fault {
        let tell = |text: &str, max| {
            self.run
                .as_ref()
                .map_or_else(|| clip(text, max), |run| run.tell(text, max))
        };
        Fault {
            kind: fault.kind.into(),
            message: tell(&fault.message, MAX_MESSAGE),
            context: told_context(&fault.context, tell),
        }
    }
}

fn told_context(context: &[String], tell: impl Fn(&str, usize) -> String) -> Vec<String> {
    let steps = context.iter().take(MAX_CONTEXT);
    steps.map(|step| tell(step, MAX_CONTEXT_ENTRY)).collect()
}

impl From<layout::Error> for Fault {
    fn from(error: layout::Error) -> Self {
        let kind = match &error {
            layout::Error::Limit { .. } => Kind::Limit,
            _ => Kind::BadData,
        };
        fault(kind, error.to_string())
    }
}

impl From<kernels::Error> for Fault {
    fn from(error: kernels::Error) -> Self {
        let kind = match error.kind() {
            kernels::Kind::BadData => Kind::BadData,
            kernels::Kind::BadConfig => Kind::BadConfig,
            kernels::Kind::Unsupported => Kind::Unsupported,
            kernels::Kind::Limit => Kind::Limit,
            kernels::Kind::Internal => Kind::Internal,
        };
        fault(kind, error.to_string())
    }
}

impl From<LimitReached> for Fault {
    fn from(reached: LimitReached) -> Self {
        fault(Kind::Limit, reached.to_string())
    }
}

impl From<Kind> for ErrorKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::BadData => ErrorKind::BadData,
            Kind::BadConfig => ErrorKind::BadConfig,
            Kind::Transient => ErrorKind::Transient,
            Kind::Unsupported => ErrorKind::Unsupported,
            Kind::Denied => ErrorKind::Denied,
            Kind::Limit => ErrorKind::Limit,
            Kind::Internal => ErrorKind::Internal,
        }
    }
}

impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::BadData => Kind::BadData,
            ErrorKind::BadConfig => Kind::BadConfig,
            ErrorKind::Transient => Kind::Transient,
            ErrorKind::Unsupported => Kind::Unsupported,
            ErrorKind::Denied => Kind::Denied,
            ErrorKind::Limit => Kind::Limit,
            ErrorKind::Internal => Kind::Internal,
        }
    }
}
