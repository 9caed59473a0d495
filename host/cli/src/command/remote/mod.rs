//! `tenon --server URL`: one file for each sort of thing that a server has.

mod access;
mod failure;
mod follow;
mod input;
mod jobs;
mod plugins;
mod runs;
mod server;
mod session;
mod stores;
mod table;
mod targets;
mod triggers;
mod usage;
mod workflows;

use crate::args::{RemoteArguments, RemoteCommand};
use crate::exit::Failure;

use session::Session;

/// `tenon --server URL`
pub async fn remote(arguments: RemoteArguments) -> Result<(), Failure> {
    let session = Session::open(&arguments.options)?;
    match arguments.command {
        RemoteCommand::Job(command) => jobs::job(&session, command).await,
        RemoteCommand::Run(command) => runs::run(&session, command).await,
        RemoteCommand::Trigger(command) => triggers::trigger(&session, command).await,
        RemoteCommand::Workflow(command) => workflows::workflow(&session, command).await,
        RemoteCommand::Plugin(command) => plugins::plugin(&session, command).await,
        RemoteCommand::Connection(command) => stores::connection(&session, command).await,
        RemoteCommand::Secret(command) => stores::secret(&session, command).await,
        RemoteCommand::Target(command) => targets::target(&session, command).await,
        RemoteCommand::Event(command) => targets::event(&session, command).await,
        RemoteCommand::Tenant(command) => access::tenant(&session, command).await,
        RemoteCommand::Token(command) => access::token(&session, command).await,
        RemoteCommand::Usage(usage) => usage::usage(&session, &usage).await,
        RemoteCommand::Prices(command) => usage::prices(&session, command).await,
        RemoteCommand::Audit(command) => server::audit(&session, command).await,
        RemoteCommand::Server(command) => server::server(&session, &command).await,
    }
}
