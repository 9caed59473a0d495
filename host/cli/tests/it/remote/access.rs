//! Who may what, and servers that are not what they should be.

use std::fs;

use serde_json::json;

use crate::place::{Ended, Place};

use super::Asked;

#[test]
fn tenants_have_quotas_and_tokens_of_their_own() {
    let asked = Asked::new();
    asked.tenon(&["tenant", "create", "other"]).succeeded();
    asked.tenon(&["tenant", "create", "other"]).failed(3);
    let quotas = [
        "tenant",
        "quotas",
        "shop",
        "--set",
        "concurrent_runs=2",
        "--set",
        "memory_bytes=1GiB",
    ];
    asked
        .tenon(&[&quotas[..], &["--set", "hosts=a.example.com:1,b.example.com:2"]].concat())
        .succeeded();
    asked
        .tenon(&["tenant", "quotas", "shop", "--unset", "concurrent_runs"])
        .succeeded();
    let shop = asked.tenon(&["tenant", "show", "shop", "--json"]).succeeded().json();
    assert_eq!(shop["title"], "The shop");
    assert_eq!(shop["quotas"]["memory_bytes"], 1 << 30);
    assert_eq!(shop["quotas"]["hosts"], json!(["a.example.com:1", "b.example.com:2"]));
    assert!(shop["quotas"]["concurrent_runs"].is_null(), "{shop}");

    let made = asked.tenon(&[
        "token",
        "create",
        "ci",
        "--scope",
        "run",
        "--expires",
        "1d",
        "--output",
        "ci.token",
    ]);
    let made = made.succeeded();
    let text = fs::read_to_string(asked.place.path("ci.token")).expect("written");
    assert!(
        text.starts_with("tnn_") && !made.stderr.contains(text.trim()),
        "{}",
        made.stderr
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(asked.place.path("ci.token"))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "others can read the token");
    }
    let of_ci = |arguments: &[&str]| {
        let mut command = asked.command(arguments);
        command
            .env("TENON_TOKEN", "tnn_not-this-one")
            .args(["--token-file", "ci.token"]);
        Ended::from(command.output().expect("started"))
    };
    of_ci(&["job", "start", "copy", "--follow"]).succeeded();
    let said = of_ci(&["job", "delete", "copy"]).failed(3);
    assert!(said.contains("`write`"), "{said}");
    of_ci(&["job", "list", "--tenant", "other"]).failed(3);
    of_ci(&["tenant", "list"]).failed(3);

    // Who may change jobs may not run them, as the help says.
    let help = asked.tenon(&["token", "create", "--help"]).succeeded().stdout;
    assert!(help.contains("It starts no runs"), "{help}");
    let made = asked.tenon(&[
        "token",
        "create",
        "editor",
        "--scope",
        "write",
        "--output",
        "editor.token",
    ]);
    made.succeeded();
    let of_editor = |arguments: &[&str]| {
        let mut command = asked.command(arguments);
        command.args(["--token-file", "editor.token"]);
        Ended::from(command.output().expect("started"))
    };
    of_editor(&["job", "put", "copy.toml"]).succeeded();
    let said = of_editor(&["job", "start", "copy"]).failed(3);
    assert!(said.contains("`run`"), "{said}");
    of_editor(&["token", "list"]).failed(3);

    let rotated = asked.tenon(&["token", "rotate", "ci", "--grace", "1h"]).succeeded();
    assert!(rotated.stdout.starts_with("tnn_"), "{}", rotated.stdout);
    let listed = asked.tenon(&["token", "list"]).succeeded().stdout;
    assert!(listed.contains("ci") && listed.contains("run"), "{listed}");
    asked.tenon(&["token", "revoke", "ci"]).succeeded();
    asked.tenon(&["token", "show", "ci"]).failed(3);
    let operators = asked
        .tenon(&["token", "list", "--operator", "--json"])
        .succeeded()
        .json();
    assert_eq!(operators.as_array().map(Vec::len), Some(1), "{operators}");

    asked.tenon(&["tenant", "suspend", "shop"]).succeeded();
    let said = asked.tenon(&["tenant", "list"]).succeeded().stdout;
    assert!(said.contains("suspended"), "{said}");
    asked.tenon(&["tenant", "activate", "shop"]).succeeded();
    asked.tenon(&["tenant", "delete", "other"]).succeeded();
    let audit = asked.tenon(&["audit", "list", "--since", "1h"]).succeeded().stdout;
    assert!(audit.contains("token.revoke"), "{audit}");
    asked.tenon(&["audit", "verify"]).succeeded();
}

#[test]
fn secrets_are_given_and_not_shown() {
    let asked = Asked::new();
    let put = asked
        .given(&["secret", "put", "key", "--job", "copy"], "hunter2-hunter2\n")
        .succeeded();
    fs::write(asked.place.path("key.txt"), "hunter3-hunter3\n").expect("written");
    asked.tenon(&["secret", "put", "key", "--file", "key.txt"]).succeeded();
    let shown = asked.tenon(&["secret", "show", "key", "--json"]).succeeded();
    assert_eq!(shown.json()["jobs"], json!(["copy"]), "who may use it stays");
    let listed = asked.tenon(&["secret", "list"]).succeeded();
    for said in [&put.stderr, &shown.stdout, &listed.stdout] {
        assert!(!said.contains("hunter"), "{said}");
    }
    asked
        .tenon(&["tenant", "quotas", "shop", "--set", "hosts=127.0.0.1:9"])
        .succeeded();
    asked
        .tenon(&[
            "connection",
            "put",
            "wh",
            "postgres://u:${secret:key}@127.0.0.1:9/d",
            "--option",
            "tls=disable",
        ])
        .succeeded();
    let shown = asked.tenon(&["connection", "show", "wh"]).succeeded().stdout;
    assert!(shown.contains("${secret:key}") && shown.contains("postgres"), "{shown}");
    asked.tenon(&["connection", "list"]).succeeded();
    // Nobody listens there.
    asked.tenon(&["connection", "test", "wh"]).failed(3);
    asked.tenon(&["connection", "delete", "wh"]).succeeded();
    asked.tenon(&["secret", "delete", "key"]).succeeded();
}

#[test]
fn targets_are_put_and_listed() {
    let asked = Asked::new();
    asked
        .given(&["secret", "put", "sign"], "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
        .succeeded();
    let target = [
        "target",
        "put",
        "ops",
        "--webhook",
        "https://ops.example.com/t",
        "--secret",
        "sign",
        "--kinds",
        "run.failed,quota",
    ];
    asked.tenon(&target).succeeded();
    let listed = asked.tenon(&["target", "list"]).succeeded().stdout;
    assert!(
        listed.contains("https://ops.example.com/t") && listed.contains("run.failed, quota"),
        "{listed}"
    );
    asked
        .tenon(&["target", "deliveries", "ops", "--state", "dead"])
        .succeeded();
    asked.tenon(&["target", "redeliver", "ops"]).succeeded();
    asked.tenon(&["target", "delete", "ops"]).succeeded();
    asked
        .tenon(&["target", "put", "ops", "--webhook", "https://ops.example.com/t"])
        .failed(2);
}

#[test]
fn the_server_tells_how_it_is() {
    let asked = Asked::new();
    let mut health = asked.command(&["server", "health"]);
    let health = Ended::from(health.env_remove("TENON_TOKEN").output().expect("started")).succeeded();
    assert!(health.stdout.contains("ready"), "{}", health.stdout);
    let server = asked.tenon(&["server", "show"]).succeeded().stdout;
    assert!(server.contains("version"), "{server}");
    asked.tenon(&["server", "metrics"]).succeeded();
    // It was started without a configuration file.
    asked.tenon(&["server", "reload"]).failed(3);
}

#[test]
fn a_wrong_token_or_none_is_told_without_it() {
    let asked = Asked::new();
    for token in ["tnn_wrong-wrong-wrong", ""] {
        let mut command = asked.command(&["job", "list"]);
        let said = Ended::from(command.env("TENON_TOKEN", token).output().expect("started")).failed(3);
        assert!(said.contains("TENON_TOKEN") && !said.contains("wrong-wrong"), "{said}");
    }
    let mut command = asked.command(&["job", "list"]);
    let said = Ended::from(command.env("TENON_TOKEN", "two words").output().expect("started")).failed(2);
    assert!(
        said.contains("the token is not right") && !said.contains("words"),
        "{said}"
    );
    let mut command = asked.command(&["job", "list"]);
    let said = Ended::from(command.env_remove("TENON_TENANT").output().expect("started")).failed(2);
    assert!(said.contains("--tenant"), "{said}");
    let mut command = asked.command(&["job", "list", "--json"]);
    let told = Ended::from(command.env("TENON_TOKEN", "tnn_wrong").output().expect("started"));
    assert_eq!((told.code, &told.json()["exit_code"]), (Some(3), &json!(3)));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let place = Place::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let url = format!("http://{}", port.expect("a port"));
    let said = place
        .tenon(&["--server", &url, "--tenant", "shop", "job", "list"])
        .failed(1);
    assert!(
        said.contains(&format!("cannot reach {url}")) && said.contains("is the server running"),
        "{said}"
    );
    for (url, reason) in [
        ("tenon.example.com", "https://"),
        ("http://tenon.example.com", "--insecure-http"),
        ("https://user:hidden@tenon.example.com", "token"),
    ] {
        let said = place
            .tenon(&["--server", url, "--tenant", "shop", "job", "list"])
            .failed(2);
        assert!(said.contains(reason) && !said.contains("hidden"), "{said}");
    }
    let said = place.tenon(&["job", "list"]).failed(2);
    assert!(said.contains("tenon --server URL job"), "{said}");
}
