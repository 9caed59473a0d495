//! Requests made from the document by schemathesis: none breaks the server, and all answers are as the document says.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tenon_servers::{SCHEMATHESIS, or_skip};
use tenon_toolchain::Tools;

use crate::support::{COPY, Running, component};

const SECONDS: &str = "TENON_FUZZ_SECONDS";

/// How many requests are made up for each operation, and how: where [`SECONDS`] says for how long, each field is
/// tried first with all that it may be and may not be, which alone takes minutes, and then whatever comes to mind.
fn effort() -> Vec<String> {
    let arguments = match std::env::var(SECONDS) {
        Ok(seconds) => format!("--phases coverage,fuzzing --max-examples 1 --max-time {seconds}"),
        Err(_) => "--phases fuzzing --max-examples 15".to_owned(),
    };
    arguments.split(' ').map(str::to_owned).collect()
}

/// Answers come for as long as somebody listens: their requests end when the patience does, and have a process of their own.
const STREAMS: [&str; 2] = ["follow_events", "follow_run"];

/// The body is bytes that are no JSON, which cannot be made up; uploads have tests of their own.
const UPLOAD: &str = "upload_plugin";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance";

/// A tenant with one of each sort of thing; the configuration that has requests name them.
async fn furnished(server: &Running) -> String {
    server
        .tenant("shop", json!({ "hosts": ["db.example.com"] }), "id\n1\n")
        .await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    let put = async |path: &str, body: Value| server.done("PUT", &format!("/v1/tenants/shop/{path}"), body).await;
    put("secrets/key", json!({ "value": "a long secret of ours" })).await;
    let connection = json!({ "driver": "postgres", "url": "postgres://db.example.com/d" });
    put("connections/lake", connection).await;
    let trigger = json!({ "when": "on_demand", "actions": [{ "job": "copy" }] });
    put("triggers/nightly", trigger).await;
    put(
        "workflows/all",
        json!({ "name": "all", "nodes": { "a": { "job": "copy" } } }),
    )
    .await;
    let target = json!({ "destination": { "type": "email", "to": ["a@example.org"] } });
    put("targets/mail", target).await;
    let path = "/v1/tenants/shop/plugins/clean/versions?alias=stable";
    let upload = crate::support::request(
        "POST",
        path,
        &server.token,
        "application/wasm",
        component("flights").into(),
    );
    assert_eq!(server.send(upload).await.status, 201);
    let run = server.run("shop", "copy").await["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    format!(
        "[parameters]\n\"path.tenant\" = \"shop\"\n\"path.job\" = \"copy\"\n\"path.run\" = \"{run}\"\n\
         \"path.secret\" = \"key\"\n\"path.connection\" = \"lake\"\n\"path.trigger\" = \"nightly\"\n\
         \"path.workflow\" = \"all\"\n\"path.target\" = \"mail\"\n\"path.plugin\" = \"clean\"\n\
         \"path.alias\" = \"stable\"\n\"path.version\" = 1\n\"path.number\" = 1\n"
    )
}

/// A part of the operations.
struct Part<'a> {
    name: &'a str,
    /// The configuration: what the parameters of paths are.
    config: &'a str,
    /// Which operations they are.
    chosen: Vec<&'a str>,
    /// How long an answer is waited for, in seconds.
    patience: &'a str,
}

/// Makes requests up for a part of the operations; answers with those that were called, as `GET /v1/server`.
async fn schemathesis(server: &Running, programs: &Path, part: &Part<'_>) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("schemathesis.toml"), part.config).expect("written");
    let report = folder.path().join("report.ndjson");
    let mut command = Command::new(programs.join("schemathesis"));
    command
        .current_dir(folder.path())
        .arg("run")
        .arg(format!("http://{}/openapi.json", server.address))
        .args(["--header", &format!("Authorization: Bearer {}", server.token)])
        .args(["--checks", CHECKS])
        .args(effort())
        // Of two threads in Python 3.11, one fails now and then as it makes a request up.
        .args(["--seed", "7", "--workers", "1"])
        .args([
            "--generation-database",
            "none",
            "--no-shrink",
            "--no-color",
            "--warnings",
            "off",
        ])
        .args(["--suppress-health-check", "all", "--request-timeout", part.patience])
        .args(["--report", "ndjson", "--report-ndjson-path"])
        .arg(&report)
        .args(&part.chosen);
    let ran = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("it ends")
        .expect("started");
    let said = String::from_utf8_lossy(&ran.stdout);
    let summary = said.split("= SUMMARY =").last().unwrap_or_default();
    println!("{}: {summary}", part.name);
    assert!(
        ran.status.success(),
        "{}: {said}\n{}",
        part.name,
        String::from_utf8_lossy(&ran.stderr)
    );
    called(&std::fs::read_to_string(&report).expect("a report"))
}

/// The operations that have answered at least one request, out of a report: one event a line.
fn called(report: &str) -> BTreeSet<String> {
    let events = report
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let answered = events.filter_map(|event| {
        let recorder = event.pointer("/ScenarioFinished/recorder")?;
        let interactions = recorder.get("interactions")?.as_object()?;
        let has_answer = interactions.values().any(|made| !made["response"].is_null());
        has_answer.then(|| recorder["label"].as_str().expect("an operation").to_owned())
    });
    answered.collect()
}

/// All operations of the document, as [`called`] has them.
async fn operations(server: &Running) -> BTreeSet<String> {
    let document = server.ask("GET", "/openapi.json", "", &Value::Null).await;
    let paths = document.json["paths"].as_object().expect("paths");
    let of_path = |(path, methods): (&String, &Value)| -> Vec<String> {
        let methods = methods.as_object().expect("methods").iter();
        let tried = methods.filter(|(_, operation)| operation["operationId"] != UPLOAD);
        tried
            .map(|(method, _)| format!("{} {path}", method.to_uppercase()))
            .collect()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_made_from_the_document_break_nothing() {
    let programs = Tools::from_env(|line| eprintln!("    {line}"))
        .and_then(|mut tools| tools.python_packages(&[SCHEMATHESIS]))
        .map_err(Into::into);
    let Some(programs) = or_skip("server: requests made from the document", programs) else {
        return;
    };
    let server = Running::start().await;
    let config = furnished(&server).await;
    let [first, second] = STREAMS;
    // First on what is there, which is not removed, and then on whatever there is, also to remove it.
    let parts = [
        Part {
            name: "what is kept",
            config: &config,
            chosen: [
                ["--exclude-method", "DELETE"],
                ["--exclude-operation-id", "put_tenant"],
                ["--exclude-operation-id", UPLOAD],
                ["--exclude-operation-id", first],
                ["--exclude-operation-id", second],
            ]
            .concat(),
            patience: "60",
        },
        Part {
            name: "streams",
            config: &config,
            chosen: [["--include-operation-id", first], ["--include-operation-id", second]].concat(),
            patience: "1",
        },
        Part {
            name: "what is removed",
            config: "",
            chosen: [["--include-method", "DELETE"], ["--include-operation-id", "put_tenant"]].concat(),
            patience: "60",
        },
    ];
    let mut tried = BTreeSet::new();
    for part in &parts {
        tried.append(&mut schemathesis(&server, &programs, part).await);
    }
    // A time that somebody has set may be too short for all of them.
    if std::env::var_os(SECONDS).is_none() {
        assert_eq!(tried, operations(&server).await, "each operation was called");
    }
    let ready = server.ask("GET", "/readyz", "", &Value::Null).await;
    assert!(ready.status.is_success(), "{}", ready.text);
    server.stop().await;
}
