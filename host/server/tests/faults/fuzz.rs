//! Requests made from the document by schemathesis: none breaks the server, and all answers are as the document says.

use std::process::Command;

use serde_json::{Value, json};
use tenon_servers::{SCHEMATHESIS, or_skip};
use tenon_toolchain::Tools;

use crate::support::{COPY, Running, component};

/// For how long requests are made up, in seconds, and how: where `TENON_FUZZ_SECONDS` says for how long, each field is
/// tried first with all that it may be and may not be, which alone takes minutes.
fn effort() -> (String, &'static str) {
    let set = std::env::var("TENON_FUZZ_SECONDS").ok();
    set.map_or(("60".to_owned(), "fuzzing"), |seconds| (seconds, "coverage,fuzzing"))
}

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

async fn schemathesis(server: &Running, folder: &std::path::Path, config: &str, more: &[&str]) {
    let programs = Tools::from_env(|line| eprintln!("    {line}"))
        .and_then(|mut tools| tools.python_packages(&[SCHEMATHESIS]))
        .map_err(Into::into);
    let Some(programs) = or_skip("server: requests made from the document", programs) else {
        return;
    };
    std::fs::write(folder.join("schemathesis.toml"), config).expect("written");
    let (seconds, phases) = effort();
    let mut command = Command::new(programs.join("schemathesis"));
    command
        .current_dir(folder)
        .arg("run")
        .arg(format!("http://{}/openapi.json", server.address))
        .args(["--header", &format!("Authorization: Bearer {}", server.token)])
        .args(["--checks", CHECKS, "--phases", phases, "--max-time", &seconds])
        .args(["--max-examples", "1", "--seed", "7", "--workers", "2"])
        .args([
            "--generation-database",
            "none",
            "--no-shrink",
            "--no-color",
            "--warnings",
            "off",
        ])
        .args(["--suppress-health-check", "all", "--request-timeout", "60"])
        // Bytes that are no JSON it cannot make; uploads have tests of their own.
        .args(["--exclude-operation-id", "upload_plugin"])
        .args(more);
    let ran = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("it ends")
        .expect("started");
    let said = String::from_utf8_lossy(&ran.stdout);
    let summary = said.split("= SUMMARY =").last().unwrap_or_default();
    println!("{summary}");
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_made_from_the_document_break_nothing() {
    let server = Running::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let config = furnished(&server).await;
    // First on what is there, which is not removed, and then on whatever there is, also to remove it.
    let kept = ["--exclude-method", "DELETE", "--exclude-operation-id", "put_tenant"];
    schemathesis(&server, folder.path(), &config, &kept).await;
    schemathesis(
        &server,
        folder.path(),
        "",
        &["--include-method", "DELETE", "--include-operation-id", "put_tenant"],
    )
    .await;
    let ready = server.ask("GET", "/readyz", "", &Value::Null).await;
    assert!(ready.status.is_success(), "{}", ready.text);
    server.stop().await;
}
