//! What a tenant may reach.

mod hosts;
mod paths;

use rand::prelude::*;
use tenon_tenants::{Access, Quotas};

fn access(prefixes: &[&str], hosts: &[&str]) -> Access {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let quotas = Quotas {
        storage_prefixes: texts(prefixes),
        hosts: texts(hosts),
        ..Quotas::default()
    };
    Access::new(&quotas).expect("quotas")
}

fn allowed(access: &Access, urls: &[&str]) {
    for url in urls {
        assert_eq!(access.allows_url(url), Ok(()), "{url}");
    }
}

fn denied(access: &Access, urls: &[&str]) {
    for url in urls {
        assert!(access.allows_url(url).is_err(), "{url}");
    }
}

/// URLs without an end, each of one of these starts and up to five of these pieces.
fn assembled(seed: u64, starts: &[&str], pieces: &[&str]) -> impl Iterator<Item = String> {
    let mut random = StdRng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let mut url = (*starts.choose(&mut random).expect("one")).to_owned();
        for _ in 0..random.random_range(0..6) {
            url += pieces.choose(&mut random).expect("one");
        }
        url
    })
}

#[test]
fn by_default_nothing_is_allowed() {
    let access = access(&[], &[]);
    denied(
        &access,
        &[
            "s3://lake/x",
            "/data/x",
            "file:///x",
            "https://example.com/x",
            "postgres://db/x",
            "sqlite:/x",
            "x",
            "",
        ],
    );
    assert!(access.allows_host("localhost", Some(80)).is_err());
}

#[test]
fn what_clouds_tell_machines_is_for_nobody() {
    let access = access(&["*"], &["*"]);
    denied(
        &access,
        &[
            "http://169.254.169.254/latest/meta-data/",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "https://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "http://100.100.100.200/",
            "postgres://169.254.169.254/x",
        ],
    );
    assert!(access.allows_host("169.254.169.254", Some(80)).is_err());
    assert!(access.allows_host("169.254.1.1", Some(80)).is_ok());
}

#[test]
fn a_star_is_everything_that_can_be_told() {
    let access = access(&["*"], &["*"]);
    allowed(
        &access,
        &[
            "s3://any/x",
            "/any/x",
            "https://any.example/x",
            "postgres://any/x",
            "odbc:any",
            "adbc:any",
            "sqlite:/x",
        ],
    );
    denied(
        &access,
        &[
            "s3://any/../x",
            "/a/../b",
            "relative",
            "gopher://x/",
            "postgres://a/x?host=b",
        ],
    );
}

#[test]
fn quotas_that_are_not_understood_are_refused() {
    for prefix in [
        "",
        "s3://",
        "lake/a",
        "s3://lake/a/../b",
        "s3://lake/*",
        "s3://lake/%2e%2e",
        "postgres://db/x",
        "sqlite:x",
        "https://me:pw@x/a",
        "/data/a%20b",
        "ftp://x/",
        "file://host/x",
        "**",
        "odbc:x",
        "s3://k:s@lake/",
    ] {
        let quotas = Quotas {
            storage_prefixes: vec![prefix.to_owned()],
            ..Quotas::default()
        };
        assert!(Access::new(&quotas).is_err(), "{prefix}");
    }
    for host in [
        "",
        "*.",
        "*.*.example.com",
        "a.*.com",
        "http://x",
        "x/y",
        "x:port",
        "x:70000",
        "*.192.0.2.1",
        "a b",
        "me@x",
        "[::1",
        "::g",
        "a..b",
        "%41",
        "-",
        "*:80",
    ] {
        let quotas = Quotas {
            hosts: vec![host.to_owned()],
            ..Quotas::default()
        };
        let accepted = Access::new(&quotas).is_ok();
        assert!(!accepted || host == "-", "{host}");
    }
}

#[test]
fn no_message_shows_a_password() {
    let access = access(&[], &[]);
    for url in [
        "postgres://me:hunter2@db/x",
        "postgres://me:hun/hunter2@db/x",
        "postgres://me:hun?hunter2@db/x",
        "postgres://db/x?password=hunter2",
        "s3://key:hunter2@lake/x",
        "https://x/?sig=hunter2#hunter2",
        "host=db password=hunter2",
        "Driver={x};PWD=hunter2",
        "odbc:Driver={x};PWD=hunter2",
        "sqlite:/x?key=hunter2",
        "jdbc:sqlserver://db;password=hunter2",
    ] {
        let error = access.allows_url(url).expect_err(url);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let long = format!("/{}", "x".repeat(10_000));
    assert!(access.allows_url(&long).expect_err("long").to_string().len() < 500);
}
