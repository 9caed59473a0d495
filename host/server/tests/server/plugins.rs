//! Plugins are uploaded, used, and replaced while the server runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{PATIENCE, Running, rows};

const FLIGHTS: &str = "\
year,dep_delay,arr_delay,carrier,tailnum,air_time,distance
2013,2,11,UA,N14228,227,1400
2013,9,40,DL,N666DN,65,762
";

const JOB: &str = "[sources.flights]\nurl = \"in.csv\"\n\n[steps.late]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                   [sinks.out]\nfrom = \"late\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";

fn component(name: &str) -> Vec<u8> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/plugins/{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask plugins` builds it", file.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_uploaded_and_used() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;

    let before = server.run("shop", "late", json!({})).await;
    assert_eq!(before["state"], "ERROR", "{before}");
    assert!(
        before["error"]["sentence"]
            .as_str()
            .expect("a sentence")
            .contains("`flights`"),
        "{before}"
    );

    let pushed = server.upload("shop", "flights", component("flights")).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    let again = server.upload("shop", "flights", component("flights")).await;
    assert_eq!((again.status, &again.body["version"]), (StatusCode::OK, &json!(1)));

    let run = server.run("shop", "late", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(run["plugins"][0]["name"], "flights", "{run}");
    assert!(
        run["usage"]["sandbox_seconds"].as_f64().expect("a number") > 0.0,
        "{run}"
    );
    // The function refuses a row whose numbers cannot be.
    assert_eq!(
        (&run["report"]["rows_in"], &run["report"]["rows_rejected"]),
        (&json!(2), &json!(1)),
        "{run}"
    );
    assert_eq!(rows(&server.files("shop").join("out")).len(), 1);

    // It is the tenant's own.
    server.tenant("bank", FLIGHTS).await;
    server.job("bank", "late", JOB, json!({ "max_retries": 0 })).await;
    let other = server.run("bank", "late", json!({})).await;
    assert_eq!(other["state"], "ERROR", "{other}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plugin_is_refused_and_never_used() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    let whole = component("flights");
    for bytes in [b"hello".to_vec(), whole[..whole.len() / 2].to_vec()] {
        let refused = server.upload("shop", "flights", bytes).await;
        assert!(refused.status.is_client_error(), "{} {}", refused.status, refused.body);
    }
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "late", json!({})).await;
    assert_eq!(run["state"], "ERROR", "{run}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_read_before_it_is_taken() {
    let place = tempfile::tempdir().expect("a folder");
    let interpreters = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let server = Running::configured(place.path(), None, |config| {
        config.plugins.interpreters = Some(interpreters);
    })
    .await;
    server.tenant("shop", "id\n1\n").await;
    let wrong = [
        ("clean.rhai", "fn row(row) {\n    row.a = 1 +;\n}\n", "clean.rhai:2"),
        ("clean.js", "function row(row) {\n  row.a = ;\n}\n", "SyntaxError"),
        ("clean.py", "def row(row):\n    return row[\n", "line 2"),
    ];
    for (name, script, place) in wrong {
        let refused = server.upload("shop", name, script.into()).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{name}: {}",
            refused.body
        );
        let detail = refused.body["detail"].as_str().expect("a sentence");
        assert!(
            detail.contains(&format!("the script `{name}` cannot be read")) && detail.contains(place),
            "{detail}"
        );
    }
    // Of what can be read nothing runs: what it needs is known only to its jobs.
    let right = [
        ("clean.rhai", "const LEAST = config.least + 1;\nfn row(row) { row }\n"),
        ("clean.js", "throw new Error(\"it runs\");\n"),
        ("clean.py", "raise ValueError(\"it runs\")\n"),
    ];
    for (name, script) in right {
        let taken = server.upload("shop", name, script.into()).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{name}: {}", taken.body);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_watched_folder_is_served() {
    let place = tempfile::tempdir().expect("a folder");
    let watched = place.path().join("watched");
    std::fs::create_dir_all(watched.join("shop")).expect("made");
    let data = place.path().join("data");
    let server = Running::configured(&data, None, |config| config.plugins.watch = Some(watched.clone())).await;
    server.tenant("shop", FLIGHTS).await;
    server.job("shop", "late", JOB, json!({ "max_retries": 0 })).await;
    std::fs::write(watched.join("shop/flights.wasm"), component("flights")).expect("written");
    server.wait_for_event("shop", "plugin.ready").await;
    let run = server.run("shop", "late", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_plugin_counts_as_a_sandbox() {
    const TWO: &str = "[sources.flights]\nurl = \"in.csv\"\n\n\
                       [steps.one]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                       [steps.two]\nfrom = \"flights\"\nplugin = \"flights\"\n\n\
                       [sinks.first]\nfrom = \"one\"\nurl = \"one/\"\nformat = \"csv\"\nmode = \"overwrite\"\n\n\
                       [sinks.second]\nfrom = \"two\"\nurl = \"two/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    let pushed = server.upload("shop", "flights", component("flights")).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    server.job("shop", "two", TWO, json!({ "max_retries": 0 })).await;
    for (sandboxes, state) in [(1, "ERROR"), (2, "SUCCEEDED"), (3, "SUCCEEDED")] {
        let quotas = json!({ "quotas": { "sandboxes": sandboxes } });
        server.put("/v1/tenants/shop", quotas).await;
        // What is known of a tenant is forgotten a moment later.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let run = server.run("shop", "two", json!({})).await;
        assert_eq!(run["state"], state, "{sandboxes}: {run}");
        if state == "ERROR" {
            assert!(run["error"].to_string().contains("2 sandboxes"), "{run}");
        } else {
            assert_eq!(run["report"]["partitions"], 1, "{run}");
        }
    }
    server.stop().await;
}

/// The same component with other bytes: with a section that nothing reads.
fn noted(note: u8) -> Vec<u8> {
    let mut bytes = component("flights");
    bytes.extend([0, 6, 4, b'n', b'o', b't', b'e', note]);
    bytes
}

/// Waits until `stable` of a plugin of the shop points to a version.
async fn wait_for_stable(server: &Running, plugin: &str, version: i64) {
    let waiting = async {
        while stable(server, plugin).await != Some(version) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "`stable` of {plugin} does not come to {version}");
}

async fn stable(server: &Running, plugin: &str) -> Option<i64> {
    let path = format!("/v1/tenants/shop/plugins/{plugin}/aliases");
    let aliases = server.ask(Method::GET, &path, None).await;
    let stable = aliases
        .body
        .as_array()?
        .iter()
        .find(|alias| alias["alias"] == "stable")?;
    stable["version"].as_i64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_does_not_undo_what_somebody_has_decided() {
    let place = tempfile::tempdir().expect("a folder");
    let (watched, data) = (place.path().join("watched"), place.path().join("data"));
    let file = |name: &str, bytes: Vec<u8>| {
        let (whole, part) = (watched.join("shop").join(name), watched.join("part"));
        std::fs::write(&part, bytes).expect("written");
        std::fs::rename(&part, &whole).expect("renamed");
    };
    std::fs::create_dir_all(watched.join("shop")).expect("made");
    let server = Running::configured(&data, None, |config| config.plugins.watch = Some(watched.clone())).await;
    server.tenant("shop", FLIGHTS).await;
    file("flights.wasm", noted(1));
    wait_for_stable(&server, "flights", 1).await;
    file("flights.wasm", noted(2));
    wait_for_stable(&server, "flights", 2).await;
    let back = "/v1/tenants/shop/plugins/flights/aliases/stable/rollback";
    server.post(back, json!({ "reason": "it is slow" })).await;
    assert_eq!(stable(&server, "flights").await, Some(1));
    let token = server.token();
    server.stop().await;

    let server = Running::configured(&data, Some(token), |config| {
        config.plugins.watch = Some(watched.clone());
    })
    .await;
    // The folder has been looked through once the second of these is served.
    for name in ["one", "two"] {
        file(&format!("{name}.wasm"), component("flights"));
        wait_for_stable(&server, name, 1).await;
    }
    assert_eq!(stable(&server, "flights").await, Some(1), "nobody has changed the file");
    file("flights.wasm", noted(3));
    wait_for_stable(&server, "flights", 3).await;
    // Back to what was served before is a change as well.
    file("flights.wasm", noted(2));
    wait_for_stable(&server, "flights", 2).await;

    let log = server.get("/v1/audit").await;
    let entries = log["items"].as_array().expect("a list").iter();
    let uploads: Vec<_> = entries
        .filter(|entry| entry["action"] == "plugin.upload" && entry["target"] == "flights")
        .collect();
    let versions: Vec<_> = uploads
        .iter()
        .map(|entry| entry["details"]["version"].clone())
        .collect();
    assert_eq!(versions, [json!(2), json!(3), json!(2), json!(1)], "{log}");
    assert!(
        uploads.iter().all(|entry| entry["principal"] == "server (folder)"),
        "{log}"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_tenant_comes_later_is_served_then() {
    let place = tempfile::tempdir().expect("a folder");
    let watched = place.path().join("watched");
    std::fs::create_dir_all(watched.join("shop")).expect("made");
    std::fs::write(watched.join("shop/flights.wasm"), component("flights")).expect("written");
    let data = place.path().join("data");
    let server = Running::configured(&data, None, |config| config.plugins.watch = Some(watched.clone())).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.tenant("shop", FLIGHTS).await;
    wait_for_stable(&server, "flights", 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_logs_is_about_its_step() {
    const SPEAKS: &str = "[sources.rows]\nurl = \"in.csv\"\n\n\
                          [steps.speaks]\nfrom = \"rows\"\nplugin = \"echo\"\nfunction = \"services\"\n\
                          config = { log = \"good morning\" }\n\n\
                          [sinks.out]\nfrom = \"speaks\"\nurl = \"out/\"\nformat = \"csv\"\n";
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    let pushed = server.upload("shop", "echo", component("echo")).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    server.job("shop", "speaks", SPEAKS, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "speaks", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let id = run["id"].as_str().expect("an id");
    let found = server
        .get(&format!("/v1/tenants/shop/runs/{id}/logs?step=speaks"))
        .await;
    let lines = found["items"].as_array().expect("a list").iter();
    let said = lines.filter(|line| {
        line["message"]
            .as_str()
            .is_some_and(|message| message.starts_with("good morning at"))
    });
    assert!(said.count() > 0, "{found}");
    server.stop().await;
}

/// Which limit it was, or what the code said last, and in which step.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_plugin_fails_says_why_and_what_to_do() {
    const GREEDY: &str = "limits = { memory = \"64MiB\" }\nsources.rows.url = \"in.csv\"\n\n\
                          [steps.greedy]\nfrom = \"rows\"\nplugin = \"evil\"\nfunction = \"FUNCTION\"\n\n\
                          [sinks.out]\nfrom = \"greedy\"\nurl = \"out/\"\nformat = \"csv\"\n";
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", FLIGHTS).await;
    let pushed = server.upload("shop", "evil", component("evil")).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    for (function, kind, why, cause) in [
        ("allocate", "limit", "64 MiB", "[limits]"),
        ("panic", "failed", "trapped", "last words"),
    ] {
        let job = GREEDY.replace("FUNCTION", function);
        server.job("shop", "greedy", &job, json!({ "max_retries": 0 })).await;
        let run = server.run("shop", "greedy", json!({})).await;
        let error = &run["error"];
        assert_eq!(
            (&run["state"], &error["kind"]),
            (&json!("FAILED"), &json!(kind)),
            "{run}"
        );
        let sentence = error["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains("`greedy`"), "{sentence}");
        assert!(error["chain"].to_string().contains(why), "{error}");
        let likely = error["likely_cause"].as_str().expect("a cause");
        assert!(likely.contains(cause), "{likely}");
    }
    server.stop().await;
}
