//! Plugins that are pushed, promoted and rolled back.

use std::fs;

use crate::place::plugin;

use super::Asked;

/// Another version of a component: with a section that means nothing.
fn another(component: &[u8]) -> Vec<u8> {
    let mut other = component.to_vec();
    other.extend([0, 2, 1, b'x']);
    other
}

#[test]
fn versions_are_pushed_tried_promoted_and_rolled_back() {
    let asked = Asked::new();
    let component = fs::read(plugin()).expect("a component");
    fs::write(asked.place.path("flights.wasm"), &component).expect("written");
    let pushed = asked
        .tenon(&["plugin", "push", "flights.wasm", "--label", "1.0"])
        .succeeded()
        .stderr;
    assert!(pushed.contains("version 1 of `flights` is new"), "{pushed}");
    let again = asked.tenon(&["plugin", "push", "flights.wasm"]).succeeded().stderr;
    assert!(again.contains("was there already"), "{again}");
    fs::write(asked.place.path("next.wasm"), another(&component)).expect("written");
    let next = ["plugin", "push", "next.wasm", "--name", "flights"];
    assert_eq!(
        asked.tenon(&[&next[..], &["--json"]].concat()).succeeded().json()["version"],
        2
    );

    let stable = || {
        let plugin = asked.tenon(&["plugin", "show", "flights", "--json"]).succeeded().json();
        let aliases = plugin["aliases"].as_array().expect("aliases").clone();
        aliases
            .into_iter()
            .find(|alias| alias["alias"] == "stable")
            .expect("stable")
    };
    assert_eq!(stable()["version"], 1);
    asked
        .tenon(&["plugin", "canary", "flights", "2", "--percent", "10"])
        .succeeded();
    assert_eq!(
        (&stable()["version"], &stable()["canary"]["share"]),
        (&1.into(), &10.into())
    );
    let shown = asked.tenon(&["plugin", "aliases", "flights"]).succeeded().stdout;
    assert!(shown.contains("10 % try version 2"), "{shown}");
    asked.tenon(&["plugin", "rollback", "flights"]).succeeded();
    assert!(stable()["canary"].is_null());

    let promoted = asked
        .tenon(&["plugin", "promote", "flights", "2", "--reason", "faster"])
        .succeeded()
        .stderr;
    assert!(promoted.contains("`flights@stable` is version 2"), "{promoted}");
    assert_eq!(stable()["version"], 2);
    asked
        .tenon(&["plugin", "rollback", "flights", "--reason", "slower"])
        .succeeded();
    assert_eq!(stable()["version"], 1);

    let versions = asked.tenon(&["plugin", "versions", "flights"]).succeeded().stdout;
    assert!(versions.contains("1.0") && versions.contains("ready"), "{versions}");
    let history = asked.tenon(&["plugin", "history", "flights"]).succeeded().stdout;
    assert!(history.contains("faster") && history.contains("slower"), "{history}");
    asked.tenon(&["plugin", "delete", "flights", "2"]).succeeded();
    let version = asked
        .tenon(&["plugin", "version", "flights", "2", "--json"])
        .succeeded()
        .json();
    assert_eq!(version["state"], "retired");
    assert_eq!(
        asked
            .tenon(&["plugin", "list"])
            .succeeded()
            .stdout
            .lines()
            .nth(1)
            .map(str::trim),
        Some("flights")
    );
}

#[test]
fn what_is_no_plugin_is_refused() {
    let asked = Asked::new();
    fs::write(asked.place.path("junk.wasm"), "this is no component").expect("written");
    let said = asked.tenon(&["plugin", "push", "junk.wasm"]).failed(3);
    assert!(said.contains("junk"), "{said}");
    let digest = "0".repeat(64);
    let component = plugin();
    let said = asked
        .tenon(&["plugin", "push", &component, "--name", "a", "--digest", &digest])
        .failed(3);
    assert!(said.contains("SHA-256") || said.contains("digest"), "{said}");
    let said = asked.tenon(&["plugin", "push", "gone.wasm"]).failed(3);
    assert!(said.contains("gone.wasm"), "{said}");
}
