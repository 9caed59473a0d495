//! Values kept between runs of a job, saved with the run's commit.

use crate::boundary;
use crate::error::Result;

/// A value, if there is one.
///
/// # Errors
/// `transient` if the state can't be reached.
pub fn get(key: &str) -> Result<Option<Vec<u8>>> {
    boundary::state_get(key)
}

/// Sets a value.
///
/// # Errors
/// `limit` past the run's state quota.
pub fn put(key: &str, value: impl AsRef<[u8]>) -> Result<()> {
    boundary::state_put(key, value.as_ref())
}

/// Removes a value, if it is there.
///
/// # Errors
/// `transient` if the state can't be reached.
pub fn delete(key: &str) -> Result<()> {
    boundary::state_delete(key)
}
