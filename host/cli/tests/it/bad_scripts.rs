//! Scripts that go wrong, one kind after the other, in each interpreter: an exit code, a sentence that says what to do, and
//! nothing written. And a project in TypeScript, which has no guest of its own in the conformance suite.

use std::fs;

use crate::new::LACKS;
use crate::place::{Ended, Place, plugin_if_built};

const MISTAKE: i32 = 3;
const LIMIT: i32 = 4;

/// A script, and what has to be said of it.
struct Bad {
    file: &'static str,
    text: &'static str,
    code: i32,
    says: &'static [&'static str],
}

/// Runs the scripts of an interpreter over orders, within 96 MiB and two seconds of CPU time per call.
fn check(test: &str, interpreter: &str, scripts: &[Bad]) {
    if plugin_if_built(interpreter).is_none() {
        println!("\nSKIPPED {test}, target/plugins/{interpreter}.wasm is not there; `cargo xtask plugins` builds it");
        return;
    }
    let place = Place::of_large_guests();
    fs::write(place.path("orders.csv"), "id,customer,amount\n1,Ada,120.5\n").expect("written");
    for bad in scripts {
        fs::write(place.path(bad.file), bad.text).expect("written");
        let job = format!(
            "name = \"bad\"\nlimits = {{ memory = \"96MiB\", cpu_per_call = \"2s\" }}\nsources.orders.url = \"orders.csv\"\n\
             [steps.bad]\nfrom = \"orders\"\nscript = \"{}\"\n[sinks.out]\nfrom = \"bad\"\nurl = \"out.csv\"\n",
            bad.file
        );
        fs::write(place.path("job.toml"), job).expect("written");
        let ended = place.tenon(&["run", "job.toml"]);
        assert_eq!(ended.code, Some(bad.code), "{}: {}", bad.file, ended.stderr);
        for part in bad.says {
            assert!(ended.stderr.contains(part), "{}: {}", bad.file, ended.stderr);
        }
        assert!(!place.path("out.csv").exists(), "{}", bad.file);
    }
}

#[test]
fn in_javascript() {
    let scripts = [
        Bad {
            file: "loop.js",
            text: "function row(row) {\n  for (;;) row.id += 1;\n}\n",
            code: LIMIT,
            says: &["`cpu_per_call_ms` of 2s was reached", "raise `limits.cpu_per_call_ms`"],
        },
        Bad {
            file: "memory.js",
            text: "function row(row) {\n  const held = [];\n  for (;;) held.push(new Array(100000).fill(\"x\"));\n}\n",
            code: LIMIT,
            says: &["raise `limits.memory`"],
        },
        Bad {
            file: "column.js",
            text: "function row(row) {\n  row.customer = row.nowhere;\n  return row;\n}\n",
            code: MISTAKE,
            says: &["there is no column `nowhere`", "id, customer, amount", "column.js:2"],
        },
        Bad {
            file: "import.js",
            text: "import leftPad from \"left-pad\";\nfunction row(row) { return row; }\n",
            code: MISTAKE,
            says: &["import.js imports `left-pad`", "tenon new NAME --lang js"],
        },
        Bad {
            file: "config.js",
            text: "transform({ config: { least: number() }, process: (batch) => batch });\n",
            code: MISTAKE,
            says: &["least"],
        },
    ];
    check("scripts that go wrong in JavaScript", "javascript", &scripts);
}

#[test]
fn in_python() {
    let scripts = [
        Bad {
            file: "loop.py",
            text: "def row(row):\n    while True:\n        row[\"id\"] += 0\n",
            code: LIMIT,
            says: &["`cpu_per_call_ms` of 2s was reached", "raise `limits.cpu_per_call_ms`"],
        },
        Bad {
            file: "memory.py",
            text: "def row(row):\n    held = []\n    while True:\n        held.append(bytearray(1 << 20))\n",
            code: LIMIT,
            says: &["raise `limits.memory`"],
        },
        Bad {
            file: "column.py",
            text: "def row(row):\n    row[\"customer\"] = row[\"nowhere\"]\n    return row\n",
            code: MISTAKE,
            says: &["there is no column `nowhere`", "`customer`", "column.py, line 2"],
        },
        Bad {
            file: "import.py",
            text: "import numpy\n\ndef row(row):\n    return row\n",
            code: MISTAKE,
            says: &["import.py, line 1", "imports `numpy`", "tenon new --lang python"],
        },
        Bad {
            file: "config.py",
            text: "def process(batch, least: int):\n    return batch\n",
            code: MISTAKE,
            says: &["least"],
        },
    ];
    check("scripts that go wrong in Python", "python", &scripts);
}

#[test]
fn in_rhai() {
    let scripts = [
        Bad {
            file: "loop.rhai",
            text: "fn row(row) {\n    loop { row.id += 0; }\n}\n",
            code: LIMIT,
            says: &["`cpu_per_call_ms` of 2s was reached", "raise `limits.cpu_per_call_ms`"],
        },
        Bad {
            file: "memory.rhai",
            text: "fn row(row) {\n    let held = \"x\";\n    loop { held += held; }\n}\n",
            code: LIMIT,
            says: &["`memory` of 96 MiB was reached", "raise `limits.memory`"],
        },
        Bad {
            file: "column.rhai",
            text: "fn row(row) {\n    row.customer = row.nowhere;\n    row\n}\n",
            code: MISTAKE,
            says: &["there is no column `nowhere`", "id, customer, amount", "column.rhai:2"],
        },
        Bad {
            file: "import.rhai",
            text: "import \"left-pad\" as pad;\nfn row(row) { row }\n",
            code: MISTAKE,
            says: &[
                "import.rhai:1",
                "a script is one file",
                "put what it needs into the script",
            ],
        },
    ];
    check("scripts that go wrong in Rhai", "rhai", &scripts);
}

#[test]
fn in_typescript_errors_show_the_line_that_was_written() {
    let place = Place::new();
    let source = "import { transform, type Batch } from \"@tenon/sdk\";\n\ninterface Order { id: number }\n\n\
                  function inner(order: Order | undefined): number {\n  return order!.id;\n}\n\n\
                  export const broken = transform({\n  process: (batch: Batch) => (batch.rows === 0 || inner(undefined) > 0 ? \
                  batch : undefined),\n});\n";
    fs::create_dir_all(place.path("shop/src")).expect("made");
    fs::write(
        place.path("shop/package.json"),
        "{ \"name\": \"shop\", \"type\": \"module\" }",
    )
    .expect("written");
    fs::write(place.path("shop/src/index.ts"), source).expect("written");
    fs::write(place.path("orders.csv"), "id\n1\n").expect("written");
    let mut command = place.command(&["run", "shop", "--from", "orders.csv", "--to", "out.csv"]);
    // The machine's own: the tools may lie there.
    command.env_remove("TENON_CACHE");
    let ended = Ended::from(command.output().expect("started"));
    if LACKS.iter().any(|lack| ended.stderr.contains(lack)) {
        let reason = ended.stderr.lines().last().unwrap_or_default();
        println!("\nSKIPPED errors in TypeScript, which cannot be built here: {reason}");
        return;
    }
    let said = ended.failed(1);
    assert!(said.contains("at inner (src/index.ts:6)"), "{said}");
    assert!(!place.path("out.csv").exists());
}
