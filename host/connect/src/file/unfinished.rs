//! Commits to a local folder that a run was killed in the middle of.

use super::config::WriteConfig;
use super::local::{COMMIT, PREFIX};
use super::target::{Place, Target};
use super::write::{blocking, check_run};
use crate::Error;

/// Finishes the commit that the run `dead` has decided and not carried out to its end, if that was to this folder, as
/// [`Sink::begin`](super::Sink::begin) for `run` would. Whether it did: it leaves that to whoever writes there now.
///
/// # Errors
/// When the file system refuses, and when a file is lost that was to be made visible.
pub async fn finish(config: &WriteConfig, dead: &str, run: &str) -> Result<bool, Error> {
    check_run(run)?;
    let target = Target::of(config)?;
    let Place::Local(local) = target.place else {
        return Ok(false);
    };
    let journal = local.path(&format!("{PREFIX}{dead}.{COMMIT}"));
    if target.file.is_some() || !journal.exists() {
        return Ok(false);
    }
    let (run, url) = (run.to_owned(), config.url.clone());
    blocking(move || match local.begin(&run, &url) {
        Ok(_unlocked_here) => Ok(true),
        Err(Error::Busy { .. }) => Ok(false),
        Err(error) => Err(error),
    })
    .await
}
