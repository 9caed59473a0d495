//! What files and options give to a server.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value};
use tenon_host::job::{Document, Format, Node};

use crate::exit::Failure;
use crate::format::parse_duration;

/// What a file in TOML, YAML or JSON defines.
pub(super) fn definition(file: &Path) -> Result<Value, Failure> {
    let format = format(file)?;
    let text = text(file)?;
    let document = Document::new(&file.display().to_string(), &text);
    let parsed = Node::parse(&document, format).and_then(|node| node.read().map_err(|problem| vec![problem]));
    parsed.map_err(|problems| {
        let told = problems.iter().map(|problem| match problem.span() {
            Some(span) => {
                let place = document.position(span.start);
                format!("{}:{}:{}: {problem}", file.display(), place.line, place.column)
            }
            None => format!("{}: {problem}", file.display()),
        });
        Failure::refused(anyhow!(told.collect::<Vec<_>>().join("\n")))
    })
}

/// The format of a file, by its ending.
pub(super) fn format(file: &Path) -> Result<Format, Failure> {
    Format::of(file).ok_or_else(|| {
        let error = anyhow!("{} does not end with .toml, .yaml, .yml or .json", file.display());
        Failure::refused(error)
    })
}

pub(super) fn text(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .with_context(|| format!("cannot read {}", file.display()))
        .map_err(Failure::refused)
}

/// What a thing is called after its file, where no name is given.
pub(super) fn name(given: Option<&str>, file: &Path) -> Result<String, Failure> {
    let name = given.map(str::to_owned).or_else(|| {
        let stem = file.file_stem()?.to_str()?;
        Some(stem.to_owned())
    });
    name.ok_or_else(|| Failure::usage(format!("{} gives no name; --name does", file.display())))
}

/// Settings as an object.
pub(super) fn object(settings: &[(String, Value)]) -> Map<String, Value> {
    settings.iter().cloned().collect()
}

/// A time as the server takes it: RFC 3339, a day (its beginning, UTC), or how long ago.
pub(super) fn time(text: &str) -> Result<String, Failure> {
    let time = if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        Some(time.to_utc())
    } else if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Some(day.and_time(NaiveTime::MIN).and_utc())
    } else {
        let ago = parse_duration(text).ok().and_then(|ago| TimeDelta::from_std(ago).ok());
        ago.and_then(|ago| Utc::now().checked_sub_signed(ago))
    };
    let time = time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    time.ok_or_else(|| {
        Failure::usage(format!(
            "`{text}` is no time; one is 2026-11-22, 2026-11-22T02:00:00Z, or 7d, which is 7 days ago"
        ))
    })
}

/// The same, where one is given.
pub(super) fn time_if(text: Option<&String>) -> Result<Option<String>, Failure> {
    text.map(|text| time(text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_moments_and_spans() {
        assert_eq!(time("2026-11-22").expect("a day"), "2026-11-22T00:00:00Z");
        assert_eq!(
            time("2026-11-22T02:00:00+01:00").expect("a moment"),
            "2026-11-22T01:00:00Z"
        );
        let ago = time("2d").expect("a span");
        let ago = Utc::now() - DateTime::parse_from_rfc3339(&ago).expect("a time").to_utc();
        assert_eq!(ago.num_hours(), 48);
        assert_eq!(time("yesterday").expect_err("no time").code, 2);
        assert_eq!(time("99999999999999d").expect_err("no time").code, 2);
    }

    #[test]
    fn definitions_are_read_in_three_formats() {
        let folder = tempfile::tempdir().expect("a folder");
        let expected = serde_json::json!({ "when": "on_demand", "actions": [{ "job": "copy" }] });
        for (name, text) in [
            ("a.toml", "when = \"on_demand\"\n[[actions]]\njob = \"copy\"\n"),
            ("a.yaml", "when: on_demand\nactions:\n  - job: copy\n"),
            (
                "a.json",
                "{\"when\": \"on_demand\", \"actions\": [{\"job\": \"copy\"}]}",
            ),
        ] {
            let file = folder.path().join(name);
            fs::write(&file, text).expect("written");
            assert_eq!(
                definition(&file).unwrap_or_else(|failure| panic!("{failure:?}")),
                expected
            );
        }
        let file = folder.path().join("b.toml");
        fs::write(&file, "when = \n").expect("written");
        assert_eq!(definition(&file).expect_err("it is wrong").code, 3);
        assert_eq!(definition(&folder.path().join("c.txt")).expect_err("no format").code, 3);
    }
}
