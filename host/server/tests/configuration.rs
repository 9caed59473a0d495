//! Every setting is in docs/server.md, with its default.

use std::collections::BTreeMap;
use std::path::Path;

use tenon_server::ServerConfig;
use toml::Value;

/// Settings whose default is a matter of the machine.
const OF_THE_MACHINE: [&str; 1] = ["runs.concurrent"];

#[test]
fn every_setting_is_documented_with_its_default() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/server.md");
    let page = std::fs::read_to_string(page).expect("docs/server.md");
    let documented = documented(&page);
    let shown: Value = toml::from_str(&ServerConfig::default().shown()).expect("a configuration");
    let mut settings = BTreeMap::new();
    leaves("", &shown, &mut settings);
    assert!(settings.len() > 40, "{settings:?}");
    for (setting, default) in settings {
        let found = documented.get(&setting);
        let found = found.unwrap_or_else(|| panic!("docs/server.md has no row for `{setting}`"));
        if !OF_THE_MACHINE.contains(&setting.as_str()) {
            assert_eq!(*found, default, "the default of `{setting}` in docs/server.md");
        }
    }
}

/// Defaults by setting, from the rows of tables that have four cells and begin with a setting.
fn documented(page: &str) -> BTreeMap<String, String> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split(" | ").collect();
        let [setting, _, default, ..] = cells[..] else {
            return None;
        };
        let default = default.split('`').nth(1).unwrap_or(default);
        Some((setting.trim_end_matches('`').to_owned(), default.to_owned()))
    });
    rows.collect()
}

fn leaves(path: &str, value: &Value, settings: &mut BTreeMap<String, String>) {
    if let Value::Table(fields) = value {
        for (name, field) in fields {
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            leaves(&path, field, settings);
        }
        return;
    }
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    settings.insert(path.to_owned(), text);
}
