//! What the command tells without running anything.

use crate::place::{Place, plugin};

#[test]
fn a_plugin_shows_what_it_offers() {
    let place = Place::new();
    let shown = place.tenon(&["inspect", &plugin()]).succeeded().stdout;
    for text in [
        "categorise",
        "transform",
        "sha256:",
        "--set late_after",
        "integer, default 15",
        "dep_delay",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let json = place.tenon(&["inspect", &plugin(), "--json"]).succeeded().json();
    assert_eq!(json["functions"][0]["name"], "categorise");
    assert_eq!(
        json["functions"][0]["config"]["properties"]["late_after"]["default"],
        15
    );
    assert_eq!(json["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn help_and_completions() {
    let place = Place::new();
    let help = place.tenon(&["--help"]).succeeded().stdout;
    assert!(help.contains("Exit codes:") && help.contains("130"), "{help}");
    for command in ["run", "inspect", "new", "build", "replay", "completions"] {
        let help = place.tenon(&[command, "--help"]).succeeded().stdout;
        assert!(help.contains("Examples:"), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = place.tenon(&["completions", shell]).succeeded().stdout;
        assert!(
            script.contains("tenon") && script.contains("replay") && script.contains("watch"),
            "{shell}"
        );
    }
    let nearest = place.tenon(&["rum"]).failed(2);
    assert!(nearest.contains("run"), "{nearest}");
}
