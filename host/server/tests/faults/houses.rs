//! Names and paths that lead out of where they belong: into folders of the server, of others, and of the machine.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{COPY, Running, component, eventually, rows};

/// What somebody might call a thing.
const NAMES: [&str; 18] = [
    "..",
    ".",
    "%2e%2e",
    "%2E%2E%2Fbank",
    "..%2f..%2fetc%2fpasswd",
    "..%5c..",
    "%252e%252e%252f",
    "..%c0%af",
    "%00",
    "a%00b",
    "a%2fb",
    "%2fetc%2fpasswd",
    "~root",
    ".hidden",
    "-rf",
    "CON:",
    "%ff%fe",
    "%e2%80%ae",
];

/// All files below a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
            found.insert(entry.path().display().to_string());
        }
    }
    // What the database does beside itself is its own business.
    found.retain(|path| !path.contains("server.db") && !path.contains("/cache") && !path.ends_with("/.owner"));
    found
}

/// A request whose path is sent as it is.
async fn raw(server: &Running, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        server.token,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("answered");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("a status"), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_lead_nowhere() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), "id\n1\n").await;
    server.job("shop", "copy", COPY, json!({})).await;
    let before = files(server.data().parent().expect("a folder"));
    let document = tenon_server::openapi();
    let paths = document["paths"].as_object().expect("paths");
    let mut asked = 0;
    for (path, item) in paths {
        let places: Vec<&str> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .collect();
        for place in &places {
            for name in NAMES {
                let mut path = path.replace(&format!("{{{place}}}"), name);
                path = path.replace("{tenant}", "shop");
                for other in &places {
                    let thing = if ["version", "number"].contains(other) {
                        "1"
                    } else {
                        "copy"
                    };
                    path = path.replace(&format!("{{{other}}}"), thing);
                }
                for method in item.as_object().expect("operations").keys() {
                    let (status, answer) = raw(&server, &method.to_uppercase(), &path, "{}").await;
                    // Sources are called as jobs call them, which is not bound to be a name.
                    let least = if *place == "source" { 200 } else { 400 };
                    assert!(
                        (least..500).contains(&status),
                        "{method} {path} with {place} {name}: {answer}"
                    );
                    asked += 1;
                }
            }
        }
    }
    println!("{asked} requests with names that are none");
    let after = files(server.data().parent().expect("a folder"));
    assert_eq!(before, after, "something has been made or removed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_bodies_lead_nowhere() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), "id\n1\n").await;
    server.job("shop", "copy", COPY, json!({})).await;
    for name in ["..", "../bank", "/etc/passwd", "a/b", "a\0b", "", "..\\bank", ".x"] {
        let bodies = [
            (
                "PUT",
                "triggers/t",
                json!({ "when": "on_demand", "actions": [{ "job": name }] }),
            ),
            (
                "PUT",
                "triggers/t",
                json!({ "when": "on_demand", "actions": [{ "workflow": name }] }),
            ),
            (
                "PUT",
                "workflows/w",
                json!({ "name": "w", "nodes": { "a": { "job": name } } }),
            ),
            (
                "PUT",
                "workflows/w",
                json!({ "name": "w", "nodes": { name: { "job": "copy" } } }),
            ),
            (
                "PUT",
                "jobs/j",
                json!({ "definition": COPY, "settings": { "plugins": { name: name } } }),
            ),
            ("POST", "tokens", json!({ "name": name, "scopes": ["read"] })),
            (
                "PUT",
                "targets/t",
                json!({ "destination": { "type": "webhook", "url": "https://example.com/", "secret": name } }),
            ),
        ];
        for (method, path, body) in bodies {
            let path = format!("/v1/tenants/shop/{path}");
            let answer = server.ask(method, &path, &server.token, &body).await;
            // A job may call its plugins as it likes: there is none of that name.
            let is_free = body["settings"]["plugins"].is_object();
            assert!(
                answer.status.is_client_error() || is_free,
                "{path} {body}: {} {}",
                answer.status,
                answer.text
            );
            assert!(!answer.status.is_server_error(), "{path} {body}: {}", answer.text);
        }
    }
    server.stop().await;
}

const JOB: &str = "[sources.orders]\nurl = SOURCE\nformat = \"csv\"\n\n[sinks.copy]\nfrom = \"orders\"\nurl = SINK\nformat = \"csv\"\nmode = \"append\"\n";

async fn copies(server: &Running, from: &str, to: &str) -> Value {
    let definition = JOB
        .replace("SOURCE", &format!("{from:?}"))
        .replace("SINK", &format!("{to:?}"));
    let job = json!({ "definition": definition, "settings": { "max_retries": 0 } });
    let put = server
        .ask("PUT", "/v1/tenants/shop/jobs/leaves", &server.token, &job)
        .await;
    if !put.status.is_success() {
        assert!(put.status.is_client_error(), "{from} {to}: {}", put.text);
        return json!({ "state": "ERROR" });
    }
    server.run("shop", "leaves").await
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_of_jobs_stay_in_their_tenants_house() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), "id\n1\n").await;
    server.tenant("bank", json!({}), "id\n777\n").await;
    let bank = server.files("bank");
    let shop = server.files("shop");
    let outside = [
        "../../bank/files/in.csv".to_owned(),
        "in/../../../bank/files/in.csv".to_owned(),
        "./../../bank/files/in.csv".to_owned(),
        "..//..//bank/files/in.csv".to_owned(),
        "%2e%2e/%2e%2e/bank/files/in.csv".to_owned(),
        "../../*/files/in.csv".to_owned(),
        "../../b{ank,onk}/files/*.csv".to_owned(),
        "**/../../../bank/files/in.csv".to_owned(),
        bank.join("in.csv").display().to_string(),
        format!("file://{}", bank.join("in.csv").display()),
        format!("file://localhost{}", bank.join("in.csv").display()),
        format!("FILE://{}", bank.join("in.csv").display()),
        format!("{}/../../bank/files/in.csv", shop.display()),
        "file:///proc/self/environ".to_owned(),
        "/proc/self/root/etc/passwd".to_owned(),
        "../../../server.db".to_owned(),
        "../../../key".to_owned(),
        "file:../../bank/files/in.csv".to_owned(),
        "~/in.csv".to_owned(),
        "in.csv\0.csv".to_owned(),
    ];
    for url in &outside {
        let run = copies(&server, url, "out/").await;
        assert_ne!(run["state"], "SUCCEEDED", "from {url}: {run}");
        let run = copies(&server, "in.csv", url).await;
        let written = files(&bank);
        assert_eq!(written.len(), 1, "to {url}: {run} {written:?}");
    }
    assert!(!rows(&shop.join("out")).iter().any(|row| row == "777"));
    assert_eq!(rows(&bank), ["777"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_do_not_lead_out_of_a_house() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), "id\n1\n").await;
    server.tenant("bank", json!({}), "id\n777\n").await;
    let (bank, shop) = (server.files("bank"), server.files("shop"));
    for folder in ["mixed", "deep", "nowhere"] {
        fs::create_dir_all(shop.join(folder)).expect("made");
    }
    fs::write(shop.join("mixed/own.csv"), "id\n2\n").expect("written");
    for (from, to) in [
        (bank.join("in.csv"), "one.csv"),
        (bank.clone(), "folder"),
        (bank.join("in.csv"), "mixed/other.csv"),
        (bank.clone(), "mixed/below"),
        (bank.clone(), "deep/below"),
        (Path::new("/nowhere/at/all").to_owned(), "nowhere/dangling.csv"),
        (Path::new("../../bank/files/in.csv").to_owned(), "relative.csv"),
        (Path::new("loop.csv").to_owned(), "loop.csv"),
    ] {
        symlink(from, shop.join(to)).expect("linked");
    }
    for url in [
        "one.csv",
        "relative.csv",
        "loop.csv",
        "folder/in.csv",
        "folder/",
        "folder/*.csv",
        "*/in.csv",
        "**/in.csv",
        "mixed/",
        "mixed/*.csv",
        "mixed/o*.csv",
        "mixed/**",
        "mixed/below/in.csv",
        "deep/",
        "deep/*/in.csv",
        "deep/b*/*.csv",
        "deep/**/*.csv",
        "nowhere/",
        "*.csv",
    ] {
        let run = copies(&server, url, "out/").await;
        let read = rows(&shop.join("out"));
        assert!(!read.iter().any(|row| row == "777"), "from {url}: {run} {read:?}");
    }
    // Nor is anything written through them.
    for url in ["folder/", "folder/out/", "mixed/below/", "mixed/below/deep/"] {
        let run = copies(&server, "in.csv", url).await;
        assert_eq!(files(&bank).len(), 1, "to {url}: {run} {:?}", files(&bank));
    }
    // Nor by a folder of a partition that is one, whether rows are added there or take the place of others.
    fs::create_dir_all(shop.join("parts")).expect("made");
    symlink(&bank, shop.join("parts/id=1")).expect("linked");
    for mode in ["append", "overwrite"] {
        let job = JOB
            .replace("SOURCE", "\"in.csv\"")
            .replace("SINK", "\"parts/\"\npartition_by = [\"id\"]")
            .replace("append", mode)
            .replace("from = \"orders\"", "from = \"twice\"");
        let job = format!("{job}\n[steps.twice]\nsql = \"select id, id as again from orders\"\n");
        server.job("shop", "parts", &job, json!({ "max_retries": 0 })).await;
        let run = server.run("shop", "parts").await;
        assert_ne!(run["state"], "SUCCEEDED", "{mode}: {run}");
        assert_eq!(rows(&bank), ["777"], "{mode}: {run}");
    }
    // A link that stays inside is as good as a file.
    symlink("in.csv", shop.join("inside.csv")).expect("linked");
    let run = copies(&server, "inside.csv", "inside/").await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(rows(&shop.join("inside")), ["1"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_finds_nothing_of_an_earlier_one_of_its_name() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), "id\n1\n").await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    assert_eq!(server.run("shop", "copy").await["state"], "SUCCEEDED");
    let house = server.files("shop").parent().expect("a folder").to_owned();
    let houses = house.parent().expect("a folder").to_owned();
    server.done("DELETE", "/v1/tenants/shop?force=true", Value::Null).await;
    assert!(!house.exists());
    eventually("its files are removed", async || {
        files(&houses).is_empty().then_some(())
    })
    .await;
    // Nor what has come there by another way.
    for _ in 0..2 {
        fs::create_dir_all(house.join("files")).expect("made");
        fs::write(house.join("files/in.csv"), "id\n777\n").expect("written");
        server.done("PUT", "/v1/tenants/shop", json!({})).await;
        assert!(!house.exists());
        server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
        let run = server.run("shop", "copy").await;
        assert_ne!(run["state"], "SUCCEEDED", "{run}");
        assert!(rows(&server.files("shop").join("out")).is_empty());
        // A change of the tenant leaves its files alone.
        fs::write(house.join("files/in.csv"), "id\n2\n").expect("written");
        server.done("PUT", "/v1/tenants/shop", json!({ "title": "Shop" })).await;
        assert_eq!(server.run("shop", "copy").await["state"], "SUCCEEDED");
        assert_eq!(rows(&server.files("shop").join("out")), ["2"]);
        server.done("DELETE", "/v1/tenants/shop?force=true", Value::Null).await;
        assert!(!house.exists());
    }
    server.stop().await;
}

/// A job that the test guest `script` drives: it copies rows where `n` is more than 10, three times as large.
const SCRIPT: &str = "[params]\ncase = { type = \"string\", default = \"lake_writes\" }\nfrom = { type = \"string\", default = FROM }\nto = { type = \"string\", default = \"out.csv\" }\n\n[script]\ncomponent = \"script\"\nallow = [\".\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn links_lead_no_script_out_of_a_house() {
    let server = Running::start().await;
    server.tenant("shop", json!({}), "n\n20\n").await;
    server.tenant("bank", json!({}), "n\n777\n").await;
    let (bank, shop) = (server.files("bank"), server.files("shop"));
    fs::create_dir_all(shop.join("mixed")).expect("made");
    symlink(bank.join("in.csv"), shop.join("mixed/other.csv")).expect("linked");
    symlink(&bank, shop.join("folder")).expect("linked");
    let pushed = server
        .upload("shop", "script", &server.token, component("script"))
        .await;
    assert!(pushed.status.is_success(), "{}", pushed.text);
    for (from, succeeds) in [
        ("mixed/", false),
        ("mixed/*.csv", false),
        ("mixed/other.csv", false),
        ("folder/in.csv", false),
        ("*/in.csv", false),
        ("in.csv", true),
    ] {
        let job = SCRIPT.replace("FROM", &format!("{from:?}"));
        server.job("shop", "scripted", &job, json!({ "max_retries": 0 })).await;
        let run = server.run("shop", "scripted").await;
        assert_eq!(run["state"] == "SUCCEEDED", succeeds, "from {from}: {run}");
        assert_eq!(shop.join("out.csv").exists(), succeeds, "from {from}: {run}");
    }
    let written = fs::read_to_string(shop.join("out.csv")).expect("written");
    assert_eq!(written.lines().collect::<Vec<_>>(), ["n", "60"]);
    server.stop().await;
}
