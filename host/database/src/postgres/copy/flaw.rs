//! What can be wrong with a value.

/// Why a value does not become one of Arrow's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Arrow's type cannot hold it. Says what it is.
    Unfit(String),
    /// It is not written as its type says. Says how.
    Broken(String),
}

impl Flaw {
    /// A value of another length than its type has.
    #[cold]
    pub fn length(expected: usize, found: usize) -> Self {
        Self::Broken(format!("a value of {found} bytes where the type has {expected}"))
    }

    #[cold]
    pub fn unfit(what: &str) -> Self {
        Self::Unfit(what.to_owned())
    }

    #[cold]
    pub fn broken(how: &str) -> Self {
        Self::Broken(how.to_owned())
    }
}
