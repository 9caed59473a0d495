//! `tenant` and `token`: who shares a server, and who may what.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use tenon_client::{Call, Page, Tagged, Tenant};

use super::session::{Session, print_json, unless_changed};
use super::table::{Column, described, number, state, text, time};
use crate::args::{CreateToken, IssueToken, RotateToken, SetQuotas, TenantCommand, TokenCommand, TokenPlace};
use crate::exit::Failure;
use crate::format::parse_bytes;
use crate::output::print;

/// Tokens of a tenant, at most.
const MOST_TOKENS: u32 = 1000;
/// Quotas that are lists.
const LISTS: [&str; 2] = ["storage_prefixes", "hosts"];

const TENANTS: &[Column] = &[
    text("NAME", "/name"),
    state("STATE", "/state"),
    number("WEIGHT", "/weight"),
    time("CREATED", "/created"),
    text("TITLE", "/title"),
];
const TOKENS: &[Column] = &[
    text("ID", "/id"),
    text("NAME", "/name"),
    text("SCOPES", "/scopes"),
    time("CREATED", "/created"),
    time("EXPIRES", "/expires"),
    time("LAST USED", "/last_used"),
];

/// `tenant`
pub(super) async fn tenant(session: &Session, command: TenantCommand) -> Result<(), Failure> {
    let of = |name: &str| session.client.tenant(name);
    match command {
        TenantCommand::Create { name, title, weight } => {
            let input = json!({ "title": title, "weight": weight });
            let made = of(&name).put_tenant(&input).if_none().send().await?;
            session.done(&made, format!("made the tenant `{name}`"))
        }
        TenantCommand::List(listed) => session.list(session.client.list_tenants(), listed.limit, TENANTS).await,
        TenantCommand::Show(named) => session.show(&of(&named.name).get_tenant().send().await?),
        TenantCommand::Quotas(arguments) => quotas(session, &of(&arguments.name), &arguments).await,
        TenantCommand::Suspend(named) => {
            let changed = change(&of(&named.name), |tenant| tenant["state"] = json!("suspended")).await?;
            session.done(&changed, format!("the tenant `{}` is suspended", named.name))
        }
        TenantCommand::Activate(named) => {
            let changed = change(&of(&named.name), |tenant| tenant["state"] = json!("active")).await?;
            session.done(&changed, format!("the tenant `{}` is active", named.name))
        }
        TenantCommand::Delete { name, force } => {
            let call = of(&name).delete_tenant();
            let call = if force { call.query("force", true) } else { call };
            call.send().await?;
            session.did(format!("deleted the tenant `{name}`"))
        }
    }
}

async fn quotas(session: &Session, tenant: &Tenant, arguments: &SetQuotas) -> Result<(), Failure> {
    if arguments.set.is_empty() && arguments.unset.is_empty() {
        let found = tenant.get_tenant().send().await?;
        let quotas = &found["quotas"];
        if !session.json && quotas.as_object().is_none_or(Map::is_empty) {
            session.say(format!("the quotas of `{}` are the server's", arguments.name));
            return Ok(());
        }
        return session.show(quotas);
    }
    let mut set = Map::new();
    for (quota, text) in &arguments.set {
        set.insert(quota.clone(), value(quota, text)?);
    }
    let changed = change(tenant, |input| {
        let mut quotas = input["quotas"].as_object().cloned().unwrap_or_default();
        quotas.extend(set.clone());
        for quota in &arguments.unset {
            quotas.remove(quota);
        }
        input["quotas"] = Value::Object(quotas);
    });
    let changed = changed.await?;
    session.done(&changed, format!("changed the quotas of `{}`", arguments.name))
}

/// A quota's value: a number, a size, or a list with commas between.
fn value(quota: &str, text: &str) -> Result<Value, Failure> {
    if LISTS.contains(&quota) && !text.starts_with('[') {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        return Ok(items.collect());
    }
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    match parse_bytes(text) {
        Ok(bytes) if quota.ends_with("_bytes") => Ok(json!(bytes)),
        _ => Err(Failure::usage(format!("`{text}` is no value of the quota `{quota}`"))),
    }
}

/// Changes a tenant as far as it is said, and leaves the rest as it is.
async fn change(tenant: &Tenant, change: impl FnOnce(&mut Value)) -> Result<Value, Failure> {
    let before: Tagged<Value> = tenant.get_tenant().tagged().await?;
    let of = |name: &str| before.value[name].clone();
    let mut input = json!({
        "title": of("title"),
        "state": of("state"),
        "quotas": of("quotas"),
        "weight": of("weight"),
    });
    change(&mut input);
    let put = unless_changed(tenant.put_tenant(&input), Some(&before));
    Ok(put.send().await?)
}

/// `token`
pub(super) async fn token(session: &Session, command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(arguments) => create(session, &arguments).await,
        TokenCommand::List { place, listed } => {
            session
                .list(Tokens::of(session, place)?.list(), listed.limit, TOKENS)
                .await
        }
        TokenCommand::Show { token, place } => {
            let tokens = Tokens::of(session, place)?;
            let id = tokens.id(session, &token).await?;
            session.show(&tokens.get(&id).send().await?)
        }
        TokenCommand::Rotate(arguments) => rotate(session, &arguments).await,
        TokenCommand::Revoke { token, place } => {
            let tokens = Tokens::of(session, place)?;
            let id = tokens.id(session, &token).await?;
            tokens.revoke(&id).send().await?;
            session.did(format!("the token `{token}` is worth nothing any more"))
        }
    }
}

/// The tokens of a tenant, or the operator's.
enum Tokens<'a> {
    Tenant(Tenant),
    Operator(&'a tenon_client::Client),
}

impl<'a> Tokens<'a> {
    fn of(session: &'a Session, place: TokenPlace) -> Result<Self, Failure> {
        if place.operator {
            return Ok(Self::Operator(&session.client));
        }
        let tenant = session.tenant_if_any().ok_or_else(|| {
            Failure::usage("whose tokens? Give --tenant NAME, or --operator for the operator's own".to_owned())
        })?;
        Ok(Self::Tenant(tenant))
    }

    fn list(&self) -> Call<Page<Value>> {
        match self {
            Self::Tenant(tenant) => tenant.list_tokens(),
            Self::Operator(client) => client.list_operator_tokens(),
        }
    }

    fn get(&self, id: &str) -> Call<Value> {
        match self {
            Self::Tenant(tenant) => tenant.get_token(id),
            Self::Operator(client) => client.get_operator_token(id),
        }
    }

    fn create(&self, input: &Value) -> Call<Value> {
        match self {
            Self::Tenant(tenant) => tenant.create_token(input),
            Self::Operator(client) => client.create_operator_token(input),
        }
    }

    fn rotate(&self, id: &str, input: &Value) -> Call<Value> {
        match self {
            Self::Tenant(tenant) => tenant.rotate_token(id, input),
            Self::Operator(client) => client.rotate_operator_token(id, input),
        }
    }

    fn revoke(&self, id: &str) -> Call<()> {
        match self {
            Self::Tenant(tenant) => tenant.revoke_token(id),
            Self::Operator(client) => client.revoke_operator_token(id),
        }
    }

    /// The id of a token that may be given by its name.
    async fn id(&self, session: &Session, token: &str) -> Result<String, Failure> {
        if token.starts_with("tok_") {
            return Ok(token.to_owned());
        }
        let (tokens, _) = session.items(self.list(), MOST_TOKENS).await?;
        let found = tokens.iter().find(|known| known["name"] == token);
        let id = found.and_then(|token| token["id"].as_str()).map(str::to_owned);
        id.ok_or_else(|| {
            Failure::refused(anyhow!(
                "there is no token `{token}`; `token list` shows those that are"
            ))
        })
    }
}

async fn create(session: &Session, arguments: &CreateToken) -> Result<(), Failure> {
    let input = json!({ "name": arguments.name, "scopes": arguments.scope });
    let tokens = Tokens::of(session, arguments.issue.place)?;
    issue(session, &arguments.issue, input, |input| tokens.create(input)).await
}

async fn rotate(session: &Session, arguments: &RotateToken) -> Result<(), Failure> {
    let tokens = Tokens::of(session, arguments.issue.place)?;
    let id = tokens.id(session, &arguments.token).await?;
    let mut input = json!({});
    if let Some(grace) = arguments.grace {
        input["grace_seconds"] = json!(grace.as_secs());
    }
    issue(session, &arguments.issue, input, |input| tokens.rotate(&id, input)).await
}

/// Asks for a token's text, and gives it out.
async fn issue(
    session: &Session,
    issue: &IssueToken,
    mut input: Value,
    ask: impl FnOnce(&Value) -> Call<Value>,
) -> Result<(), Failure> {
    if let Some(after) = issue.expires {
        input["expires"] = json!(from_now(after)?);
    }
    let place = Place::prepared(issue.output.as_deref())?;
    place.issued(session, &ask(&input).send().await?)
}

fn from_now(after: Duration) -> Result<String, Failure> {
    let after = TimeDelta::from_std(after).ok();
    let time = after.and_then(|after| Utc::now().checked_add_signed(after));
    let time = time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
    time.ok_or_else(|| Failure::usage("that is past the end of the calendar".to_owned()))
}

/// Where a token's text goes. The file is there before the token is, so that its text is not lost.
enum Place<'a> {
    Output,
    File(std::fs::File, &'a Path),
}

impl<'a> Place<'a> {
    fn prepared(path: Option<&'a Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Output) };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .with_context(|| format!("cannot make {}", path.display()))
            .map_err(Failure::refused)?;
        Ok(Self::File(file, path))
    }

    fn issued(self, session: &Session, issued: &Value) -> Result<(), Failure> {
        let text = issued["text"].as_str().unwrap_or_default();
        match self {
            Self::Output if session.json => print_json(issued),
            Self::Output => {
                session.say(described(&issued["token"]));
                session.say("the token's text, which is not shown again, is:");
                print(text)
            }
            Self::File(mut file, path) => {
                let written = writeln!(file, "{text}").and_then(|()| file.sync_all());
                written
                    .with_context(|| format!("cannot write {}", path.display()))
                    .map_err(Failure::failed)?;
                session.done(&issued["token"], format!("the token's text is in {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_numbers_sizes_and_lists() {
        assert_eq!(value("concurrent_runs", "4").expect("a value"), json!(4));
        assert_eq!(value("memory_bytes", "2KiB").expect("a value"), json!(2048));
        assert_eq!(value("hosts", "a:1, b:2").expect("a value"), json!(["a:1", "b:2"]));
        assert_eq!(value("hosts", "[\"a:1\"]").expect("a value"), json!(["a:1"]));
        assert_eq!(value("concurrent_runs", "2KiB").expect_err("no size").code, 2);
        assert_eq!(value("concurrent_runs", "many").expect_err("no number").code, 2);
    }
}
