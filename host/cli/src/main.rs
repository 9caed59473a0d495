//! The tenon command.

// They panic once nobody reads on; `output` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod allocator;
mod args;
mod command;
mod connections;
mod exit;
mod format;
mod incremental;
mod inputs;
mod interpreter;
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
use clap::error::{ContextKind, ContextValue, ErrorKind};
use tenon_host::server::Surroundings;
use tenon_telemetry::Telemetry;

use args::{Arguments, Command, RemoteArguments};
use exit::Failure;

fn main() -> ExitCode {
    if args::is_meant(std::env::args_os()) {
        let arguments = RemoteArguments::parse();
        let json = arguments.options.json;
        return ended(ask(arguments), json);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => misread(&error),
    };
    let json = match &arguments.command {
        Command::Run(run) => run.json,
        Command::Replay(replay) => replay.json,
        _ => false,
    };
    ended(run(arguments), json)
}

/// A command that only a server has needs to know which server.
fn misread(error: &clap::Error) -> ! {
    let named = error.get(ContextKind::InvalidSubcommand);
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(name)) = named
        && args::of_server(name)
    {
        Failure::usage(format!("`{name}` is a command of servers"))
            .hinted(format!("`tenon --server URL {name} ...` asks one"))
            .print();
        std::process::exit(error.exit_code());
    }
    error.exit()
}

fn ended(done: Result<(), Failure>, json: bool) -> ExitCode {
    match done {
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

/// Asks a server.
fn ask(arguments: RemoteArguments) -> Result<(), Failure> {
    let _logging = logging::start(arguments.options.verbose, arguments.options.quiet, None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(anyhow::Error::new(error).context("cannot start a thread")))?;
    let done = runtime.block_on(command::remote(arguments));
    // A blocking thread may still wait for a disk.
    runtime.shutdown_background();
    done
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    allocator::tune();
    let telemetry = Telemetry::default();
    let is_server = matches!(arguments.command, Command::Serve(_));
    let logging = logging::start(arguments.verbose, arguments.quiet, is_server.then_some(&telemetry));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(anyhow::Error::new(error).context("cannot start threads")))?;
    let quiet = arguments.quiet;
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Run(run) => Box::pin(command::run(run, quiet)).await,
            Command::Validate(validate) => command::validate(&validate, quiet),
            Command::Explain(explain) => command::explain(explain, quiet).await,
            Command::Preview(preview) => command::preview(preview).await,
            Command::Schema(schema) => command::schema(schema).await,
            Command::Connection(connection) => command::connection(connection).await,
            Command::Secret(secret) => command::secret(secret),
            Command::Copy(copy) => command::copy(copy, quiet).await,
            Command::Generate(generate) => command::generate(generate, quiet).await,
            Command::Discover(discover) => command::discover(discover).await,
            Command::Inspect(inspect) => command::inspect(inspect, quiet).await,
            Command::Build(build) => command::build(build, quiet).await,
            Command::New(new) => command::new(&new, quiet),
            Command::Replay(replay) => command::replay(&replay, quiet).await,
            Command::Runs(runs) => command::runs(*runs),
            Command::Logs(logs) => command::logs(&logs),
            Command::Bookmark(bookmark) => command::bookmark(bookmark),
            Command::Serve(serve) => {
                let surroundings = Surroundings {
                    telemetry,
                    logging: Some(logging),
                    ..Surroundings::default()
                };
                command::serve(*serve, quiet, surroundings).await
            }
            Command::Completions(completions) => command::completions(&completions),
        }
    });
    // A blocking thread may still wait for a disk or a guest; nothing of it matters any more.
    runtime.shutdown_background();
    done
}
