//! Hosts, however their names are written.

use super::{access, allowed, assembled, denied};

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
            "mssql://[::1]/x?encrypt=verify-full&application=shop",
            "postgres://db.example.com/x?sslmode=verify-full&sslrootcert=system&options=-c%20a%3Db&connect_timeout=5",
            "mysql://[2001:db8::1]/x?ssl-mode=required&",
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
            "postgres://db.example.com/x?sslcert=x.pem",
            "postgres://db.example.com/x?sslkey=x.pem",
            "postgres://db.example.com/x?port=22",
            "postgres://db.example.com/x?%70ort=22",
            "postgres://db.example.com/x?sslrootcert=system&sslrootcert=%2Fetc%2Fpasswd",
            "postgres://db.example.com/x?target_session_attrs=any",
            "mssql://[::1]/x?TrustServerCertificate=true",
            "mysql://[2001:db8::1]/x?allow_local_infile=1",
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
    const STARTS: [&str; 5] = [
        "postgres://",
        "https://",
        "mysql://db.example.com",
        "http://db.example.com",
        "postgres://u:pw@",
    ];
    let access = access(&[], &["db.example.com"]);
    let mut counts = [0, 0];
    for url in assembled(7, &STARTS, &PIECES).take(300_000) {
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
