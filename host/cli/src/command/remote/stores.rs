//! `connection` and `secret`.

use std::fs::File;
use std::io::IsTerminal;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use tenon_client::Tenant;
use tenon_host::connections::read_secret;
use tenon_host::database::{Driver, Secret};

use super::input;
use super::session::{Session, found, print_json, unless_changed};
use super::table::{Column, described, number, text, time};
use crate::args::{PutConnection, PutSecret, RemoteConnectionCommand, RemoteSecretCommand};
use crate::command::connection::{kept, typed};
use crate::exit::Failure;
use crate::output::print;
use crate::printable::printable;

const CONNECTIONS: &[Column] = &[
    text("NAME", "/name"),
    text("DRIVER", "/connection/driver"),
    number("VERSION", "/version"),
    time("CHANGED", "/changed"),
    text("URL", "/connection/url"),
];
const SECRETS: &[Column] = &[
    text("NAME", "/name"),
    number("VERSION", "/version"),
    time("CHANGED", "/changed"),
    text("ONLY FOR", "/jobs"),
];

/// `connection`
pub(super) async fn connection(session: &Session, command: RemoteConnectionCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        RemoteConnectionCommand::Put(arguments) => put_connection(session, &tenant, &arguments).await,
        RemoteConnectionCommand::List(listed) => {
            session.list(tenant.list_connections(), listed.limit, CONNECTIONS).await
        }
        RemoteConnectionCommand::Show(named) => session.show(&tenant.get_connection(&named.name).send().await?),
        RemoteConnectionCommand::Test(named) => test(session, &tenant, &named.name).await,
        RemoteConnectionCommand::Delete(named) => {
            tenant.delete_connection(&named.name).send().await?;
            session.did(format!("deleted the connection `{}`", named.name))
        }
    }
}

async fn put_connection(session: &Session, tenant: &Tenant, arguments: &PutConnection) -> Result<(), Failure> {
    let name = &arguments.name;
    let connection = match (&arguments.file, &arguments.url) {
        (Some(file), _) => input::definition(file)?,
        (None, Some(url)) => json!({
            "driver": arguments.driver.clone().map_or_else(|| driver(url), Ok)?,
            "url": url,
            "options": input::object(&arguments.option),
        }),
        (None, None) => return Err(Failure::usage("which URL?".to_owned())),
    };
    let before = found(tenant.get_connection(name)).await?;
    let put = unless_changed(tenant.put_connection(name, &connection), before.as_ref());
    let put = put.send().await?;
    let verb = if before.is_some() { "replaced" } else { "stored" };
    session.done(&put, format!("{verb} the connection `{name}`"))
}

/// What speaks to a URL, by its scheme.
fn driver(url: &str) -> Result<String, Failure> {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let scheme = scheme.ok_or_else(|| Failure::usage("the URL has no scheme, such as `postgres:`".to_owned()))?;
    Ok(Driver::of_scheme(&scheme).map_or(scheme, |driver| driver.name().to_owned()))
}

/// The server connects; a failure is told with its stage.
async fn test(session: &Session, tenant: &Tenant, name: &str) -> Result<(), Failure> {
    let tested = tenant.test_connection(name).send().await?;
    if session.json {
        print_json(&tested)?;
    }
    if tested["ok"] == true {
        return if session.json {
            Ok(())
        } else {
            print(&described(&tested))
        };
    }
    let of = |name: &str| printable(tested[name].as_str().unwrap_or_default());
    let error = match of("stage") {
        stage if stage.is_empty() => anyhow!("the connection `{name}` does not work: {}", of("error")),
        stage => anyhow!("the connection `{name}` fails at {stage}: {}", of("error")),
    };
    let failure = Failure::refused(error);
    Err(if session.json { failure.printed() } else { failure })
}

/// `secret`
pub(super) async fn secret(session: &Session, command: RemoteSecretCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        RemoteSecretCommand::Put(arguments) => put_secret(session, &tenant, &arguments).await,
        RemoteSecretCommand::List(listed) => session.list(tenant.list_secrets(), listed.limit, SECRETS).await,
        RemoteSecretCommand::Show(named) => session.show(&tenant.get_secret(&named.name).send().await?),
        RemoteSecretCommand::Delete(named) => {
            tenant.delete_secret(&named.name).send().await?;
            session.did(format!("deleted the secret `{}`", named.name))
        }
    }
}

async fn put_secret(session: &Session, tenant: &Tenant, arguments: &PutSecret) -> Result<(), Failure> {
    let name = &arguments.name;
    let value = value(arguments)?;
    let before = found(tenant.get_secret(name)).await?;
    let jobs = if arguments.any_job {
        Value::Null
    } else if arguments.job.is_empty() {
        // Who may use it stays as it was.
        before
            .as_ref()
            .map(|before| before.value["jobs"].clone())
            .unwrap_or_default()
    } else {
        json!(arguments.job)
    };
    let secret = json!({ "value": value.reveal(), "jobs": jobs });
    let put = unless_changed(tenant.put_secret(name, &secret), before.as_ref());
    let put = put.send().await?;
    let verb = if before.is_some() { "replaced" } else { "stored" };
    session.done(&put, format!("{verb} the secret `{name}`"))
}

/// What a file or standard input holds, or what is typed. Never what the command line says: others could see it.
fn value(arguments: &PutSecret) -> Result<Secret, Failure> {
    let name = &arguments.name;
    if let Some(path) = &arguments.file {
        let file = File::open(path)
            .with_context(|| format!("cannot read {}", path.display()))
            .map_err(Failure::refused)?;
        return read_secret(name, file).map_err(kept);
    }
    if std::io::stdin().is_terminal() {
        return Ok(Secret::new(typed(name)?));
    }
    read_secret(name, std::io::stdin()).map_err(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_are_told_by_the_scheme() {
        for (url, expected) in [
            ("postgresql://u@h/d", "postgres"),
            ("MARIADB://h/d", "mysql"),
            ("s3://bucket/", "s3"),
        ] {
            assert_eq!(driver(url).expect("a driver"), expected);
        }
        driver("localhost").expect_err("there is no scheme");
    }
}
