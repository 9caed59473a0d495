use std::fs;
use std::os::unix::fs::symlink;

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
fn objects_are_below_their_prefix() {
    let access = access(
        &[
            "s3://lake/tenant-a",
            "gs://other/",
            "abfss://box@account.dfs.core.windows.net/a/",
        ],
        &[],
    );
    allowed(
        &access,
        &[
            "s3://lake/tenant-a",
            "s3://lake/tenant-a/",
            "s3://lake/tenant-a/x/*.parquet",
            "S3://lake/tenant-a/x",
            "s3a://lake/tenant-a/x",
            "s3://lake/tenant-a/50%",
            "s3://lake/tenant-a/a%20b",
            "s3://lake/tenant-a/...",
            "s3://lake/tenant-a/x..y",
            "s3://lake/tenant-a/ä ö",
            "s3://lake/tenant-a/x?.csv",
            "gs://other",
            "gs://other/x",
            "abfss://box@account.dfs.core.windows.net/a/x",
        ],
    );
    denied(
        &access,
        &[
            "s3://lake/tenant-ab",
            "s3://lake/tenant-ab/x",
            "s3://lake/tenant-a*/x",
            "s3://lake/tenant-a?/x",
            "s3://lake/",
            "s3://lake",
            "s3://",
            "s3:///lake/tenant-a/x",
            "s3:lake/tenant-a/x",
            "s3:/lake/tenant-a/x",
            "s3://lake/Tenant-a/x",
            "s3://LAKE/tenant-a/x",
            "s3://lake2/tenant-a/x",
            "s3://lake/tenant-a/../tenant-b",
            "s3://lake/tenant-a/..",
            "s3://lake/tenant-a/./x",
            "s3://lake/./tenant-a/x",
            "s3://lake//tenant-a/x",
            "s3://lake/tenant-a//x",
            "s3://lake/tenant-a/%2e%2e/b",
            "s3://lake/tenant-a/%2E./b",
            "s3://lake/tenant-a/.%2e/b",
            "s3://lake/tenant-a/%252e%252e/b",
            "s3://lake/tenant-a/%25252e%25252e/b",
            "s3://lake/tenant-a/%2525252525252e/b",
            "s3://lake/tenant-a/%2E%2E#x",
            "s3://lake/tenant-a/..?x",
            "s3://lake/tenant-a/..%2fb",
            "s3://lake/tenant-a%2fx",
            "s3://lake/tenant-a/x%5c..%5cb",
            "s3://lake/tenant-a\\..\\tenant-b",
            "s3://lake/tenant-a/%00",
            "s3://lake/tenant-a/%ff",
            "s3://lake/tenant-a/\0",
            "s3://lake/tenant-a/\n..",
            "s3://lake/tenant-a/{..,x}/y",
            "s3://lake/tenant-a/[.].*..",
            " s3://lake/tenant-a/x",
            "s3://lake/tenant-a/x ",
            "s3://user@lake/tenant-a/x",
            "s3://key:secret@lake/tenant-a/x",
            "s3://lake@evil/tenant-a/x",
            "s3://lake:443/tenant-a/x",
            "s3://lake?x/tenant-a/x",
            "s3://lake#/tenant-a/x",
            "s3://l%61ke/tenant-a/x",
            "s3://lake\u{ff0e}/tenant-a/x",
            "gcs://other/x",
            "gs://lake/tenant-a/x",
            "az://box/a/x",
            "abfss://box@evil.example.com/a/x",
            "abfss://evil@account.dfs.core.windows.net/a/x",
            "abfss://account.dfs.core.windows.net/a/x",
            "abfss://box@account.dfs.core.windows.net/ab/x",
            "hdfs://lake/tenant-a/x",
            "x/s3://lake/tenant-a/x",
            "/s3://lake/tenant-a/x",
        ],
    );
}

#[test]
fn local_files_are_where_their_links_lead() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().canonicalize().expect("a folder");
    let path = |text: &str| format!("{}/{text}", root.display());
    for folder in ["a/sub", "ab", "b"] {
        fs::create_dir_all(path(folder)).expect("a folder");
    }
    fs::write(path("b/secret"), "x").expect("a file");
    fs::write(path("a/file"), "x").expect("a file");
    symlink(path("b"), path("a/out")).expect("a link");
    symlink(path("b/secret"), path("a/out-file")).expect("a link");
    symlink(path("b/not-yet"), path("a/dangling")).expect("a link");
    symlink("loop", path("a/loop")).expect("a link");
    symlink(path("a/sub"), path("a/in")).expect("a link");
    symlink(path("a"), path("alias")).expect("a link");
    symlink(path("a"), path("b/back")).expect("a link");

    let access = access(&[&format!("file://{}", path("a/"))], &[]);
    for inside in [
        "a",
        "a/",
        "a/file",
        "a/sub/new",
        "a/new/deep/x.parquet",
        "a/in/x",
        "a/*.csv",
        "a/x y",
        "a/10%",
    ] {
        for url in [
            path(inside),
            format!("file://{}", path(inside)),
            format!("FILE://localhost{}", path(inside)),
        ] {
            allowed(&access, &[&url]);
        }
    }
    allowed(
        &access,
        &[
            &format!("sqlite:{}", path("a/x.db")),
            &format!("sqlite://{}?mode=ro", path("a/x.db")),
        ],
    );
    for outside in [
        "",
        "ab",
        "ab/x",
        "b",
        "b/secret",
        "a/out",
        "a/out/secret",
        "a/out/new",
        "a/out-file",
        "a/dangling",
        "a/loop",
        "a/loop/x",
        "a/file/x",
        "a/../b/secret",
        "a/sub/../../b",
        "a/./x",
        "a//x",
        "a/%2e%2e/b",
        "a/{..,x}/b",
        "a/%6fut/secret",
        "a/%256fut/secret",
        "A/file",
        "a*/x",
        "*/secret",
        "b/back/file",
        "alias/file",
    ] {
        for url in [
            path(outside),
            format!("file://{}", path(outside)),
            format!("sqlite:{}", path(outside)),
        ] {
            denied(&access, &[&url]);
        }
    }
    denied(
        &access,
        &[
            "a/file",
            "./a",
            "file:a/file",
            "file://evil/a/file",
            "~/x",
            "sqlite::memory:",
            "sqlite:",
            "sqlite:x.db",
        ],
    );
    denied(
        &access,
        &[
            &format!("file:{}", path("a/file")),
            &format!("sqlite://host{}", path("a/x.db")),
        ],
    );
    let with_backslash = path("a\\file");
    denied(&access, &[&with_backslash]);
}

#[test]
fn a_prefix_that_is_a_link_means_what_it_leads_to() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().canonicalize().expect("a folder");
    fs::create_dir_all(root.join("real")).expect("a folder");
    symlink(root.join("real"), root.join("alias")).expect("a link");
    let access = access(&[&root.join("alias").display().to_string()], &[]);
    allowed(
        &access,
        &[
            &root.join("alias/x").display().to_string(),
            &root.join("real/x").display().to_string(),
        ],
    );
    fs::remove_file(root.join("alias")).expect("removed");
    symlink("/etc", root.join("alias")).expect("a link");
    denied(&access, &[&root.join("real/x").display().to_string()]);
}

#[test]
fn hosts_are_the_same_however_they_are_written() {
    let access = access(
        &["https://files.example.com/a/"],
        &[
            "db.example.com:5432",
            "*.wild.example",
            "192.0.2.7",
            "[2001:db8::1]:3306",
            "bücher.example",
            "::1",
        ],
    );
    allowed(
        &access,
        &[
            "postgres://db.example.com/x",
            "postgresql://me:pw@DB.EXAMPLE.COM.:5432/x?sslmode=require",
            "postgres://db.example.com,db.example.com:5432/x",
            "https://a.wild.example/x",
            "https://a.b.wild.example:8443/x?sig=1",
            "http://192.0.2.7/",
            "http://0xc0000207/",
            "http://3221225991/",
            "http://[::ffff:192.0.2.7]/",
            "mysql://[2001:DB8:0:0::1]/x",
            "mssql://[::1]/x?TrustServerCertificate=true",
            "https://xn--bcher-kva.example/",
            "https://BÜCHER.example/",
            "https://b\u{fc}cher\u{3002}example/",
            "https://files.example.com/a/x",
            "https://files.example.com:443/a/x?v=1#part",
            "HTTPS://FILES.example.com/a/x",
        ],
    );
    denied(
        &access,
        &[
            "postgres://db.example.com:5433/x",
            "redshift://db.example.com/x",
            "https://db.example.com/x",
            "postgres://db.example.com.evil.example/x",
            "postgres://db.example.com@evil.example/x",
            "postgres://evil.example#@db.example.com/x",
            "postgres://evil.example?@db.example.com/x",
            "postgres://evil.example/@db.example.com/x",
            "postgres://evil.example\\@db.example.com/x",
            "postgres://db.example.com\\@evil.example/x",
            "postgres://me@evil.example@db.example.com/x",
            "postgres://db.example.com,evil.example/x",
            "postgres://db.example.com,/x",
            "postgres://db.example.com:/../x:y@evil/x",
            "postgres://db.example.com:99999/x",
            "postgres://db.example.com:+5432/x",
            "postgres://db.example.com:/x",
            "postgres:///x?host=db.example.com",
            "postgres://db.example.com/x?%68ost=evil.example",
            "postgres://db.example.com/x?sslrootcert=/etc/passwd",
            "postgres://db.example.com/x?a=1?host=evil",
            "postgres://%2Fvar%2Frun/x",
            "postgres://d%62.example.com/x",
            "postgres://db.example.com\u{0}/x",
            "postgres://db .example.com/x",
            "https://wild.example/x",
            "https://evilwild.example/x",
            "https://a.wild.example.evil/x",
            "https://.wild.example/x",
            "https://a..wild.example/x",
            "http://192.0.2.8/",
            "http://192.0.2.7.evil.example/",
            "mysql://[2001:db8::1]:3307/x",
            "mysql://[2001:db8::1/x",
            "mysql://[fe80::1%25eth0]/x",
            "mysql://[2001:db8::1]evil/x",
            "http://files.example.com/a/x",
            "https://files.example.com/ab/x",
            "https://files.example.com/a/../b",
            "https://files.example.com/a/..;/b",
            "https://files.example.com/a/%2e.;x=1/b",
            "https://files.example.com/a/%2e%2e/b",
            "https://files.example.com/a\t/../b",
            "https://files.example.com:444/a/x",
            "https://files.example.com@evil.example/a/x",
            "host=db.example.com password=hunter2",
            "Server=db.example.com;Password=hunter2",
            "jdbc:postgresql://db.example.com/x",
            "ftp://192.0.2.7/x",
            "javascript:alert(1)",
        ],
    );
    assert!(access.allows_host("db.example.com", Some(5432)).is_ok());
    assert!(access.allows_host("DB.example.com.", Some(5432)).is_ok());
    assert!(access.allows_host("::1", None).is_ok() && access.allows_host("[::1]", Some(1)).is_ok());
    for (host, port) in [
        ("db.example.com", None),
        ("db.example.com:5432", None),
        ("", None),
        ("a@b.wild.example", None),
        ("*", None),
        ("*.wild.example", None),
    ] {
        assert!(access.allows_host(host, port).is_err(), "{host}");
    }
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

/// Whatever is put together from pieces that have tricked others, what is allowed is below the prefix however it is
/// decoded and resolved.
#[test]
fn no_path_leaves_its_prefix() {
    const PIECES: [&str; 34] = [
        "/", "/", "/", ".", "..", "%2e", "%2E", "%252e", "%2f", "%2F", "%5c", "\\", "tenant-a", "tenant-b", "lake",
        "x", "?", "#", "@", ":", "*", "{", "}", ",", "%", "%25", "%00", " ", "\t", "ä", "[", "]", "~", "..;",
    ];
    let access = access(&["s3://lake/tenant-a/", "https://files.example.com/tenant-a/"], &[]);
    let mut random = StdRng::seed_from_u64(6);
    let mut counts = [0, 0];
    for _ in 0..200_000 {
        let start = [
            "s3://lake/tenant-a/",
            "s3://lake/",
            "s3://",
            "S3A://lake/tenant-a",
            "https://files.example.com/tenant-a/",
        ];
        let mut url = (*start.choose(&mut random).expect("one")).to_owned();
        for _ in 0..random.random_range(0..6) {
            url += PIECES.choose(&mut random).expect("one");
        }
        let ok = access.allows_url(&url).is_ok();
        counts[usize::from(ok)] += 1;
        if !ok {
            continue;
        }
        let (_, rest) = url.split_once("://").expect("a URL");
        // A web server's query is no part of the path; in the key of an object it is.
        let rest = if url.starts_with("https") {
            rest.split(['?', '#']).next().unwrap_or_default()
        } else {
            rest
        };
        let mut text = rest.to_owned();
        for _ in 0..6 {
            assert!(
                resolved(&text).is_some_and(|path| path[1] == "tenant-a"),
                "{url} as {text}"
            );
            text = decoded(&text);
        }
        // As a browser would read it.
        let parsed = url::Url::parse(&url).expect("a URL");
        let mut segments = parsed.path_segments().expect("segments");
        assert_eq!(segments.next(), Some("tenant-a"), "{url}");
        assert!(
            ["lake", "files.example.com"].contains(&parsed.host_str().expect("a host")),
            "{url}"
        );
    }
    assert!(counts.iter().all(|count| *count > 10_000), "{counts:?}");
}

/// The parts of a path after `.`, `..` and doubled slashes; none if it leaves its root.
fn resolved(path: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.replace('\\', "/").split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part.to_owned()),
        }
    }
    (parts.len() > 1).then_some(parts)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// What is allowed goes to the hosts that others find in the URL.
#[test]
fn no_url_goes_to_another_host() {
    const PIECES: [&str; 30] = [
        "db.example.com",
        "evil.example",
        "@",
        "@",
        ":",
        ":5432",
        ":80",
        "/",
        "?",
        "#",
        "\\",
        ",",
        "%40",
        "%2f",
        "%23",
        ".",
        "..",
        "[",
        "]",
        "::1",
        "user",
        "pw",
        "%",
        " ",
        "\u{3002}",
        "\u{ff0e}",
        "DB",
        "\u{200d}",
        "host=",
        "&",
    ];
    let access = access(&[], &["db.example.com"]);
    let mut random = StdRng::seed_from_u64(7);
    let mut counts = [0, 0];
    for _ in 0..300_000 {
        let mut url = (*[
            "postgres://",
            "https://",
            "mysql://db.example.com",
            "http://db.example.com",
            "postgres://u:pw@",
        ]
        .choose(&mut random)
        .expect("one"))
        .to_owned();
        for _ in 0..random.random_range(0..6) {
            url += PIECES.choose(&mut random).expect("one");
        }
        let ok = access.allows_url(&url).is_ok();
        counts[usize::from(ok)] += 1;
        if !ok {
            continue;
        }
        let (scheme, rest) = url.split_once("://").expect("a URL");
        // Several servers are not for other parsers; each of them has been checked.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains(',') {
            let servers = authority.rsplit('@').next().unwrap_or_default();
            assert!(!servers.contains("evil"), "{url}");
            continue;
        }
        let parsed = url::Url::parse(&format!("https://{rest}")).expect("a URL");
        assert_eq!(
            parsed.host_str().map(|host| host.trim_end_matches('.')),
            Some("db.example.com"),
            "{scheme} {url}"
        );
    }
    assert!(counts[0] > 10_000 && counts[1] > 1_000, "{counts:?}");
}
