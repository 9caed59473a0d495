//! Runs a frame into a sink.

use std::sync::Arc;

use tenon_connect::SinkConfig;
use tenon_runtime::Written;

use super::pipeline::Desk;
use super::query::{Closure, Query};
use crate::drive::Drive;
use crate::error::Error;
use crate::job::{Feed, Job, Output};
use crate::place::lies_in;
use crate::plan::{Layout, Opened, Plan, Planned, nothing_new};
use crate::retry;

/// Writes the rows of a query. They become visible when the script has ended well.
pub(super) async fn write(desk: Arc<Desk>, query: Arc<Query>, sink: String) -> Result<Written, Error> {
    desk.check_stopped()?;
    let _writing = desk.writing.lock().await;
    let (to, url) = desk.sink(&sink)?;
    if nothing_new(&desk.done.lock().sources) {
        return Ok(Written::default());
    }
    let name = to.file_url().unwrap_or(&url).to_owned();
    check_apart(&desk, &name, &url)?;
    forget_dead(&desk.job, &to).await;
    let Closure { mut job, loaded, .. } = query.closure(&desk.job, &desk.functions);
    let feed = Feed::Rows(query.name.clone());
    job.sinks.insert(name, Output { feed, to });
    let layout = Layout::of(&job, &loaded, &desk.environment)?;
    let opened = Opened {
        run: Arc::clone(&desk.run),
        loaded,
        // All of them: none may be replaced.
        sources: desk.done.lock().sources.clone(),
        environment: Arc::clone(&desk.environment),
        keep_failed: desk.job.keep_failed,
    };
    let planned = match opened.plan(&job, &layout, &desk.progress).await? {
        Plan::Ready(planned) => *planned,
        Plan::Skipped(_) => return Ok(Written::default()),
    };
    desk.progress.works_on(planned.plans());
    let mut drive = Drive::start(&planned.outputs, &planned.task, &desk.progress)?;
    let driven = tokio::select! {
        driven = drive.finish() => driven,
        () = desk.stopping() => Err(Error::Cancelled),
    };
    let parts = match driven {
        Ok(parts) => parts,
        Err(error) => {
            drive.stop().await;
            drop(drive);
            return Err(gave_up(planned, error).await);
        }
    };
    let durable = planned.make_durable(&job, parts).await?;
    let (rows, bytes, files) = durable.totals();
    desk.done.lock().written.insert(url, durable);
    Ok(Written {
        rows,
        bytes,
        objects: u32::try_from(files).unwrap_or(u32::MAX),
    })
}

/// Removes what runs of the job have left there that died. It is hidden, and is swept after a day: no run fails over it.
async fn forget_dead(job: &Job, to: &SinkConfig) {
    for run in &job.dead {
        for try_of_run in retry::names(run, &job.retries) {
            if let Err(error) = to.forget(&try_of_run).await {
                tracing::warn!(run, %error, "what a run that died has prepared cannot be removed now");
            }
        }
    }
}

async fn gave_up(planned: Planned, error: Error) -> Error {
    planned.give_up().await.unwrap_or(error)
}

/// Refuses to write to where the script has written already.
fn check_apart(desk: &Desk, shown: &str, url: &str) -> Result<(), Error> {
    let done = desk.done.lock();
    if done
        .written
        .keys()
        .any(|written| lies_in(written, url) || lies_in(url, written))
    {
        let reason = format!("it writes to {shown} twice, or to a folder in it; write once, or to another folder");
        return Err(Error::Conflict { reason });
    }
    Ok(())
}
