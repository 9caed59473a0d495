//! Errors on their way to and from a guest.

use tenon_kernels as kernels;
use tenon_layout as layout;

use crate::bindings::tenon::etl::errors::{Error as Fault, Kind};
use crate::error::ErrorKind;
use crate::limits::LimitReached;

/// An error for the guest.
pub(super) fn fault(kind: Kind, message: impl Into<String>) -> Fault {
    Fault {
        kind,
        message: message.into(),
        context: Vec::new(),
    }
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
