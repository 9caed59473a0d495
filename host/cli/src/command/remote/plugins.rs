//! `plugin`: plugins, their versions, and which of these are used.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tenon_client::Tenant;

use super::input;
use super::session::{Session, print_json};
use super::table::{Column, listed, made, number, size, state, text, time};
use crate::args::{CanaryPlugin, PluginCommand, PushPlugin};
use crate::exit::Failure;
use crate::output::print;

const PLUGINS: &[Column] = &[text("NAME", "")];
const VERSIONS: &[Column] = &[
    number("VERSION", "/version"),
    text("LABEL", "/label"),
    state("STATE", "/state"),
    size("SIZE", "/size"),
    time("UPLOADED", "/uploaded_at"),
    text("BY", "/uploaded_by"),
    made("DIGEST", |version| short(&version["digest"])),
    text("REASON", "/reason"),
];
const ALIASES: &[Column] = &[
    text("ALIAS", "/alias"),
    number("VERSION", "/version"),
    made("CANARY", canary_of),
    time("CHANGED", "/changed_at"),
];
const MOVES: &[Column] = &[
    time("TIME", "/at"),
    text("ALIAS", "/alias"),
    text("WHAT", "/kind"),
    number("FROM", "/from"),
    number("TO", "/to"),
    text("BY", "/by"),
    text("REASON", "/reason"),
];

/// `plugin`
pub(super) async fn plugin(session: &Session, command: PluginCommand) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    match command {
        PluginCommand::Push(arguments) => push(session, &tenant, &arguments).await,
        PluginCommand::List(listed) => session.list(tenant.list_plugins(), listed.limit, PLUGINS).await,
        PluginCommand::Show(named) => show(session, &tenant, &named.name).await,
        PluginCommand::Versions(of) => {
            let call = tenant.list_plugin_versions(&of.name);
            session.list(call, of.listed.limit, VERSIONS).await
        }
        PluginCommand::Version { name, version } => {
            session.show(&tenant.get_plugin_version(&name, version).send().await?)
        }
        PluginCommand::Aliases(named) => session.rows(&tenant.list_aliases(&named.name).send().await?, ALIASES),
        PluginCommand::History(of) => {
            session
                .list(tenant.list_plugin_history(&of.name), of.listed.limit, MOVES)
                .await
        }
        PluginCommand::Promote {
            name,
            version,
            alias,
            reason,
        } => {
            let input = json!({ "version": version, "reason": reason });
            let changed = tenant.put_alias(&name, &alias, &input).send().await?;
            session.done(&changed, format!("`{name}@{alias}` is version {version} from now on"))
        }
        PluginCommand::Canary(arguments) => canary(session, &tenant, &arguments).await,
        PluginCommand::Rollback { name, alias, reason } => {
            let call = tenant.rollback_alias(&name, &alias, &json!({ "reason": reason }));
            let changed = call.send().await?;
            let version = &changed["version"];
            session.done(&changed, format!("`{name}@{alias}` is version {version} again"))
        }
        PluginCommand::Unalias { name, alias } => {
            tenant.delete_alias(&name, &alias).send().await?;
            session.did(format!("deleted the alias `{name}@{alias}`"))
        }
        PluginCommand::Delete { name, version } => {
            tenant.retire_plugin_version(&name, version).send().await?;
            session.did(format!("version {version} of `{name}` is retired"))
        }
    }
}

async fn push(session: &Session, tenant: &Tenant, arguments: &PushPlugin) -> Result<(), Failure> {
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => named_after(&arguments.file)?,
    };
    let file = component(&arguments.file, session.quiet).await?;
    let mut call = tenant
        .upload_plugin(&name)
        .file(&file)
        .query_if("alias", arguments.alias.as_ref())
        .query_if("label", arguments.label.as_ref());
    if let Some(digest) = &arguments.digest {
        call = call.header("x-tenon-digest", digest);
    }
    let pushed = call.tagged().await?;
    let version = &pushed.value["version"];
    let what = if pushed.created { "is new" } else { "was there already" };
    session.done(&pushed.value, format!("version {version} of `{name}` {what}"))
}

/// The file that is sent: a project is built first, a script is sent as it is.
async fn component(file: &Path, quiet: bool) -> Result<PathBuf, Failure> {
    if file.is_dir() {
        return crate::plugin::component(file, quiet).await;
    }
    Ok(file.to_owned())
}

/// `clean.wasm` and the folder `clean` are `clean`; a script keeps its ending, by which the server knows it.
fn named_after(file: &Path) -> Result<String, Failure> {
    if file.extension().is_some_and(|ending| ending == "wasm") {
        return input::name(None, file);
    }
    // The folder `.` has a name too.
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let name = whole.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    input::name(name.as_deref(), file)
}

async fn show(session: &Session, tenant: &Tenant, name: &str) -> Result<(), Failure> {
    let plugin = tenant.get_plugin(name).send().await?;
    if session.json {
        return print_json(&plugin);
    }
    match plugin["aliases"].as_array() {
        Some(aliases) if !aliases.is_empty() => print(&listed(aliases, ALIASES)),
        _ => {
            session.say(format!("no alias points to a version of `{name}`"));
            Ok(())
        }
    }
}

async fn canary(session: &Session, tenant: &Tenant, arguments: &CanaryPlugin) -> Result<(), Failure> {
    let (name, version, alias) = (&arguments.name, arguments.version, &arguments.alias);
    let mut rules = json!({});
    if let Some(runs) = arguments.promote_after_runs {
        rules["promote_after_runs"] = json!(runs);
    }
    if let Some(seconds) = arguments.promote_after_seconds {
        rules["promote_after_seconds"] = json!(seconds);
    }
    let input = json!({
        "version": version,
        "canary_percent": arguments.percent,
        "rules": rules,
        "reason": arguments.reason,
    });
    let changed = tenant.put_alias(name, alias, &input).send().await?;
    let percent = arguments.percent;
    session.done(
        &changed,
        format!("{percent} % of the runs of `{name}@{alias}` try version {version}"),
    )
}

fn short(digest: &Value) -> String {
    let digest = digest.as_str().unwrap_or_default();
    digest.trim_start_matches("sha256:").chars().take(12).collect()
}

fn canary_of(alias: &Value) -> String {
    let canary = &alias["canary"];
    if canary.is_null() {
        return String::new();
    }
    let of = |name: &str| canary["new"][name].as_u64().unwrap_or_default();
    let (succeeded, failed) = (of("succeeded"), of("failed"));
    format!(
        "{} % try version {}: {succeeded} succeeded, {failed} failed",
        canary["share"], canary["version"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_called_as_their_files_are() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("clean")).expect("made");
        for (file, name) in [("x/clean.wasm", "clean"), ("x/clean.py", "clean.py")] {
            assert_eq!(named_after(Path::new(file)).expect("a name"), name);
        }
        assert_eq!(named_after(&folder.path().join("clean/.")).expect("a name"), "clean");
    }
}
