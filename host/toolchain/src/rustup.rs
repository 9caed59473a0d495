use std::path::Path;
use std::time::Duration;

use crate::command::capture_within;
use crate::installed::active;
use crate::{Error, Machine, Target};

/// The download is some 25 MB.
const LIMIT: Duration = Duration::from_mins(2);

/// Has rustup add the target to the active toolchain.
pub(crate) fn add_target(machine: &Machine, rustup: &Path, target: Target) -> Result<(), Error> {
    capture_within(active(machine, rustup).args(["target", "add", target.triple()]), LIMIT).map(drop)
}
