//! A server, who asks it, and how answers are shown.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use tenon_client::{Call, Client, Page, StreamExt, Tagged, Tenant, Token, TryStreamExt};

use super::table::{Column, described, listed};
use crate::args::RemoteOptions;
use crate::exit::Failure;
use crate::output::{print, say};

/// Where the token is, where no file is named.
const TOKEN: &str = "TENON_TOKEN";
/// Things that are asked for at once, at most.
const PAGE: usize = 500;

/// A server, who asks it, and how answers are shown.
pub(super) struct Session {
    pub client: Client,
    pub json: bool,
    pub quiet: bool,
    tenant: Option<String>,
    /// What stands before a command in hints.
    pub command: String,
}

impl Session {
    pub fn open(options: &RemoteOptions) -> Result<Self, Failure> {
        let mut builder = Client::builder(&options.server)
            .insecure_http(options.insecure_http)
            .timeout(options.answer_timeout)
            .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token(options.token_file.as_deref())? {
            builder = builder.token(token);
        }
        if let Some(file) = &options.ca_file {
            builder = builder.authorities(file);
        }
        let client = builder.build()?;
        let tenant = options.tenant.clone().filter(|tenant| !tenant.is_empty());
        let of_tenant = tenant.as_ref().map(|tenant| format!(" --tenant {tenant}"));
        Ok(Self {
            command: format!("tenon --server {}{}", client.server(), of_tenant.unwrap_or_default()),
            client,
            json: options.json,
            quiet: options.quiet,
            tenant,
        })
    }

    /// The tenant whose things are meant.
    pub fn tenant(&self) -> Result<Tenant, Failure> {
        let tenant = self.tenant_if_any();
        tenant.ok_or_else(|| Failure::usage("which tenant? Give --tenant NAME, or set TENON_TENANT".to_owned()))
    }

    pub fn tenant_if_any(&self) -> Option<Tenant> {
        self.tenant.as_ref().map(|tenant| self.client.tenant(tenant))
    }

    /// Says to a person what was done; to a program what the server answered.
    pub fn done(&self, answer: &Value, said: impl AsRef<str>) -> Result<(), Failure> {
        if self.json {
            return print_json(answer);
        }
        self.say(said);
        Ok(())
    }

    /// The same of what has no answer.
    pub fn did(&self, said: impl AsRef<str>) -> Result<(), Failure> {
        self.done(&Value::Null, said)
    }

    /// Something that is no answer.
    pub fn say(&self, said: impl AsRef<str>) {
        if !self.quiet {
            say!("{}", said.as_ref());
        }
    }

    /// Shows one thing, field by field.
    pub fn show(&self, answer: &Value) -> Result<(), Failure> {
        if self.json {
            print_json(answer)
        } else {
            print(&described(answer))
        }
    }

    /// Shows a list page by page, up to so many things.
    pub async fn list<T>(&self, call: Call<Page<T>>, limit: u32, columns: &[Column]) -> Result<(), Failure> {
        let (items, has_more) = self.items(call.items_as(), limit).await?;
        self.rows(&items, columns)?;
        if has_more {
            self.say(format!("there are more than these {limit}; --limit shows more"));
        }
        Ok(())
    }

    /// The first so many things of a list, and whether there are more.
    pub async fn items(&self, call: Call<Page<Value>>, limit: u32) -> Result<(Vec<Value>, bool), Failure> {
        let limit = limit as usize;
        // One more than is shown tells whether there are more.
        let items = call.limit(limit.saturating_add(1).min(PAGE)).items();
        let mut items: Vec<Value> = items.take(limit.saturating_add(1)).try_collect().await?;
        let has_more = items.len() > limit;
        items.truncate(limit);
        Ok((items, has_more))
    }

    /// Shows things that are all there is.
    pub fn rows(&self, items: &[Value], columns: &[Column]) -> Result<(), Failure> {
        if self.json {
            return print_json(&Value::Array(items.to_vec()));
        }
        if items.is_empty() {
            self.say("there is none");
            return Ok(());
        }
        print(&listed(items, columns))
    }
}

/// Prints what a server answers as JSON.
pub(super) fn print_json(answer: &Value) -> Result<(), Failure> {
    print(&format!("{answer:#}"))
}

/// What a call answers, unless the thing is not there.
pub(super) async fn found(call: Call<Value>) -> Result<Option<Tagged<Value>>, Failure> {
    match call.tagged().await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The call, to be done only if the thing is as it was found, or not there.
pub(super) fn unless_changed<T>(call: Call<T>, found: Option<&Tagged<Value>>) -> Call<T> {
    match found {
        None => call.if_none(),
        Some(found) => match &found.etag {
            Some(etag) => call.if_match(etag),
            None => call,
        },
    }
}

fn token(file: Option<&Path>) -> Result<Option<Token>, Failure> {
    if let Some(file) = file {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read the token in {}", file.display()))
            .map_err(Failure::refused)?;
        return Ok(Some(Token::new(text)?));
    }
    match std::env::var(TOKEN) {
        Ok(text) if !text.is_empty() => Ok(Some(Token::new(text)?)),
        Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{TOKEN} is not text"))),
    }
}
