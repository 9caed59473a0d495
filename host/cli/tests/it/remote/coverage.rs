//! Every operation of the API's document is reached by a command. A new one fails this test until it is in the client
//! and here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::place::Place;

use super::Asked;

/// Operations, and the commands that ask for them.
const COMMANDS: &[(&str, &str)] = &[
    ("activate_trigger", "trigger enable x"),
    ("clear_state", "job clear-state x"),
    ("create_operator_token", "token create x --scope server --operator"),
    ("create_token", "token create x --scope read"),
    ("deactivate_trigger", "trigger disable x"),
    ("delete_alias", "plugin unalias x stable"),
    ("delete_connection", "connection delete x"),
    ("delete_job", "job delete x"),
    ("delete_property", "workflow property delete x y"),
    ("delete_secret", "secret delete x"),
    ("delete_target", "target delete x"),
    ("delete_tenant", "tenant delete x --force"),
    ("delete_trigger", "trigger delete x"),
    ("delete_workflow", "workflow delete x"),
    ("draw_workflow", "workflow picture x"),
    ("draw_workflow_run", "workflow picture --run x"),
    ("follow_events", "event follow"),
    ("follow_run", "run watch x"),
    ("get_all_usage", "usage --tenant="),
    ("get_connection", "connection show x"),
    ("get_job", "job show x"),
    ("get_operator_token", "token show tok_x --operator"),
    ("get_plugin", "plugin show x"),
    ("get_plugin_version", "plugin version x 1"),
    ("get_prices", "prices show"),
    ("get_run", "run show x"),
    ("get_secret", "secret show x"),
    ("get_server", "server show"),
    ("get_target", "target show x"),
    ("get_tenant", "tenant show x"),
    ("get_token", "token show tok_x"),
    ("get_trigger", "trigger show x"),
    ("get_usage", "usage"),
    ("get_workflow", "workflow show x"),
    ("get_workflow_run", "workflow run x"),
    ("list_aliases", "plugin aliases x"),
    ("list_all_audit", "audit list --tenant="),
    ("list_attempts", "run attempts x"),
    ("list_audit", "audit list"),
    ("list_bookmark_history", "job bookmark history x y"),
    ("list_bookmarks", "job bookmark show x"),
    ("list_connections", "connection list"),
    ("list_deliveries", "target deliveries x"),
    ("list_delivery_attempts", "target attempts x 1"),
    ("list_events", "event list"),
    ("list_firings", "trigger firings x"),
    ("list_job_versions", "job versions x"),
    ("list_jobs", "job list"),
    ("list_log_lines", "run logs x"),
    ("list_operator_tokens", "token list --operator"),
    ("list_plugin_history", "plugin history x"),
    ("list_plugin_versions", "plugin versions x"),
    ("list_plugins", "plugin list"),
    ("list_properties", "workflow property list x"),
    ("list_runs", "run list"),
    ("list_secrets", "secret list"),
    ("list_targets", "target list"),
    ("list_tenants", "tenant list"),
    ("list_tokens", "token list"),
    ("list_triggers", "trigger list"),
    ("list_workflow_runs", "workflow runs x"),
    ("list_workflow_versions", "workflow versions x"),
    ("list_workflows", "workflow list"),
    ("put_alias", "plugin promote x 1"),
    ("put_connection", "connection put x postgres://h/d"),
    ("put_job", "job put x.toml"),
    ("put_prices", "prices put x.toml"),
    ("put_property", "workflow property set x y z"),
    ("put_secret", "secret put x --file x.toml"),
    ("put_target", "target put x --email a@example.com"),
    ("put_tenant", "tenant create x"),
    ("put_trigger", "trigger put x --on-demand --job x"),
    ("put_workflow", "workflow put x.toml"),
    ("receive_webhook", "trigger call x"),
    ("redeliver", "target redeliver x 1"),
    ("redeliver_dead", "target redeliver x"),
    ("reload_server", "server reload"),
    ("rerun_run", "run rerun x"),
    ("reset_bookmarks", "job bookmark reset x"),
    ("restart_workflow_run", "workflow restart x"),
    ("resume_run", "run resume x"),
    ("resume_workflow_run", "workflow resume x"),
    ("retire_plugin_version", "plugin delete x 1"),
    ("revoke_operator_token", "token revoke tok_x --operator"),
    ("revoke_token", "token revoke tok_x"),
    ("rewind_bookmarks", "job bookmark rewind x y"),
    ("rollback_alias", "plugin rollback x"),
    ("rotate_operator_token", "token rotate tok_x --operator"),
    ("rotate_token", "token rotate tok_x"),
    ("start_run", "job start x"),
    ("start_trigger", "trigger fire x"),
    ("start_workflow", "workflow start x"),
    ("stop_run", "run stop x"),
    ("stop_workflow_run", "workflow stop x"),
    ("test_connection", "connection test x"),
    ("upload_plugin", "plugin push x.wasm"),
    ("verify_audit", "audit verify"),
];

#[test]
fn every_operation_has_a_method_and_a_command() {
    let asked = Asked::new();
    let document = asked.tenon(&["server", "document"]).succeeded().json();
    let mut described: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if let Some(id) = operation["operationId"].as_str() {
                described.insert(id.to_owned(), (method.to_ascii_uppercase(), path.clone()));
            }
        }
    }
    let known: BTreeMap<String, (String, String)> = tenon_client::operations()
        .map(|operation| {
            (
                operation.id.to_owned(),
                (operation.method.to_owned(), operation.path.to_owned()),
            )
        })
        .collect();
    for (id, operation) in &described {
        assert_eq!(
            known.get(id),
            Some(operation),
            "the client's {id} is not the document's"
        );
    }
    for id in known.keys() {
        assert!(described.contains_key(id), "the document has no {id}");
    }

    let commands: BTreeMap<&str, &str> = COMMANDS.iter().copied().collect();
    let without: BTreeSet<&String> = described
        .keys()
        .filter(|id| !commands.contains_key(id.as_str()))
        .collect();
    assert!(without.is_empty(), "no command asks for {without:?}");
    let recorder = Recorder::start();
    for (id, command) in commands {
        let (method, path) = described
            .get(id)
            .unwrap_or_else(|| panic!("there is no operation {id}"));
        let seen = recorder.asked_by(command);
        let is_there = seen.iter().any(|request| {
            let (asked, at) = request.split_once(' ').expect("a method and a path");
            asked == method && fits(path, at)
        });
        assert!(is_there, "`{command}` asks for {seen:?}, and not for {method} {path}");
    }
}

/// Whether a path is one that an operation's has names in the place of.
fn fits(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(name, part)| name.starts_with('{') || name == part)
}

/// A server that answers whatever it is asked with the same, and remembers what that was.
struct Recorder {
    place: Place,
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&seen);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One that is cut off was not asked.
                let _ = answered(stream, &noted);
            }
        });
        let place = Place::new();
        fs::write(place.path("x.toml"), "name = \"x\"\n").expect("written");
        fs::write(place.path("x.wasm"), "x").expect("written");
        Self { place, url, seen }
    }

    /// What a command asks for. How it ends does not matter: the answers are not what it expects.
    fn asked_by(&self, command: &str) -> Vec<String> {
        let mut arguments = vec!["--server", self.url.as_str(), "--json"];
        arguments.extend(command.split(' '));
        let mut command = self.place.command(&arguments);
        let output = command
            .env("TENON_TOKEN", "tnn_test")
            .env("TENON_TENANT", "shop")
            .output();
        let output = output.expect("started");
        assert_ne!(
            output.status.code(),
            Some(2),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        std::mem::take(&mut *self.seen.lock().expect("nobody fails in between"))
    }
}

/// Reads a request, notes its method and path, and answers it.
fn answered(stream: TcpStream, noted: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer =
        json!({ "id": "x", "job": "x", "state": "SUCCEEDED", "items": [], "ok": true, "version": 1 }).to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:";
    let mut words = first.split(' ');
    let request = format!("{} {}", words.next()?, words.next()?);
    noted.lock().expect("nobody fails in between").push(request);
    write!(reader.get_mut(), "{head} {}\r\n\r\n{answer}", answer.len()).ok()
}
