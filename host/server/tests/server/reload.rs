//! The configuration changes while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tenon_server::{ServerConfig, Source, Surroundings};

use crate::support::{COPY, PATIENCE, Running, first_key};

/// A server whose configuration is a file.
struct Configured {
    server: Running,
    file: PathBuf,
    /// What was to be logged, each time it was said.
    logged: Arc<Mutex<Vec<Option<String>>>>,
    _place: tempfile::TempDir,
}

impl Configured {
    async fn start(text: &str) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        let (data, file) = (place.path().join("data"), place.path().join("server.toml"));
        std::fs::write(&file, text).expect("written");
        let load = {
            let (file, data) = (file.clone(), data.clone());
            move || loaded(&file, &data)
        };
        let logged: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let heard = Arc::clone(&logged);
        let surroundings = Surroundings {
            source: Some(Source {
                file: file.clone(),
                load: Arc::new(load),
            }),
            logging: Some(Arc::new(move |wanted: Option<&str>| {
                let (heard, wanted) = (Arc::clone(&heard), wanted.map(str::to_owned));
                if wanted.as_deref() == Some("nonsense") {
                    return Err("`nonsense` is not understood".to_owned());
                }
                let into_force: Box<dyn FnOnce() + Send> = Box::new(move || heard.lock().push(wanted));
                Ok(into_force)
            })),
            ..Surroundings::default()
        };
        let config = loaded(&file, &data).expect("right");
        Self {
            server: Running::surrounded(&data, None, config, surroundings).await,
            file,
            logged,
            _place: place,
        }
    }

    /// Writes the file without the server reading it before it is asked to.
    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).expect("written");
    }

    /// Has the operator ask for it.
    async fn reload(&self) -> (StatusCode, Value) {
        let answer = self.server.ask(Method::POST, "/v1/server/reload", None).await;
        (answer.status, answer.body)
    }

    /// The latest entry of the audit log that is about this.
    async fn audited(&self) -> Value {
        let found = self.server.get("/v1/audit").await;
        let entries = found["items"].as_array().expect("a list");
        let entry = entries.iter().find(|entry| entry["action"] == "server.reload");
        entry.cloned().unwrap_or_default()
    }

    /// Waits until something in force is so.
    async fn wait_until(&self, is_so: impl Fn(&ServerConfig) -> bool) {
        let waiting = async {
            while !is_so(&self.server.config()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("it comes into force");
    }
}

fn loaded(file: &Path, data: &Path) -> Result<ServerConfig, tenon_server::Error> {
    Ok(ServerConfig {
        data: data.to_owned(),
        name: Some("test".to_owned()),
        ..ServerConfig::load(file)?
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_change_changes_and_what_cannot_is_named() {
    let configured = Configured::start("[retention]\nlogs = \"30d\"\n").await;
    configured.write(
        "listen = \"127.0.0.1:9999\"\nlog = \"info\"\n[runs]\nconcurrent = 3\nmemory = \"64MiB\"\n\
         [retention]\nlogs = \"1d\"\n[sandboxes.pool]\nfloor = 7\n",
    );
    let (status, reloaded) = configured.reload().await;
    // The file's change may have been noticed before.
    assert_eq!(status, StatusCode::OK, "{reloaded}");
    configured.wait_until(|config| config.runs.concurrent == 3).await;
    let config = configured.server.config();
    assert_eq!(config.retention.logs.0, Duration::from_secs(24 * 3600));
    assert_eq!(config.runs.memory.0, 64 << 20);
    assert_eq!((config.listen.port(), config.sandboxes.pool.floor), (7433, 1));
    assert_eq!(configured.logged.lock().last(), Some(&Some("info".to_owned())));

    let (_, again) = configured.reload().await;
    let refused = json!([
        "`listen` needs a restart; still at 127.0.0.1:7433",
        "`sandboxes.pool.floor` needs a restart; still at 1",
    ]);
    assert_eq!(again, json!({ "changed": [], "refused": refused }));
    let entry = configured.audited().await;
    let concurrent = &entry["details"]["settings"]["runs.concurrent"];
    assert_eq!(concurrent["after"], 3, "{entry}");
    assert_eq!(entry["details"]["refused"], refused);
    configured.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_read_by_itself() {
    let configured = Configured::start("").await;
    // As editors do it.
    let other = configured.file.with_extension("new");
    std::fs::write(&other, "[runs]\nconcurrent = 5\n").expect("written");
    std::fs::rename(&other, &configured.file).expect("put in its place");
    configured.wait_until(|config| config.runs.concurrent == 5).await;
    let entry = configured.audited().await;
    assert_eq!(entry["principal"], "server (the file changed)", "{entry}");
    let events = configured.server.server_events().await;
    let event = events.iter().find(|event| event["kind"] == "server.reloaded");
    assert_eq!(event.expect("an event")["data"]["changed"], json!(["runs.concurrent"]));
    configured.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_leaves_everything_as_it_was() {
    let configured = Configured::start("[runs]\nconcurrent = 2\n").await;
    let cases = [
        (
            "[runs]\nconcurrent = 4\nlease = \"1s\"\n",
            "server.toml:3:9: runs.lease is below 3s",
        ),
        (
            "[runs]\nconcurrent = 4\nconcurent = 4\n",
            "server.toml:3:1: unknown field `concurent`",
        ),
        ("[runs]\nconcurrent = 4\n[quotas]\nhosts = [\"a b\"]\n", "a b"),
        (
            "log = \"nonsense\"\n[runs]\nconcurrent = 4\n",
            "`nonsense` is not understood",
        ),
        (
            "[runs]\nconcurrent = 4\n[network]\nallow_networks = [\"10.0.0.0/99\"]\n",
            "10.0.0.0/99",
        ),
        (
            "[runs]\nconcurrent = 4\n[smtp]\nserver = \"m\"\nport = 25\nfrom = \"a@b.example\"\npassword_variable = \"TENON_NONE\"\n",
            "TENON_NONE",
        ),
        (
            "[runs]\nconcurrent = 4\n[telemetry]\nendpoint = \"ftp://c\"\n",
            "telemetry.endpoint",
        ),
    ];
    for (text, named) in cases {
        configured.write(text);
        let (status, problem) = configured.reload().await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}: {problem}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(named), "{detail}");
        assert_eq!(configured.server.config().runs.concurrent, 2, "{text}");
    }
    assert_eq!(configured.audited().await, Value::Null);
    let events = configured.server.server_events().await;
    let told = events.iter().filter(|event| event["kind"] == "server.reload_refused");
    assert!(told.count() >= cases.len(), "{events:?}");
    assert_eq!(*configured.logged.lock(), [None]);
    configured.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_and_limits_of_requests_are_in_force_at_once() {
    let configured = Configured::start("").await;
    let server = &configured.server;
    server.tenant("shop", "id\n1\n").await;
    server.job("shop", "copy", COPY, json!({})).await;
    configured.write("[quotas]\nqueued_runs = 0\njobs = 1\n[api]\nbody = \"1KiB\"\n");
    let (status, answer) = configured.reload().await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    configured.wait_until(|config| config.quotas.jobs == 1).await;
    assert_eq!(server.quotas("shop").await.jobs, 1);
    let large = json!({ "definition": "#".repeat(2000) });
    let large = server.ask(Method::PUT, "/v1/tenants/shop/jobs/copy", Some(large)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", large.body);
    configured.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_under_way_go_on_and_more_or_fewer_begin() {
    let configured = Configured::start("[runs]\nconcurrent = 1\nlease = \"3s\"\n").await;
    let server = &configured.server;
    server.tenant("shop", "id\n1\n").await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    let mut runs = Vec::new();
    for (number, text) in [
        "[runs]\nconcurrent = 8\nlease = \"5s\"\n",
        "[runs]\nconcurrent = 1\nlease = \"3s\"\n",
    ]
    .into_iter()
    .cycle()
    .take(6)
    .enumerate()
    {
        for _ in 0..4 {
            runs.push(server.start_run("shop", "copy", json!({})).await);
        }
        configured.write(text);
        let (status, answer) = configured.reload().await;
        assert_eq!(status, StatusCode::OK, "{number}: {answer}");
    }
    for run in runs {
        let run = server.wait_for("shop", &run, &["SUCCEEDED", "FAILED", "ERROR"]).await;
        assert_eq!(
            (&run["state"], &run["attempt"]),
            (&json!("SUCCEEDED"), &json!(1)),
            "{run}"
        );
    }
    configured.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_folder_is_watched() {
    let configured = Configured::start("").await;
    let server = &configured.server;
    server.tenant("shop", "id\n1\n").await;
    let watched = configured.file.with_file_name("watched");
    std::fs::create_dir_all(watched.join("shop")).expect("made");
    std::fs::write(watched.join("shop/clean.js"), "export default rows => rows").expect("written");
    configured.write("[plugins]\nwatch = \"watched\"\n");
    let (status, answer) = configured.reload().await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    server.wait_for_event("shop", "plugin.ready").await;
    configured.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_reloads_and_only_what_there_is() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    let answer = server.ask(Method::POST, "/v1/server/reload", None).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    server.tenant("shop", "id\n1\n").await;
    let token = json!({ "name": "all", "scopes": ["admin"] });
    let token = server.post("/v1/tenants/shop/tokens", token).await;
    let token = token["text"].as_str().expect("a token").to_owned();
    let answer = server.ask_as(&token, Method::POST, "/v1/server/reload").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_move_to_a_key_that_is_put_before_theirs() {
    let configured = Configured::start("").await;
    let server = &configured.server;
    server.put("/v1/tenants/shop", json!({})).await;
    let path = "/v1/tenants/shop/secrets/door";
    let old = server.put(path, json!({ "value": "open sesame" })).await;
    let keys = first_key(&server.folder);
    let (status, reloaded) = configured.reload().await;
    assert_eq!((status, &reloaded["changed"]), (StatusCode::OK, &json!(["key"])));
    let moved = server.wait_for_key(path, &old["key_id"]).await;
    // What is put now is under the same one.
    let other = server
        .put("/v1/tenants/shop/secrets/safe", json!({ "value": "open barley" }))
        .await;
    assert_eq!(other["key_id"], moved["key_id"]);

    let audit = server.get("/v1/audit").await;
    let entries = audit["items"].as_array().expect("a list");
    let of = |action: &str| entries.iter().find(|entry| entry["action"] == action);
    let rekeyed = of("secret.rekey").expect("it is in the log");
    assert_eq!(
        rekeyed["details"],
        json!({ "key_id": moved["key_id"], "changed": 1, "failed": 0 })
    );
    let reloaded = of("server.reload").expect("it is in the log");
    assert_eq!(
        reloaded["details"]["keys"],
        json!({ "before": [old["key_id"]], "after": [moved["key_id"], old["key_id"]] })
    );
    for hidden in keys.iter().map(String::as_str).chain(["sesame"]) {
        assert!(!audit.to_string().contains(hidden), "{audit}");
    }

    // What is no key is refused, and so is a file that is gone: the keys stay.
    let file = server.folder.join("key");
    std::fs::write(&file, "hunter2\n").expect("written");
    let (status, refused) = configured.reload().await;
    assert!(
        !status.is_success() && !refused.to_string().contains("hunter2"),
        "{refused}"
    );
    std::fs::remove_file(&file).expect("removed");
    assert!(!configured.reload().await.0.is_success());
    assert!(!file.exists(), "no other key is made");
    let again = server.put(path, json!({ "value": "open sesame" })).await;
    assert_eq!(again["key_id"], moved["key_id"]);
    configured.server.stop().await;
}
