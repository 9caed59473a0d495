//! `tenon serve`

use std::path::PathBuf;
use std::sync::Arc;

use tenon_host::server::{Error, Server, ServerConfig, Source, Surroundings};

use crate::args::ServeArguments;
use crate::exit::Failure;
use crate::interpreter;
use crate::interrupt::Interrupt;
use crate::output;

/// The operator's first token, where the operator chooses it.
const TOKEN: &str = "TENON_SERVER_TOKEN";

/// `tenon serve`
pub async fn serve(arguments: ServeArguments, quiet: bool, surroundings: Surroundings) -> Result<(), Failure> {
    let mut interpreters = None;
    let mut config = configuration(&arguments, None).map_err(refused)?;
    if config.plugins.interpreters.is_none() {
        interpreters = interpreter::folder()?;
        config.plugins.interpreters.clone_from(&interpreters);
    }
    if arguments.check {
        return output::write(config.shown().as_bytes());
    }
    let interrupt = Interrupt::listen();
    let source = arguments.config.clone().map(|file| Source {
        file,
        load: Arc::new(move || configuration(&arguments, interpreters.clone())),
    });
    let surroundings = Surroundings { source, ..surroundings };
    let server = Server::open_in(config, surroundings).await.map_err(refused)?;
    let given = std::env::var(TOKEN).ok();
    if let Some(token) = server.bootstrap(given.as_deref()).await.map_err(refused)? {
        output::print(&format!("the operator's token, which is not shown again: {token}"))?;
    }
    let listening = |address| {
        if !quiet {
            output::say!("listening at http://{address}");
        }
    };
    server
        .serve(async move { interrupt.requested().await }, listening)
        .await
        .map_err(refused)
}

/// What the file says, with what the command line says over it. Interpreters that nobody names are in `interpreters`.
fn configuration(arguments: &ServeArguments, interpreters: Option<PathBuf>) -> Result<ServerConfig, Error> {
    let mut config = match &arguments.config {
        Some(file) => ServerConfig::load(file)?,
        None => ServerConfig::default(),
    };
    config.listen = arguments.listen.unwrap_or(config.listen);
    if let Some(data) = &arguments.data {
        config.data.clone_from(data);
    }
    config.database = arguments.database.clone().or(config.database);
    config.plugins.interpreters = config.plugins.interpreters.or(interpreters);
    config.check().map_err(|reason| Error::Config {
        file: "the configuration".to_owned(),
        reason,
    })?;
    Ok(config)
}

fn refused(error: Error) -> Failure {
    Failure::refused(error.into())
}
