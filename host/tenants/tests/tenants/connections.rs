use serde_json::{Value as Json, json};
use tenon_metadata::{ErrorKind, PageRequest};
use tenon_tenants::secrets::{self, SecretInput};
use tenon_tenants::{Connection, Error, KeyRing, QuotaOverrides, SecretValue, TenantInput, connections, tenants};

use crate::server::{Server, name};

fn connection(url: &str, options: Json) -> Connection {
    let Json::Object(options) = options else {
        panic!("options are an object");
    };
    Connection {
        driver: "postgres".to_owned(),
        url: url.to_owned(),
        options,
    }
}

/// A server whose tenants may reach `db.example.com`, and of which `a` has the secret `pw`.
async fn start() -> (Server, KeyRing) {
    let server = Server::start().await;
    let text = KeyRing::generate().expect("random");
    let keys = KeyRing::parse(&text, "a test").expect("a key");
    for tenant in ["a", "b"] {
        let input = TenantInput {
            quotas: QuotaOverrides {
                hosts: Some(vec!["db.example.com".to_owned()]),
                storage_prefixes: Some(vec!["s3://lake/a/".to_owned()]),
                ..QuotaOverrides::default()
            },
            ..TenantInput::default()
        };
        server
            .write(move |tx| tenants::put(tx, &name(tenant), &input, None))
            .await;
    }
    let ring = keys.clone();
    let input = SecretInput {
        value: SecretValue::new("p@/:w#ü%41"),
        jobs: Some(vec![name("load")]),
    };
    server
        .write(move |tx| secrets::put(tx, &ring, &name("a"), &name("pw"), &input, None))
        .await;
    (server, keys)
}

async fn put(server: &Server, connection: &Connection) -> Result<i64, Error> {
    let connection = connection.clone();
    let put = server
        .try_write(move |tx| connections::put(tx, &name("a"), &name("c"), &connection, None))
        .await;
    put.map(|info| info.version)
}

#[tokio::test]
async fn a_connection_is_resolved_for_a_job() {
    let (server, keys) = start().await;
    let wanted = connection(
        "postgres://me:${secret:pw}@db.example.com/x",
        json!({ "password": "${secret:pw}", "note": "a $${x} b", "deep": [{ "token": "${secret:pw}" }], "size": 3 }),
    );
    assert_eq!(put(&server, &wanted).await.expect("put"), 1);
    assert_eq!(put(&server, &wanted).await.expect("put"), 2);
    let ring = keys.clone();
    let resolved = server
        .write(move |tx| connections::resolve(tx, &ring, &name("a"), &name("c"), Some(&name("load"))))
        .await;
    assert_eq!(
        resolved.url.reveal(),
        "postgres://me:p%40%2F%3Aw%23%C3%BC%2541@db.example.com/x"
    );
    assert_eq!(
        Json::Object(resolved.options.clone()),
        json!({ "password": "p@/:w#ü%41", "note": "a ${x} b", "deep": [{ "token": "p@/:w#ü%41" }], "size": 3 })
    );
    assert!(!format!("{resolved:?}").contains("p@") && !format!("{resolved:?}").contains("%40"));

    for (tenant, job, kind) in [("a", "other", ErrorKind::Forbidden), ("b", "load", ErrorKind::NotFound)] {
        let ring = keys.clone();
        let error = server
            .fails(move |tx| connections::resolve(tx, &ring, &name(tenant), &name("c"), Some(&name(job))))
            .await;
        assert_eq!(error.kind(), kind);
    }
    let page = server
        .write(|tx| connections::list(tx, &name("a"), &PageRequest::default()))
        .await;
    assert_eq!(page.items[0].connection, wanted);
    let error = server
        .fails(|tx| secrets::delete(tx, &name("a"), &name("pw"), None))
        .await;
    assert_eq!(
        error.to_string(),
        "secret `pw` is used by connection `c`: change that first"
    );
    let error = server
        .fails(|tx| connections::delete(tx, &name("a"), &name("c"), Some(1)))
        .await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    server
        .write(|tx| connections::delete(tx, &name("a"), &name("c"), Some(2)))
        .await;
    server
        .write(|tx| secrets::delete(tx, &name("a"), &name("pw"), None))
        .await;
}

#[tokio::test]
async fn no_secret_is_kept_in_a_connection() {
    let (server, _) = start().await;
    for (url, options) in [
        ("postgres://me:hunter2@db.example.com/x", json!({})),
        ("postgres://me:hun/hunter2@db.example.com/x", json!({})),
        ("postgres://me:x${secret:pw}hunter2@db.example.com/x", json!({})),
        ("postgres://db.example.com/x?password=hunter2", json!({})),
        ("postgres://db.example.com/x?a=b&sslpassword=hunter2", json!({})),
        ("postgres://db.example.com/x", json!({ "password": "hunter2" })),
        (
            "postgres://db.example.com/x",
            json!({ "deep": { "secret_access_key": ["hunter2"] } }),
        ),
        ("postgres://db.example.com/x", json!({ "password": 123 })),
        ("postgres://db.example.com/x", json!({ "password": "${env:HOME}" })),
        (
            "postgres://db.example.com/x",
            json!({ "other": "${env:TENON_SERVER_KEY}" }),
        ),
        (
            "postgres://db.example.com/x",
            json!({ "temp": "s3://key:hunter2@lake/a/" }),
        ),
        ("postgres://${secret:pw}/x", json!({})),
        ("postgres://me@db.example.com/${secret:pw}", json!({})),
        ("postgres://me@db.example.com/x\n", json!({})),
        ("", json!({})),
    ] {
        let error = put(&server, &connection(url, options.clone())).await.expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url} {options}: {error}");
        assert!(
            !error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
    let missing = connection("postgres://me:${secret:none}@db.example.com/x", json!({}));
    assert_eq!(
        put(&server, &missing).await.expect_err("none").kind(),
        ErrorKind::NotFound
    );
    let driver = Connection {
        driver: "../x".to_owned(),
        ..connection("postgres://db.example.com/", json!({}))
    };
    assert_eq!(
        put(&server, &driver).await.expect_err("a driver").kind(),
        ErrorKind::Invalid
    );
}

#[tokio::test]
async fn a_connection_goes_where_the_tenant_may_go() {
    let (server, _) = start().await;
    for (url, options) in [
        ("postgres://evil.example.com/x", json!({})),
        ("postgres://me:${secret:pw}@evil.example.com/x", json!({})),
        ("postgres://db.example.com,evil.example.com/x", json!({})),
        ("postgres://db.example.com/x?host=evil.example.com", json!({})),
        ("postgres://db.example.com/x?hostaddr=10.0.0.1", json!({})),
        ("postgres:///x", json!({})),
        ("sqlite:/etc/passwd", json!({})),
        ("sqlite:../server.db", json!({})),
        ("sqlite:a/..%2f..%2fserver.db", json!({})),
        ("sqlite:%2e%2e/server.db", json!({})),
        ("sqlite:%2fetc/passwd", json!({})),
        ("sqlite:file:server.db", json!({})),
        ("sqlite:%66ile%3aserver.db", json!({})),
        ("sqlite::memory:", json!({})),
        ("sqlite:", json!({})),
        ("postgres://db.example.com/x?port=22", json!({})),
        ("postgres://db.example.com/x?sslrootcert=/etc/x", json!({})),
        ("postgres://db.example.com/x", json!({ "tls_ca": "../x.pem" })),
        ("postgres://db.example.com/x", json!({ "tls_ca": "/etc/x.pem" })),
        ("adbc:evil.so", json!({})),
        ("odbc:Driver=/tmp/evil.so", json!({})),
        ("postgres://db.example.com/x", json!({ "host": "evil.example.com" })),
        (
            "postgres://db.example.com/x",
            json!({ "ssh": { "proxy_host": "evil.example.com" } }),
        ),
        (
            "postgres://db.example.com/x",
            json!({ "hosts": ["db.example.com", "${secret:pw}"] }),
        ),
        ("postgres://db.example.com/x", json!({ "temp_dir": "s3://lake/b/" })),
        (
            "postgres://db.example.com/x",
            json!({ "endpoint": "http://169.254.169.254/" }),
        ),
        (
            "postgres://db.example.com/x",
            json!({ "tls": { "ca_file": "/etc/shadow" } }),
        ),
        (
            "postgres://db.example.com/x",
            json!({ "tls": { "ca_file": "secrets/key" } }),
        ),
    ] {
        let error = put(&server, &connection(url, options.clone())).await.expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{url} {options}: {error}");
    }
    // Files of its own begin in its own folder, as they do in jobs.
    for (url, options) in [
        ("sqlite:server.db", json!({})),
        ("sqlite:a/b%20c.db?mode=ro", json!({})),
        ("postgres://db.example.com/x", json!({ "tls_ca": "certificates/x.pem" })),
    ] {
        let own = put(&server, &connection(url, options.clone())).await;
        assert!(own.is_ok(), "{url} {options}: {own:?}");
    }
    let fine = connection(
        "POSTGRESQL://me@DB.example.com.:5433/x",
        json!({ "temp_dir": "s3://lake/a/tmp/", "host": "db.example.com" }),
    );
    assert!(put(&server, &fine).await.is_ok());
}
