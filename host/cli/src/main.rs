//! The tenon command.

mod allocator;
mod args;
mod command;
mod exit;
mod format;
mod incremental;
mod inputs;
mod interrupt;
mod job;
mod logging;
mod output;
mod plugin;
mod printable;
mod progress;
mod record;
mod recorded;
mod report;
mod template;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use exit::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = match &arguments.command {
        Command::Run(run) => run.json,
        Command::Replay(replay) => replay.json,
        _ => false,
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if json {
                failure.print_json();
            }
            failure.print();
            ExitCode::from(failure.code)
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    allocator::tune();
    logging::start(arguments.verbose, arguments.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(anyhow::Error::new(error).context("cannot start threads")))?;
    let quiet = arguments.quiet;
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Run(run) => command::run(run, quiet).await,
            Command::Validate(validate) => command::validate(&validate, quiet),
            Command::Explain(explain) => command::explain(explain, quiet).await,
            Command::Preview(preview) => command::preview(preview).await,
            Command::Schema(schema) => command::schema(schema).await,
            Command::Inspect(inspect) => command::inspect(inspect, quiet).await,
            Command::Build(build) => command::build(build, quiet).await,
            Command::New(new) => command::new(&new, quiet),
            Command::Replay(replay) => command::replay(&replay, quiet).await,
            Command::Runs(runs) => command::runs(*runs),
            Command::Logs(logs) => command::logs(&logs),
            Command::Bookmark(bookmark) => command::bookmark(bookmark),
            Command::Completions(completions) => {
                command::completions(&completions);
                Ok(())
            }
        }
    });
    // A blocking thread may still wait for a disk or a guest; nothing of it matters any more.
    runtime.shutdown_background();
    done
}
