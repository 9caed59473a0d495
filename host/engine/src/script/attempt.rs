//! One try at running a script.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tenon_connect::SourceConfig;
use tenon_runtime::Runtime;
use tokio::sync::watch;

use super::Script;
use super::pipeline::{Desk, Done, ScriptPipeline};
use crate::commit::{Committing, Durable};
use crate::error::Error;
use crate::job::Job;
use crate::ledger::Ledger;
use crate::plan::{build_run, environment, functions, memory, nothing_new, planning_session};
use crate::progress::{Phase, Progress};
use crate::rejects::within_share;
use crate::report::{Report, Status};

/// What a try is made with.
pub(crate) struct Attempt<'a> {
    pub runtime: &'a Runtime,
    pub ledger: Option<&'a dyn Ledger>,
    pub job: &'a Job,
    pub script: &'a Script,
    /// Id of the run.
    pub run: &'a str,
    /// Id of this try.
    pub id: &'a str,
    pub progress: &'a Progress,
    pub began: Instant,
}

/// Runs the script to its end and makes visible what it has written.
pub(crate) async fn attempt(
    Attempt {
        runtime,
        ledger,
        job,
        script,
        run,
        id,
        progress,
        began,
    }: Attempt<'_>,
    mut interrupted: Pin<&mut (impl Future<Output = Error> + Send)>,
) -> Result<Report, Error> {
    if !job.steps.is_empty() || !job.sinks.is_empty() {
        let reason = "a script makes its own steps and sinks; the job may have sources only".to_owned();
        return Err(Error::Conflict { reason });
    }
    let planning = Instant::now();
    progress.enter(Phase::Planning);
    let shown = job.shown(&script.component);
    let failed = |source| Error::Plugin {
        plugin: shown.clone(),
        source: Box::new(source),
    };
    let component = runtime.load(&script.component).await.map_err(failed)?;
    let sandboxes = build_run(job, id);
    progress.uses(&sandboxes);
    let (stop, stopped) = watch::channel(false);
    let environment = environment(memory(job), progress)?;
    let functions = functions(runtime, job).await?;
    let session = planning_session(&environment);
    functions.register(&session)?;
    let desk = Arc::new(Desk {
        runtime: runtime.clone(),
        job: job.clone(),
        script: script.clone(),
        component: component.clone(),
        run: Arc::clone(&sandboxes),
        functions,
        session,
        environment,
        progress: progress.clone(),
        writing: tokio::sync::Mutex::default(),
        stopped,
        done: Mutex::default(),
    });
    let pipeline = Arc::new(ScriptPipeline(Arc::clone(&desk)));
    let sandbox = component.checkout_job(&sandboxes, pipeline).await.map_err(failed)?;
    let planning = planning.elapsed();

    progress.enter(Phase::Running);
    let script_failed = |source| Error::Script {
        script: component.name().to_owned(),
        source: Box::new(source),
    };
    let ended = tokio::select! {
        ended = sandbox.run() => ended.map_err(script_failed),
        interruption = &mut interrupted => {
            stop.send(true).ok();
            Err(interruption)
        }
    };
    // What writes ends by itself once the script is to stop.
    drop(desk.writing.lock().await);
    let Done {
        sources,
        steps,
        written,
        reads,
        ..
    } = std::mem::take(&mut *desk.done.lock());
    let read: Vec<SourceConfig> = reads.into_iter().map(|(config, _)| config).collect();
    let mut durable = Durable::default();
    for written in written.into_values() {
        durable.add(written);
    }
    if let Err(error) = ended.and_then(|()| within_share(job, progress)) {
        durable.abort().await;
        return Err(error);
    }
    let mut report = Report::begun(job, &sandboxes, &sources, &steps);
    report.read = read;
    if nothing_new(&sources) && durable.is_empty() {
        report.status = Status::NothingNew;
    }
    let committing = Committing {
        job,
        run,
        ledger,
        sources: &sources,
        sandboxes: &sandboxes,
        progress,
        began,
        planning,
    };
    committing.commit(durable, report).await
}
