//! What an error means for the run: how it ended, and whether it may be tried again.

use tenon_runtime::ErrorKind;

use crate::error::Error;

/// How a failed run ended, for whoever has to act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Data, the file system or the plugin's code: something went wrong on the way.
    Failed,
    /// The plugin or the job was refused before a row was processed.
    Refused,
    /// A limit was reached.
    Limit,
    /// Somebody stopped it.
    Cancelled,
}

impl Error {
    /// How the run ended.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::ChooseFunction { .. }
            | Self::UnknownFunction { .. }
            | Self::Scalar { .. }
            | Self::Batchwise { .. }
            | Self::KeepsState { .. }
            | Self::FunctionTaken { .. }
            | Self::Arguments { .. }
            | Self::NotOneColumn { .. }
            | Self::FunctionTypes { .. }
            | Self::NameTaken { .. }
            | Self::UnknownInput { .. }
            | Self::Cycle { .. }
            | Self::NoRejects { .. }
            | Self::LostSink { .. }
            | Self::LostSecret { .. }
            | Self::BadStep { .. }
            | Self::Place { .. }
            | Self::Recipient { .. }
            | Self::Ungranted
            | Self::ScriptFile { .. }
            | Self::NoPlugin { .. }
            | Self::Table { .. }
            | Self::NothingRejects
            | Self::Conflict { .. } => Outcome::Refused,
            // It is told where it may go before it reads or writes anything there.
            Self::Script { source, .. } if source.kind() == ErrorKind::Denied => Outcome::Refused,
            Self::Plugin { source, .. }
            | Self::Step { source, .. }
            | Self::Open { source, .. }
            | Self::Function { source, .. }
            | Self::Script { source, .. } => of_runtime(source),
            Self::Source(source) | Self::Sink(source) | Self::Rejects(source) => of_connector(source),
            Self::TooManyRejects { .. }
            | Self::TooLargeAShareRejected { .. }
            | Self::Timeout { .. }
            | Self::Memory { .. } => Outcome::Limit,
            Self::Cancelled => Outcome::Cancelled,
            Self::Told(told) => told.outcome(),
            Self::Unfinished { .. }
            | Self::SchemaChanged { .. }
            | Self::Ledger(_)
            | Self::PartlyLost { .. }
            | Self::Refused { .. }
            | Self::NotOnePerRow { .. }
            | Self::BadBatch { .. }
            | Self::SharedStep { .. }
            | Self::Plan(_)
            | Self::Internal(_) => Outcome::Failed,
        }
    }

    /// Whether it says that nothing of what a run had prepared is visible where its job writes, nor will be: its commit may
    /// be given up, and its rows be read again.
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Sink(source) => source.is_gone(),
            Self::LostSink { visible, .. } => visible.is_empty(),
            _ => false,
        }
    }

    /// Whether the same run may succeed later. If it is [`Unfinished`](Self::Unfinished), by finishing its commit.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Step { source, .. }
            | Self::Open { source, .. }
            | Self::Function { source, .. }
            | Self::Script { source, .. } => {
                matches!(**source, tenon_runtime::Error::Guest { .. }) && source.kind() == ErrorKind::Transient
            }
            Self::Source(source) | Self::Sink(source) | Self::Rejects(source) => source.may_pass(),
            Self::Told(told) => told.may_pass(),
            Self::Unfinished { source, .. } => source.may_pass(),
            _ => false,
        }
    }
}

fn of_runtime(error: &tenon_runtime::Error) -> Outcome {
    use tenon_runtime::Error as Runtime;
    match (error, error.kind()) {
        (Runtime::Trapped { .. } | Runtime::Contract { .. }, _) => Outcome::Failed,
        (Runtime::Io { .. }, _) | (_, ErrorKind::BadConfig | ErrorKind::Unsupported) => Outcome::Refused,
        (_, ErrorKind::Limit) => Outcome::Limit,
        _ => Outcome::Failed,
    }
}

pub(crate) fn of_connector(error: &tenon_connect::Error) -> Outcome {
    match error.kind() {
        tenon_connect::ErrorKind::BadConfig => Outcome::Refused,
        tenon_connect::ErrorKind::BadData | tenon_connect::ErrorKind::System => Outcome::Failed,
    }
}
