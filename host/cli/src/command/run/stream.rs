//! A job that runs in micro-batches: until Ctrl-C, or for as many as the command line says.

use std::time::{Duration, Instant};

use tenon_host::engine::{Batch, Batches, Engine, Error, Job, Progress, Report, Streamed};
use tenon_host::job::Job as Definition;

use super::{Bookmarked, Runner};
use crate::args::{BookmarkArgument, RunArguments};
use crate::exit::Failure;
use crate::format::{bytes, count, seconds};
use crate::output::say;
use crate::progress::aside;
use crate::record::Record;

/// Whether what the command line says goes with the job, which may be a plugin that has no file.
pub(super) fn check(arguments: &RunArguments, definition: Option<&Definition>) -> Result<(), Failure> {
    let streams = definition.is_some_and(|definition| definition.settings.stream.is_some());
    let refused = |reason: &str| Err(Failure::usage(reason.to_owned()));
    if !streams {
        return match arguments.batches {
            Some(_) => refused("--batches is for jobs that run in micro-batches: say [stream] in the job file"),
            None => Ok(()),
        };
    }
    if arguments.watch {
        return refused("--watch runs a job again when it changes, and a job with [stream] goes on by itself");
    }
    if matches!(
        arguments.bookmark,
        Some(BookmarkArgument::Disable | BookmarkArgument::Pause)
    ) {
        return refused(
            "a job with [stream] needs bookmarks, by which each micro-batch goes on where the last one ended",
        );
    }
    Ok(())
}

/// Runs micro-batches, a window apart. What is under way at Ctrl-C is taken back, or committed if it was about to be.
pub(super) async fn run(
    runner: &mut Runner,
    engine: &Engine,
    mut job: Job,
    every: Duration,
    bookmarked: &Bookmarked,
    record: &Record,
    progress: &mut Progress,
) -> Result<Streamed, Failure> {
    let stopped = runner.interrupt.clone();
    let (limit, began) = (job.timeout, Instant::now());
    let left_of = |limit: Duration| limit.saturating_sub(began.elapsed());
    let id = job.run.clone().unwrap_or_default();
    let mut batches = Batches::new(every, Streamed::new(id, &job.name));
    let late = |limit: Duration| Failure::from(Error::Timeout { limit });
    loop {
        job.batch = Some(batches.begin());
        job.timeout = limit.map(left_of);
        *progress = Progress::default();
        let earlier = Some(batches.streamed());
        let ended = runner
            .drive(engine.clone(), &mut job, bookmarked, record, progress, earlier)
            .await;
        let report = match ended {
            Ok(report) => report,
            Err(failure) => match (failure.engine(), limit) {
                (Some(Error::Cancelled), _) => break,
                (Some(Error::Timeout { .. }), Some(limit)) => return Err(late(limit)),
                _ => return Err(failure),
            },
        };
        batches.add(&Batch::from(&report));
        record.streamed(batches.streamed());
        if !runner.quiet {
            let line = line(batches.streamed().batches, &report);
            aside(|| say!("{line}"));
        }
        let most = runner.arguments.batches;
        if most.is_some_and(|most| batches.streamed().batches >= most) {
            break;
        }
        let rest = batches.rest();
        tokio::select! {
            () = stopped.requested() => {
                record.stopping();
                break;
            }
            () = tokio::time::sleep(rest.min(limit.map_or(rest, left_of))) => {}
        }
        if let Some(limit) = limit.filter(|limit| left_of(*limit).is_zero()) {
            return Err(late(limit));
        }
    }
    Ok(batches.streamed().clone())
}

fn line(number: u64, report: &Report) -> String {
    let batch = Batch::from(report);
    if !batch.has_found {
        return format!("micro-batch {number}: nothing new");
    }
    let rejected = match batch.rows_rejected {
        0 => String::new(),
        rows => format!(", {} rejected", count(rows)),
    };
    format!(
        "micro-batch {number}: {} rows in, {} out{rejected}, {} written, {}",
        count(batch.rows_in),
        count(batch.rows_out),
        bytes(batch.bytes_written),
        seconds(report.seconds.total)
    )
}
