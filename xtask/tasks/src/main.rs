//! The tasks of the Tenon repository. `cargo xtask help` lists them.

mod bench;
mod ci;
mod counts;
mod dist;
mod drivers;
mod flights;
mod fuzz;
mod lint;
mod peers;
mod plugins;
mod python_peers;
mod services;
mod setup;
mod spidermonkey;
mod steps;
mod suites;
mod templates;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, tests and measures Tenon.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Tasks {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Finds or installs the toolchain that builds guests.
    Setup,
    /// Builds guests into target/plugins/NAME.wasm.
    Plugins {
        /// The guests to build; all of the repository where none is named.
        names: Vec<String>,
    },
    /// Runs the main example: a year of flights through a sandboxed guest, from CSV to Parquet.
    Flights,
    /// Builds every guest and runs every test.
    Test {
        /// Passed on to `cargo test`, as in `cargo xtask test -- --package tenon-layout`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Real servers for tests and for trying things out.
    Services {
        #[command(subcommand)]
        action: Services,
    },
    /// Checks formatting, and runs clippy with warnings denied.
    Lint,
    /// Runs a benchmark, prints its table and writes target/bench/NAME.json.
    Bench {
        /// The benchmark; lists them where it is left out.
        name: Option<String>,
        /// Takes less than a minute, on smaller data.
        #[arg(long)]
        quick: bool,
        /// Also installs or builds, and times, the peers in tests/peers; some minutes the first time.
        #[arg(long)]
        peers: bool,
    },
    /// Fuzzes the places where strangers' bytes enter Tenon.
    Fuzz {
        /// The target, a program of tests/fuzz; each of them where it is left out.
        target: Option<String>,
        /// How long to fuzz a target, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Builds the command as it is handed to others, with the interpreters of scripts in it, into target/dist.
    Dist,
    /// What continuous integration runs: lint, then test.
    Ci,
}

#[derive(Subcommand)]
enum Services {
    /// Says what there is, and what of it is installed.
    List,
    /// Installs a service: into the user's cache folder, or as a package of the system.
    Install {
        /// Its name, as `list` has it.
        name: String,
    },
    /// Runs a service until Ctrl-C, and says how to reach it.
    Start {
        /// Its name, as `list` has it.
        name: String,
    },
}

fn main() -> ExitCode {
    match run(Tasks::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not by returning it: main would add a stack trace where RUST_BACKTRACE is set for the sake of the tests.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Setup => setup::run().map(drop),
        Task::Plugins { names } => plugins::run(&names),
        Task::Flights => flights::run(),
        Task::Test { arguments } => test::run(&arguments),
        Task::Services { action } => match action {
            Services::List => {
                services::list();
                Ok(())
            }
            Services::Install { name } => services::install(&name).map(|program| println!("{}", program.display())),
            Services::Start { name } => services::start(&name),
        },
        Task::Lint => lint::run(),
        Task::Bench { name, quick, peers } => bench::run(name.as_deref(), quick, peers),
        Task::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Task::Dist => dist::run(),
        Task::Ci => ci::run(),
    }
}
