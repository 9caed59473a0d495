//! Scripts in one file, which interpreters run as they are.

use std::fs;

use crate::place::{Place, plugin_if_built};

/// A script of a language: its file, one that cleans orders, and how its errors name a line.
struct Script {
    interpreter: &'static str,
    file: &'static str,
    clean: &'static str,
    broken: &'static str,
    place: &'static str,
}

const SCRIPTS: [Script; 3] = [
    Script {
        interpreter: "javascript",
        file: "clean.js",
        clean: "function row(row, config) {\n  if (row.amount < 0) reject(\"the amount is negative\");\n  \
                row.customer = row.customer.toUpperCase();\n  return row;\n}\n",
        broken: "function row(row) {\n  const nothing = undefined;\n  return nothing.customer;\n}\n",
        place: "clean.js:3",
    },
    Script {
        interpreter: "python",
        file: "clean.py",
        clean: "from tenon import Reject\n\ndef row(row):\n    if row[\"amount\"] < 0:\n        \
                raise Reject(\"the amount is negative\")\n    row[\"customer\"] = row[\"customer\"].upper()\n    return row\n",
        broken: "def row(row):\n    nothing = None\n    return nothing.customer\n",
        place: "File \"clean.py\", line 3",
    },
    Script {
        interpreter: "rhai",
        file: "clean.rhai",
        clean: "fn row(row) {\n    if row.amount < 0.0 { return reject(\"the amount is negative\"); }\n    \
                row.customer = row.customer.to_upper();\n    row\n}\n",
        broken: "fn row(row) {\n    let nothing = 1;\n    row.nowhere\n}\n",
        place: "clean.rhai:3",
    },
];

/// A place with orders, and the scripts whose interpreters are there.
fn each(test: &str, check: impl Fn(&Place, &Script)) {
    for script in SCRIPTS {
        if plugin_if_built(script.interpreter).is_none() {
            println!(
                "\nSKIPPED {test} in {}, whose interpreter is not built",
                script.interpreter
            );
            continue;
        }
        let place = Place::of_large_guests();
        let orders = "id,customer,amount\n1,Ada,120.5\n2,Grace,35.0\n3,Bob,-2.0\n";
        fs::write(place.path("orders.csv"), orders).expect("written");
        fs::write(place.path(script.file), script.clean).expect("written");
        check(&place, &script);
    }
}

#[test]
fn a_script_runs_and_an_edit_counts_at_once() {
    each("a_script_runs_and_an_edit_counts_at_once", |place, script| {
        let arguments = [
            "run",
            script.file,
            "--from",
            "orders.csv",
            "--to",
            "out.csv",
            "--mode",
            "overwrite",
        ];
        place
            .tenon(&[&arguments[..], &["--rejects", "refused.ndjson"]].concat())
            .succeeded();
        let out = || fs::read_to_string(place.path("out.csv")).expect("written");
        assert_eq!(
            out(),
            "id,customer,amount\n1,ADA,120.5\n2,GRACE,35.0\n",
            "{}",
            script.file
        );
        let refused = fs::read_to_string(place.path("refused.ndjson")).expect("written");
        assert!(
            refused.contains("\"rejected_by\":\"clean\"") && refused.contains("the amount is negative"),
            "{refused}"
        );
        let edited = script.clean.replace("toUpperCase", "toLowerCase");
        let edited = edited.replace("upper()", "lower()").replace("to_upper", "to_lower");
        fs::write(place.path(script.file), edited).expect("written");
        place.tenon(&arguments).succeeded();
        assert!(out().contains("1,ada,"), "{}", out());
    });
}

#[test]
fn a_script_is_a_step_of_a_job_file() {
    each("a_script_is_a_step_of_a_job_file", |place, script| {
        let job = format!(
            "name = \"orders\"\n[sources.orders]\nurl = \"orders.csv\"\n[steps.cleaned]\nfrom = \"orders\"\nscript = \
             \"{}\"\n[sinks.out]\nfrom = \"cleaned\"\nurl = \"out.csv\"\n",
            script.file
        );
        fs::write(place.path("job.toml"), job).expect("written");
        place.tenon(&["validate", "job.toml"]).succeeded();
        place.tenon(&["run", "job.toml"]).succeeded();
        let out = fs::read_to_string(place.path("out.csv")).expect("written");
        assert!(out.contains("2,GRACE,35.0"), "{out}");
    });
}

#[test]
fn errors_show_the_scripts_own_line() {
    each("errors_show_the_scripts_own_line", |place, script| {
        fs::write(place.path(script.file), script.broken).expect("written");
        let ended = place.tenon(&["run", script.file, "--from", "orders.csv", "--to", "out.csv"]);
        assert!(ended.stderr.contains(script.place), "{}", ended.stderr);
        assert_ne!(ended.code, Some(0));
        assert!(!place.path("out.csv").exists());
    });
}

#[test]
fn a_failed_script_is_replayed_with_the_text_that_it_has_now() {
    let place = Place::of_large_guests();
    let script = &SCRIPTS[0];
    if plugin_if_built(script.interpreter).is_none() {
        println!("\nSKIPPED a_failed_script_is_replayed, its interpreter is not built");
        return;
    }
    fs::write(place.path("orders.csv"), "id,customer,amount\n1,Ada,120.5\n").expect("written");
    fs::write(place.path(script.file), script.broken).expect("written");
    let run = [
        "run",
        script.file,
        "--from",
        "orders.csv",
        "--to",
        "out.csv",
        "--keep-failed",
    ];
    place.tenon(&run).failed(1);
    let again = place.tenon(&["replay", "last"]).failed(1);
    assert!(again.contains(script.place), "{again}");
    fs::write(place.path(script.file), script.clean).expect("written");
    let replayed = place.tenon(&["replay", "last", "--json"]).succeeded().json();
    assert_eq!(replayed["rows"][0]["customer"], "ADA");
}

#[test]
fn what_is_no_script_is_refused() {
    let place = Place::new();
    fs::write(place.path("orders.csv"), "id\n1\n").expect("written");
    let said = place
        .tenon(&["run", "gone.js", "--from", "orders.csv", "--to", "out.csv"])
        .failed(3);
    assert!(said.contains("gone.js"), "{said}");
    let job = "[sources.orders]\nurl = \"orders.csv\"\n[steps.cleaned]\nfrom = \"orders\"\nscript = \"clean.lua\"\n\
               [sinks.out]\nfrom = \"cleaned\"\nurl = \"out.csv\"\n";
    fs::write(place.path("job.toml"), job).expect("written");
    let said = place.tenon(&["validate", "job.toml"]).failed(3);
    assert!(
        said.contains("no interpreter for `clean.lua`") && said.contains("job.toml:5"),
        "{said}"
    );
}
