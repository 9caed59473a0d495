//! Connecting says how far it came.

use tenon_database::{ConnectionConfig, Driver, Error, Secret, Stage, Tls, open};
use tenon_servers::{PASSWORD, Postgres, USER, or_skip};

use crate::support::Fixture;

async fn stage(config: &ConnectionConfig) -> (Stage, String, bool) {
    let database = open(Driver::Postgres, config).expect("a URL");
    let error = database.check().await.expect_err("no connection");
    let text = error.to_string();
    assert!(!text.contains(PASSWORD) && !text.contains("wrong-password"), "{text}");
    match error {
        Error::Connect { stage, transient, .. } => (stage, text, transient),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stage_that_failed_is_said() {
    let Some(fixture) = Fixture::new("postgres_read::stages") else {
        return;
    };
    let port = fixture.server.port();
    assert!(
        fixture
            .open()
            .check()
            .await
            .expect("a version")
            .starts_with("PostgreSQL")
    );
    let url =
        |user: &str, host: &str, database: &str| ConnectionConfig::new(format!("postgres://{user}@{host}/{database}"));
    let good = format!("{USER}:{PASSWORD}");
    let local = format!("127.0.0.1:{port}");
    let (failed, text, _) = stage(&url(&good, "no-such-host.invalid", "test")).await;
    assert!(failed == Stage::Dns && text.contains("no-such-host.invalid"), "{text}");
    let (failed, text, transient) = stage(&url(&good, "127.0.0.1:1", "test")).await;
    assert!(
        failed == Stage::Tcp && transient && text.contains("127.0.0.1:1"),
        "{text}"
    );
    let (failed, text, transient) = stage(&url(&format!("{USER}:wrong-password"), &local, "test")).await;
    assert!(
        failed == Stage::Login && !transient && text.contains(USER) && text.contains("28P01"),
        "{text}"
    );
    let (failed, text, _) = stage(&url(USER, &local, "test")).await;
    assert!(failed == Stage::Login && text.contains("password"), "{text}");
    let (failed, text, _) = stage(&url(&good, &local, "nothing-here")).await;
    assert!(failed == Stage::Database && text.contains("nothing-here"), "{text}");
    let mut required = url(&good, &local, "test");
    required.options.tls = Some(Tls::Require);
    let (failed, text, _) = stage(&required).await;
    assert!(failed == Stage::Tls && text.contains("does not offer"), "{text}");
    fixture.psql(
        "create role outsider login password 'out'; revoke connect on database \"postgres_read::stages\" from public",
    );
    let mut outsider = fixture.config();
    (outsider.options.user, outsider.options.password) = (Some("outsider".into()), Some(Secret::new("out")));
    let (failed, text, _) = stage(&outsider).await;
    assert!(failed == Stage::Permission, "{text}");
    // Something that is not a database.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent = listener.local_addr().expect("an address");
    let mut config = url(&good, &silent.to_string(), "test");
    config.options.connect_timeout = 1;
    let (failed, text, transient) = stage(&config).await;
    assert!(
        failed == Stage::Tls && transient && text.contains("within 1 s"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encryption_is_as_it_is_asked_for() {
    let Some(server) = or_skip("postgres_read::tls", Postgres::with_tls()) else {
        return;
    };
    let ca = server.ca().expect("an authority").to_owned();
    let config = |host: &str, tls: Tls, ca: Option<&std::path::Path>| {
        let mut config = ConnectionConfig::new(format!("postgres://{USER}:{PASSWORD}@{host}:{}/test", server.port()));
        (config.options.tls, config.options.tls_ca) = (Some(tls), ca.map(ToOwned::to_owned));
        config
    };
    for (host, tls, ca) in [
        ("127.0.0.1", Tls::Prefer, None),
        ("127.0.0.1", Tls::Require, None),
        ("localhost", Tls::VerifyFull, Some(ca.as_path())),
        ("127.0.0.1", Tls::VerifyFull, Some(ca.as_path())),
    ] {
        let database = open(Driver::Postgres, &config(host, tls, ca)).expect("a URL");
        let encrypted = crate::support::query("select ssl::text as a from pg_stat_ssl where pid = pg_backend_pid()");
        let batch = crate::support::read(&database, &encrypted, &tenon_database::ReadConfig::default()).await;
        assert_eq!(
            crate::support::texts(&batch.expect("a row")),
            [Some("true".to_owned())],
            "{host} {tls:?}"
        );
    }
    let (failed, text, _) = stage(&config("127.0.0.1", Tls::VerifyFull, None)).await;
    assert!(failed == Stage::Tls, "{text}");
    let (failed, text, _) = stage(&config("127.0.0.2", Tls::VerifyFull, Some(&ca))).await;
    assert!(matches!(failed, Stage::Tls | Stage::Tcp), "{text}");
    let (failed, text, _) = stage(&config("127.0.0.1", Tls::Disable, None)).await;
    assert!(failed == Stage::Login && text.contains("encryption"), "{text}");
    // A login that is bound to the connection by the server's certificate was used, and the stream can be cancelled.
    let url = format!(
        "postgres://{USER}:{PASSWORD}@localhost:{}/test?sslmode=verify-full&sslrootcert={}",
        server.port(),
        ca.display()
    );
    let database = open(Driver::Postgres, &ConnectionConfig::new(url)).expect("a URL");
    assert!(database.check().await.is_ok());
}
