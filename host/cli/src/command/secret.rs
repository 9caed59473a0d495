use std::io::IsTerminal;

use chrono::Local;
use comfy_table::{Table, presets};
use tenon_host::connections::{Environment, Key, Places, SecretStore, read_secret};
use tenon_host::database::Secret;

use super::connection::{kept, typed};
use crate::args::{SecretArguments, SecretCommand};
use crate::exit::Failure;
use crate::output::{print, say};

/// `tenon secret`
pub fn secret(arguments: SecretArguments) -> Result<(), Failure> {
    let secrets = SecretStore::new(&Places::of_process().map_err(kept)?);
    match arguments.command {
        SecretCommand::Set { name } => set(&name, &secrets),
        SecretCommand::List { json } => list(json, &secrets),
        SecretCommand::Remove { name } => {
            secrets.remove(&name).map_err(kept)?;
            say!("removed the secret `{name}`");
            Ok(())
        }
        SecretCommand::Rekey => rekey(&secrets),
    }
}

fn set(name: &str, secrets: &SecretStore) -> Result<(), Failure> {
    let value = if std::io::stdin().is_terminal() {
        Secret::new(typed(name)?)
    } else {
        read_secret(name, std::io::stdin()).map_err(kept)?
    };
    let stored = secrets.set(name, &value).map_err(kept)?;
    let verb = if stored.replaced { "replaced" } else { "stored" };
    say!("{verb} the secret `{name}`");
    if let Some(origin) = &stored.hidden_by {
        say!("another secret of that name, from {origin}, is used instead");
    }
    Ok(())
}

fn list(json: bool, secrets: &SecretStore) -> Result<(), Failure> {
    let all = secrets.list().map_err(kept)?;
    if json {
        let text = serde_json::to_string_pretty(&all).map_err(|error| Failure::failed(error.into()))?;
        return print(&text);
    }
    if all.is_empty() {
        say!("no secret is stored; `tenon secret set NAME` stores one");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["NAME", "FROM", "CHANGED", "INSTEAD OF IT"]);
    for secret in all {
        let changed = secret
            .changed
            .map(|time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M").to_string());
        table.add_row([
            secret.name,
            secret.origin.to_string(),
            changed.unwrap_or_default(),
            secret.hidden_by.map(|origin| origin.to_string()).unwrap_or_default(),
        ]);
    }
    print(&table.trim_fmt())
}

fn rekey(secrets: &SecretStore) -> Result<(), Failure> {
    let key = Key::new_one_of(&Environment::process()).map_err(kept)?;
    let done = secrets.rekey(key).map_err(kept)?;
    say!("{} secrets are encrypted with the new key", done.secrets);
    match &done.key_file {
        Some(file) => say!("it is in {}", file.display()),
        None => say!("put it where the old one is: the store opens with no other"),
    }
    Ok(())
}
