use anyhow::Result;
use tenon_toolchain::Toolchain;

use crate::steps::step;

/// Finds or installs the toolchain that builds guests.
pub(crate) fn run() -> Result<Toolchain> {
    step("looking for a toolchain that builds guests", || {
        let toolchain = Toolchain::find_or_install(&mut |line| eprintln!("    {line}"))?;
        eprintln!("    {}", toolchain.describe());
        Ok(toolchain)
    })
}
