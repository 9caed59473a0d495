use std::io::IsTerminal;

use comfy_table::{Table, presets};
use serde_json::json;
use tenon_host::connections::{Connection, Connections, NewConnection, Places, Scope, SecretStore, read_secret};
use tenon_host::database::{self, ConnectOptions, Secret};

use crate::args::{AddConnection, ConnectionArguments, ConnectionCommand, ListConnections, NamedConnection};
use crate::connections::refused;
use crate::exit::Failure;
use crate::output::{print, say};
use crate::report::pairs;

/// `tenon connection`
pub async fn connection(arguments: ConnectionArguments) -> Result<(), Failure> {
    let places = Places::of_process().map_err(kept)?;
    let secrets = SecretStore::new(&places);
    let connections = Connections::open(&places).map_err(kept)?;
    match arguments.command {
        ConnectionCommand::Add(new) => add(*new, connections, &secrets),
        ConnectionCommand::List(arguments) => list(&arguments, &connections),
        ConnectionCommand::Show(named) => show(&named, &connections),
        ConnectionCommand::Test(named) => test(&named, &connections, &secrets).await,
        ConnectionCommand::Remove(named) => remove(&named, connections, &secrets),
    }
}

fn add(arguments: AddConnection, mut connections: Connections, secrets: &SecretStore) -> Result<(), Failure> {
    let password = password(&arguments)?;
    let defaults = ConnectOptions::default();
    let added = connections.add(
        NewConnection {
            driver: arguments.driver,
            options: ConnectOptions {
                tls: arguments.tls.map(Into::into),
                tls_ca: arguments.tls_ca,
                tls_certificate: arguments.tls_certificate,
                tls_key: arguments.tls_key,
                connect_timeout: arguments.connect_timeout.unwrap_or(defaults.connect_timeout),
                statement_timeout: arguments.statement_timeout,
                lock_timeout: arguments.lock_timeout.unwrap_or(defaults.lock_timeout),
                connections: arguments.connections.unwrap_or(defaults.connections),
                ..defaults
            },
            password,
            scope: if arguments.project { Scope::Project } else { Scope::User },
            replace: arguments.replace,
            ..NewConnection::new(&arguments.name, &arguments.url)
        },
        secrets,
    );
    let added = added.map_err(kept)?;
    let name = &added.connection.name;
    let verb = if added.replaced { "replaced" } else { "stored" };
    say!("{verb} the connection `{name}` in {}", added.connection.file.display());
    if let Some(secret) = &added.secret {
        say!("its password is the secret `{secret}`");
    }
    if let Some(origin) = &added.hidden_by {
        say!("another secret of that name, from {origin}, is used instead");
    }
    if let Some(file) = &added.covered_by {
        say!(
            "here, the connection of that name in {} is used instead",
            file.display()
        );
    }
    say!("`tenon connection test {name}` tries it");
    Ok(())
}

/// The password, as far as one is given beside the URL. A person is asked where the URL has a user and no password.
fn password(arguments: &AddConnection) -> Result<Option<Secret>, Failure> {
    if let Some(variable) = &arguments.password_env {
        let value = std::env::var(variable);
        let value = value.map_err(|_| Failure::usage(format!("the variable {variable} is not set, or is not text")))?;
        return Ok(Some(Secret::new(value)));
    }
    if arguments.password_stdin {
        return read_secret(&arguments.name, std::io::stdin()).map(Some).map_err(kept);
    }
    let authority = arguments.url.split_once("://").map(|(_, rest)| rest);
    let user = authority.and_then(|rest| rest.rsplit_once('@')).map(|(user, _)| user);
    let lacks_password = user.is_some_and(|user| !user.contains(':'));
    if !lacks_password || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    let typed = typed("password (empty for none)")?;
    Ok((!typed.is_empty()).then(|| Secret::new(typed)))
}

/// What a person types, who does not see it.
pub(super) fn typed(what: &str) -> Result<String, Failure> {
    let terminal = console::Term::stderr();
    let typed = terminal
        .write_str(&format!("{what}: "))
        .and_then(|()| terminal.read_secure_line());
    typed.map_err(|error| Failure::failed(anyhow::Error::new(error).context("nothing can be typed here")))
}

fn list(arguments: &ListConnections, connections: &Connections) -> Result<(), Failure> {
    let all: Vec<&Connection> = connections.iter().collect();
    if arguments.json {
        let text = serde_json::to_string_pretty(&all).map_err(|error| Failure::failed(error.into()))?;
        return print(&text);
    }
    if all.is_empty() {
        say!("no connection is stored; `tenon connection add NAME URL` stores one");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["NAME", "CONNECTOR", "URL", "FILE"]);
    for connection in all {
        table.add_row([
            connection.name.clone(),
            connection.driver.to_string(),
            connection.url.clone(),
            connection.file.display().to_string(),
        ]);
    }
    print(&table.trim_fmt())
}

fn show(named: &NamedConnection, connections: &Connections) -> Result<(), Failure> {
    let connection = connections.find(&named.name).map_err(kept)?;
    let json = serde_json::to_value(connection).map_err(|error| Failure::failed(error.into()))?;
    if named.json {
        return print(&format!("{json:#}"));
    }
    let mut rows = vec![
        ("name".to_owned(), connection.name.clone()),
        ("connector".to_owned(), connection.driver.to_string()),
        ("url".to_owned(), connection.url.clone()),
    ];
    let options = json["options"].as_object().into_iter().flatten();
    rows.extend(options.map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), value)
    }));
    let place = format!("{}:{}", connection.file.display(), connection.line);
    rows.push(("file".to_owned(), place));
    if let Some(hidden) = &connection.hides {
        rows.push(("hides".to_owned(), format!("the one in {}", hidden.display())));
    }
    print(&pairs(rows, false).trim_fmt())
}

async fn test(named: &NamedConnection, connections: &Connections, secrets: &SecretStore) -> Result<(), Failure> {
    let connection = connections.find(&named.name).map_err(kept)?;
    let config = connection.resolve(secrets).map_err(kept)?;
    let database = database::open(connection.driver, &config).map_err(|error| refused(error.into()))?;
    let began = std::time::Instant::now();
    let version = database.check().await.map_err(|error| refused(error.into()))?;
    let millis = began.elapsed().as_millis();
    if named.json {
        let said =
            json!({ "name": connection.name, "database": database.name(), "version": version, "milliseconds": millis });
        return print(&format!("{said:#}"));
    }
    print(&format!("{} answers after {millis} ms: {version}", database.name()))
}

fn remove(named: &NamedConnection, mut connections: Connections, secrets: &SecretStore) -> Result<(), Failure> {
    let removed = connections.remove(&named.name, secrets).map_err(kept)?;
    say!(
        "removed the connection `{}` from {}",
        removed.connection.name,
        removed.connection.file.display()
    );
    if let Some(secret) = &removed.secret {
        say!("removed the secret `{secret}`, its password");
    }
    if let Some(file) = &removed.uncovered {
        say!("from now on, the connection of that name in {} is used", file.display());
    }
    Ok(())
}

/// What the store says: something that a person has to put right.
pub(super) fn kept(error: tenon_host::connections::Error) -> Failure {
    Failure::refused(error.into())
}
