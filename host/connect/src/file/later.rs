//! What an earlier process has prepared: made visible, or given up.

use super::config::WriteConfig;
use super::prepared::{Committed, Prepared};
use super::target::{Place, Target};
use super::write::{blocking, check_run};
use crate::Error;

/// Makes what was prepared visible, from any process that can reach the target. Doing it twice, at whichever point the
/// first time has ended, is the same as once.
///
/// # Errors
/// When the configuration is for another target, when another run writes there now, when nothing of the kind is prepared,
/// and when the file system or the store refuses.
pub async fn commit(config: &WriteConfig, prepared: &Prepared) -> Result<Committed, Error> {
    let target = target_of(config, prepared)?;
    match &target.place {
        Place::Local(local) => {
            let (local, prepared, url) = (local.clone(), prepared.clone(), config.url.clone());
            let committed = blocking(move || {
                let lock = local.lock_again(&prepared.run, &url)?;
                // A sink that has held it all along has found nothing, or finished it.
                if lock.is_some() {
                    local.finish_others(&prepared.run)?;
                }
                local.commit_prepared(&prepared)
            });
            committed.await?;
        }
        Place::Remote(remote) => remote.commit(prepared).await?,
    }
    Ok(prepared.committed(|path| target.shown(path)))
}

/// Removes what was prepared and not committed.
///
/// # Errors
/// When it is committed already, and as [`commit`].
pub async fn abort(config: &WriteConfig, prepared: &Prepared) -> Result<(), Error> {
    let target = target_of(config, prepared)?;
    match &target.place {
        Place::Local(local) => {
            let (local, prepared, url) = (local.clone(), prepared.clone(), config.url.clone());
            let aborted = blocking(move || {
                if !local.folder.exists() {
                    return Ok(());
                }
                let _lock = local.lock_again(&prepared.run, &url)?;
                local.abort(&prepared)
            });
            aborted.await
        }
        Place::Remote(remote) => remote.abort(prepared).await,
    }
}

/// Removes what a run that is over has prepared and will never commit, and the lock that it has on a store. What it has
/// decided to commit stays, for the next run to finish.
///
/// # Errors
/// When the file system or the store refuses.
pub async fn forget(config: &WriteConfig, run: &str) -> Result<(), Error> {
    check_run(run)?;
    match &Target::of(config)?.place {
        Place::Local(local) => {
            let (local, run) = (local.clone(), run.to_owned());
            blocking(move || local.forget(&run)).await
        }
        Place::Remote(remote) => remote.forget_undecided(run).await,
    }
}

/// Whether that is where it was prepared for.
pub fn is_target_of(config: &WriteConfig, prepared: &Prepared) -> bool {
    target_of(config, prepared).is_ok()
}

fn target_of(config: &WriteConfig, prepared: &Prepared) -> Result<Target, Error> {
    let target = Target::of(config)?;
    // Once the folder is there, its URL ends with a slash.
    if target.url().trim_end_matches('/') == prepared.target.trim_end_matches('/') {
        return Ok(target);
    }
    Err(Error::Config {
        subject: config.url.clone(),
        reason: format!(
            "run {} was prepared for {}, and its commit is not finished; put that URL back until the next run of the job \
             has finished it, and change it then",
            prepared.run, prepared.target
        ),
    })
}
