//! Triggers and workflows.

use std::fs;

use super::Asked;

const NIGHTLY: &str = "
properties = { day = \"monday\" }
[nodes.first]
job = \"copy\"
[nodes.second]
job = \"copy\"
depends_on = [{ node = \"first\", states = [\"SUCCEEDED\"] }]
";

#[test]
fn triggers_are_put_enabled_and_fired() {
    let asked = Asked::new();
    asked
        .tenon(&["trigger", "put", "again", "--on-demand", "--job", "copy"])
        .succeeded();
    let fired = asked.tenon(&["trigger", "fire", "again", "--json"]).succeeded().json();
    let run = fired[0]["run"].as_str().expect("a run").to_owned();
    asked.tenon(&["run", "watch", &run]).succeeded();
    assert_eq!(asked.copied(), [1, 2, 3]);
    let firings = asked.tenon(&["trigger", "firings", "again"]).succeeded().stdout;
    assert!(firings.contains(&run), "{firings}");

    let nightly = [
        "trigger",
        "put",
        "nightly",
        "--schedule",
        "0 2 * * *",
        "--time-zone",
        "Europe/Berlin",
        "--job",
        "copy",
    ];
    let stored = asked.tenon(&[&nightly[..], &["--enable"]].concat()).succeeded().stderr;
    assert!(stored.contains("fires next at"), "{stored}");
    let listed = asked.tenon(&["trigger", "list"]).succeeded().stdout;
    assert!(
        listed.contains("0 2 * * *") && listed.contains("ACTIVATED") && listed.contains("on demand"),
        "{listed}"
    );
    asked.tenon(&["trigger", "disable", "nightly"]).succeeded();
    let shown = asked
        .tenon(&["trigger", "show", "nightly", "--json"])
        .succeeded()
        .json();
    assert_eq!(shown["state"], "DEACTIVATED");
    asked.tenon(&["trigger", "enable", "nightly"]).succeeded();
    asked.tenon(&["trigger", "delete", "nightly"]).succeeded();

    fs::write(
        asked.place.path("after.yaml"),
        "when:\n  event:\n    source:\n      job: { job: copy }\nactions:\n  - job: copy\n",
    )
    .expect("written");
    asked
        .tenon(&["trigger", "put", "after", "--file", "after.yaml"])
        .succeeded();
    let said = asked
        .tenon(&["trigger", "put", "bad", "--schedule", "at two", "--job", "copy"])
        .failed(3);
    assert!(said.contains("at two"), "{said}");
    asked.tenon(&["trigger", "put", "bad", "--on-demand"]).failed(2);
}

#[test]
fn webhooks_are_called_with_what_signs_them() {
    let asked = Asked::new();
    asked
        .given(&["secret", "put", "hook"], "a secret of length\n")
        .succeeded();
    let trigger = r#"{ "when": { "event": { "source": { "webhook": { "secret": "hook", "signature": "token" } } } },
                       "actions": [{ "job": "copy", "pass_events": false }] }"#;
    fs::write(asked.place.path("hook.json"), trigger).expect("written");
    asked
        .tenon(&["trigger", "put", "hook", "--file", "hook.json", "--enable"])
        .succeeded();
    fs::write(
        asked.place.path("headers.txt"),
        "Authorization: Bearer a secret of length\n",
    )
    .expect("written");
    let call = ["trigger", "call", "hook", "--headers", "headers.txt"];
    asked.given(&call, "{}").succeeded();
    // The operator's token does not sign a call.
    asked.given(&call[..3], "{}").failed(3);
}

#[test]
fn workflows_are_put_drawn_started_and_resumed() {
    let asked = Asked::new();
    fs::write(asked.place.path("nightly.toml"), NIGHTLY).expect("written");
    let stored = asked.tenon(&["workflow", "put", "nightly.toml"]).succeeded().stderr;
    assert!(stored.contains("stored the workflow `nightly`, version 1"), "{stored}");
    let drawn = asked.tenon(&["workflow", "picture", "nightly"]).succeeded().stdout;
    assert!(drawn.contains("first") && drawn.contains("second"), "{drawn}");
    asked
        .tenon(&["workflow", "picture", "nightly", "--svg", "nightly.svg"])
        .succeeded();
    assert!(
        fs::read_to_string(asked.place.path("nightly.svg"))
            .expect("drawn")
            .contains("<svg")
    );

    let followed = asked
        .tenon(&["workflow", "start", "nightly", "--property", "day=tuesday", "--follow"])
        .succeeded();
    assert!(followed.stderr.contains("second is SUCCEEDED"), "{}", followed.stderr);
    assert!(
        followed.stdout.contains("COMPLETED") && followed.stdout.contains("tuesday"),
        "{}",
        followed.stdout
    );
    assert_eq!(asked.copied(), [1, 1, 2, 2, 3, 3]);

    let runs = asked
        .tenon(&["workflow", "runs", "nightly", "--json"])
        .succeeded()
        .json();
    let run = runs[0]["id"].as_str().expect("an id");
    assert!(
        asked
            .tenon(&["workflow", "picture", "--run", run, "--ascii"])
            .succeeded()
            .stdout
            .contains("SUCCEEDED")
    );
    asked.tenon(&["workflow", "property", "set", run, "note", "fine"]);
    let restarted = asked
        .tenon(&["workflow", "restart", run, "--follow", "--json"])
        .succeeded()
        .json();
    assert_eq!(restarted["properties"]["day"], "tuesday");

    fs::remove_file(asked.place.path("data/tenants/shop/files/in.csv")).expect("removed");
    let failed = asked.tenon(&["workflow", "start", "nightly", "--follow"]).failed(1);
    assert!(failed.contains("did not succeed"), "{failed}");
    fs::write(asked.place.path("data/tenants/shop/files/in.csv"), "number\n5\n").expect("written");
    let runs = asked
        .tenon(&["workflow", "runs", "nightly", "--json", "--limit", "1"])
        .succeeded()
        .json();
    let run = runs[0]["id"].as_str().expect("an id");
    asked.tenon(&["workflow", "resume", run, "--follow"]).succeeded();
    assert!(asked.copied().ends_with(&[5, 5]), "{:?}", asked.copied());
}
