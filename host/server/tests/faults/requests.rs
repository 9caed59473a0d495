//! What tenants could have the server call: by targets of events, connections, sources, and triggers that look for
//! something. A canary listens where nobody may come.

use serde_json::{Value, json};

use crate::support::web::{Behaviour, Web};
use crate::support::{Answer, COPY, ENDS, Running, eventually};

const INPUT: &str = "id\n1\n";

/// Loopback, by other spellings.
fn spellings(port: u16) -> Vec<String> {
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "allowed@127.0.0.1",
    ]
    .iter()
    .map(|host| format!("{host}:{port}"))
    .collect()
}

/// What clouds tell machines about themselves.
const METADATA: [&str; 6] = [
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]",
    "2852039166",
    "0xa9fea9fe",
    "[64:ff9b::a9fe:a9fe]",
];

fn is_refused(answer: &Answer, what: &str) {
    assert!(
        matches!(answer.status.as_u16(), 400 | 403 | 422),
        "{what}: {} {}",
        answer.status,
        answer.text
    );
}

async fn put_target(server: &Running, name: &str, url: &str) -> Answer {
    let path = format!("/v1/tenants/shop/targets/{name}");
    let target = json!({ "destination": { "type": "webhook", "url": url, "secret": "hook" } });
    server.ask("PUT", &path, &server.token, &target).await
}

/// Waits until a target's first delivery has been tried; why it failed.
async fn failed(server: &Running, target: &str) -> String {
    let path = format!("/v1/tenants/shop/targets/{target}/deliveries");
    eventually(&format!("a delivery to {target} is tried"), async || {
        let deliveries = server.get(&path).await;
        let mut items = deliveries["items"].as_array().expect("a list").iter();
        items.find_map(|delivery| {
            let error = delivery["error"].as_str()?;
            Some(error.to_owned())
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_of_events_reach_nothing_inside() {
    let canary = Web::start(Behaviour::Text("secrets".to_owned())).await;
    let elsewhere = Web::start(Behaviour::Redirect(canary.url("stolen"))).await;
    let server = Running::with(|config| {
        config.network.ports = Vec::new();
        config.network.http = true;
    })
    .await;
    server.tenant("shop", json!({}), INPUT).await;
    server.job("shop", "copy", COPY, json!({})).await;
    let secret = json!({ "value": "a secret that signs requests" });
    server.done("PUT", "/v1/tenants/shop/secrets/hook", secret).await;
    let mut later = Vec::new();
    let places = spellings(canary.port).into_iter().chain(METADATA.map(str::to_owned));
    for (number, place) in places.enumerate() {
        for scheme in ["http", "https"] {
            let name = format!("t{number}-{scheme}");
            let answer = put_target(&server, &name, &format!("{scheme}://{place}/hook")).await;
            // Names are looked up when they are called.
            if answer.status.is_success() {
                assert!(
                    place.to_ascii_lowercase().starts_with("localhost"),
                    "{place}: {}",
                    answer.text
                );
                later.push(name);
            } else {
                is_refused(&answer, &place);
            }
        }
    }
    for url in [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://example.com/",
        "unix:/run/x",
        "//example.com",
        "",
    ] {
        is_refused(&put_target(&server, "odd", url).await, url);
    }
    // A URL that is a secret is seen when it is used.
    let url = json!({ "value": canary.url("slack") });
    server.done("PUT", "/v1/tenants/shop/secrets/slack", url).await;
    let slack = json!({ "destination": { "type": "slack", "url_secret": "slack" } });
    server.done("PUT", "/v1/tenants/shop/targets/slack", slack).await;
    later.push("slack".to_owned());
    server.run("shop", "copy").await;
    for target in later {
        let error = failed(&server, &target).await;
        assert!(!error.contains("secrets"), "{error}");
    }
    assert!(
        canary.asked().is_empty() && elsewhere.asked().is_empty(),
        "{:?}",
        canary.asked()
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_not_sent_elsewhere() {
    let canary = Web::start(Behaviour::Text("secrets".to_owned())).await;
    let elsewhere = Web::start(Behaviour::Redirect(canary.url("stolen"))).await;
    let port = elsewhere.port;
    let server = Running::with(|config| {
        config.network.allow_networks = vec!["127.0.0.1/32".to_owned()];
        config.network.ports = vec![port];
        config.network.http = true;
    })
    .await;
    server.tenant("shop", json!({}), INPUT).await;
    server.job("shop", "copy", COPY, json!({})).await;
    let secret = json!({ "value": "a secret that signs requests" });
    server.done("PUT", "/v1/tenants/shop/secrets/hook", secret).await;
    is_refused(
        &put_target(&server, "canary", &canary.url("hook")).await,
        "another port",
    );
    let answer = put_target(&server, "allowed", &elsewhere.url("hook")).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    server.run("shop", "copy").await;
    failed(&server, "allowed").await;
    assert!(
        !elsewhere.asked().is_empty() && canary.asked().is_empty(),
        "{:?}",
        canary.asked()
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_reach_what_is_allowed_and_nothing_else() {
    let canary = Web::start(Behaviour::Hang).await;
    let server = Running::start().await;
    // A name that leads inside is as the operator says; nothing else that leads there is.
    server
        .tenant("shop", json!({ "hosts": ["db.invalid", "127.0.0.1:1"] }), INPUT)
        .await;
    let put = async |url: String, options: Value| {
        let connection = json!({ "driver": "postgres", "url": url, "options": options });
        server
            .ask("PUT", "/v1/tenants/shop/connections/c", &server.token, &connection)
            .await
    };
    let port = canary.port;
    let places = spellings(port)
        .into_iter()
        .chain(METADATA.map(|host| format!("{host}:80")));
    for place in places {
        for scheme in ["postgres", "mysql", "redshift"] {
            let url = format!("{scheme}://me@{place}/d");
            is_refused(&put(url, json!({})).await, &place);
        }
    }
    let tricks = [
        format!("postgres://me@db.invalid:5432/d?host=127.0.0.1&port={port}"),
        format!("postgres://me@db.invalid:5432/d?hostaddr=127.0.0.1&port={port}"),
        format!("postgres://me@db.invalid:5432/d?port={port}"),
        "postgres://me@db.invalid:5432/d?sslrootcert=/etc/passwd".to_owned(),
        "postgres://me@db.invalid:5432/d?sslcert=/etc/passwd&sslkey=/etc/passwd".to_owned(),
        format!("postgres://me@db.invalid:5432,127.0.0.1:{port}/d"),
        format!("postgres://db.invalid@127.0.0.1:{port}/d"),
        format!("postgres://me@db.invalid:{port}@127.0.0.1:{port}/d"),
        format!("postgres://me@db.invalid#@127.0.0.1:{port}/d"),
        format!("postgres://me@db.invalid\\@127.0.0.1:{port}/d"),
        format!("postgres://me@%2Frun%2Fpostgresql:{port}/d"),
        "postgres:///d".to_owned(),
        "odbc:Driver=/tmp/evil.so".to_owned(),
        "adbc:driver=/tmp/evil.so".to_owned(),
        "sqlite:/etc/passwd".to_owned(),
        "sqlite:../../../server.db".to_owned(),
    ];
    for url in tricks {
        let answer = put(url.clone(), json!({})).await;
        if answer.status.is_success() {
            // What was taken is refused where it would be opened.
            let tested = server
                .ask(
                    "POST",
                    "/v1/tenants/shop/connections/c/test",
                    &server.token,
                    &Value::Null,
                )
                .await;
            assert!(
                !tested.status.is_success() || tested.json["ok"] == false,
                "{url}: {}",
                tested.text
            );
        } else {
            is_refused(&answer, &url);
        }
    }
    for (option, value) in [
        ("host", "127.0.0.1".to_owned()),
        ("tls_ca", "/etc/passwd".to_owned()),
        ("s3_endpoint", format!("http://127.0.0.1:{port}")),
        ("temp_dir", "s3://elsewhere/".to_owned()),
    ] {
        let mut options = serde_json::Map::new();
        options.insert(option.to_owned(), json!(value));
        let answer = put("postgres://me@db.invalid:5432/d".to_owned(), Value::Object(options)).await;
        is_refused(&answer, option);
    }
    assert!(canary.asked().is_empty());
    server.stop().await;
}

/// Runs a job whose source is at a URL.
async fn reads(server: &Running, url: &str, store: &str) -> Value {
    let definition = format!(
        "[sources.orders]\nurl = {url:?}\nformat = \"csv\"\n{store}\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\n"
    );
    let job = json!({ "definition": definition, "settings": { "max_retries": 0 } });
    let put = server
        .ask("PUT", "/v1/tenants/shop/jobs/reads", &server.token, &job)
        .await;
    if !put.status.is_success() {
        is_refused(&put, url);
        return json!({ "state": "ERROR" });
    }
    let run = server.submit("shop", "reads").await;
    server.wait_for("shop", &run, &ENDS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_reach_what_is_allowed_and_are_not_sent_elsewhere() {
    let canary = Web::start(Behaviour::Text(INPUT.to_owned())).await;
    let elsewhere = Web::start(Behaviour::Redirect(canary.url("stolen.csv"))).await;
    let allowed = Web::start(Behaviour::Text(INPUT.to_owned())).await;
    let server = Running::start().await;
    let hosts = [elsewhere.port, allowed.port].map(|port| format!("127.0.0.1:{port}"));
    server.tenant("shop", json!({ "hosts": hosts }), INPUT).await;

    let run = reads(&server, &allowed.url("in.csv"), "").await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    for place in spellings(canary.port).into_iter().chain(METADATA.map(str::to_owned)) {
        let run = reads(&server, &format!("http://{place}/in.csv"), "").await;
        assert_ne!(run["state"], "SUCCEEDED", "{place}: {run}");
    }
    let run = reads(&server, &elsewhere.url("in.csv"), "").await;
    assert_ne!(run["state"], "SUCCEEDED", "{run}");
    assert!(!elsewhere.asked().is_empty());
    let endpoint = canary.url("");
    let store = format!("store = {{ endpoint = {endpoint:?}, allow_http = true, anonymous = true }}");
    let run = reads(&server, "s3://bucket/in.csv", &store).await;
    assert_ne!(run["state"], "SUCCEEDED", "{run}");
    assert!(canary.asked().is_empty(), "{:?}", canary.asked());

    // What triggers look at is confined as well.
    for url in [
        canary.url("folder/"),
        "file:///etc/".to_owned(),
        "../../bank/files/".to_owned(),
        "s3://lake/".to_owned(),
    ] {
        let when = json!({ "event": { "source": { "objects": { "url": url, "interval_seconds": 5 } } } });
        let trigger = json!({ "when": when, "actions": [{ "job": "reads" }] });
        let path = "/v1/tenants/shop/triggers/looks";
        let put = server.ask("PUT", path, &server.token, &trigger).await;
        if !put.status.is_success() {
            is_refused(&put, &url);
            continue;
        }
        server.done("POST", &format!("{path}/activate"), Value::Null).await;
        eventually(&format!("the look at {url} is refused"), async || {
            let found = server.get(path).await;
            found["last_error"].is_string().then_some(())
        })
        .await;
        server.done("DELETE", path, Value::Null).await;
    }
    assert!(canary.asked().is_empty(), "{:?}", canary.asked());
    server.stop().await;
}

/// A store that is not the cloud's own is not given what the cloud's own is given: the server's keys.
#[tokio::test(flavor = "multi_thread")]
async fn the_servers_keys_stay_with_the_server() {
    let spy = Web::start(Behaviour::Text(INPUT.to_owned())).await;
    let server = Running::start().await;
    let hosts = json!({ "hosts": [format!("127.0.0.1:{}", spy.port)], "storage_prefixes": ["s3://bucket/"] });
    server.tenant("shop", hosts, INPUT).await;
    let endpoint = format!("http://127.0.0.1:{}", spy.port);
    let store = format!("store = {{ endpoint = {endpoint:?}, allow_http = true, retries = 0 }}");
    let _ = reads(&server, "s3://bucket/in.csv", &store).await;
    for request in spy.asked() {
        assert!(!request.to_ascii_lowercase().contains("\nauthorization"), "{request}");
    }
    server.stop().await;
}
