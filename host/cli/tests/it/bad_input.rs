//! Bad input, one kind after the other: an exit code, a sentence that names what is wrong, and nothing written.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::place::{Ended, Place, guest};

/// A job that copies `source`, a table of a job file, to `sink`, another one.
fn copying(place: &Place, source: &str, sink: &str) -> String {
    let text = format!("name = \"copy\"\nsources.in = {{ {source} }}\nsinks.out = {{ from = \"in\", {sink} }}\n");
    job(place, &text)
}

fn job(place: &Place, text: &str) -> String {
    let path = place.path("job.toml");
    fs::write(&path, text).expect("written");
    path.to_string_lossy().into_owned()
}

fn write(place: &Place, name: &str, content: impl AsRef<[u8]>) {
    let path = place.path(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, content).expect("written");
}

/// The first part of a real file.
fn truncate(place: &Place, whole: &str, part: &str) {
    let bytes = fs::read(place.path(whole)).expect("readable");
    write(place, part, &bytes[..bytes.len() * 2 / 3]);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut child = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("written");
    drop(input);
    child.wait_with_output().expect("ended").stdout
}

#[test]
fn sources() {
    let place = Place::new();
    let numbers: String = (0..20_000)
        .map(|id| format!("{id},{}\n", id * 7919 % 10_007))
        .collect::<Vec<_>>()
        .concat();
    let numbers = format!("id,n\n{numbers}");
    write(&place, "empty.csv", "");
    write(&place, "no.parquet", "this is text");
    write(&place, "whole.csv.gz", gzip(&numbers));
    truncate(&place, "whole.csv.gz", "half.csv.gz");
    let whole = copying(&place, "url = \"whole.csv.gz\"", "url = \"whole.parquet\"");
    place.tenon(&["run", &whole]).succeeded();
    truncate(&place, "whole.parquet", "half.parquet");
    write(&place, "ragged.csv", "id,n\n1,2\n3,4,5\n6\n");
    write(&place, "misfit.csv", "id,n\n1,2\n3,four\n");
    write(&place, "clash/a.csv", "id,n\n1,2\n");
    write(&place, "clash/b.csv", "id,n\n1,2013-01-01\n");
    let before = place.names("");

    for (source, code, sentences) in [
        ("url = \"none.csv\"", 3, vec!["there is no file or folder none.csv"]),
        ("url = \"empty.csv\"", 1, vec!["empty.csv is empty"]),
        ("url = \"none-*.csv\"", 3, vec!["none-*.csv holds no files to read"]),
        ("url = \"no.parquet\"", 1, vec!["no.parquet"]),
        ("url = \"whole.csv.gz\", format = \"parquet\"", 1, vec!["whole.csv.gz"]),
        ("url = \"half.csv.gz\"", 1, vec!["half.csv.gz is damaged"]),
        ("url = \"half.parquet\"", 1, vec!["half.parquet"]),
        (
            "url = \"ragged.csv\"",
            1,
            vec!["ragged.csv, line 3", "more than the 2 values"],
        ),
        (
            "url = \"misfit.csv\", schema = { n = \"bigint\" }",
            1,
            vec!["misfit.csv, line 3: column `n` holds `four`"],
        ),
        (
            "url = \"clash/\", evolution = \"strict\"",
            1,
            vec!["a.csv", "b.csv", "`n`"],
        ),
    ] {
        let job = copying(&place, source, "url = \"out/\"");
        let message = place.tenon(&["run", &job]).failed(code);
        for sentence in sentences {
            assert!(message.contains(sentence), "{source}: {message}");
        }
        assert_eq!(place.names(""), before, "{source}");
    }
    // The same files, with what can't be read left out.
    for (file, schema, kept, left_out) in [
        ("ragged.csv", "", 1, 2),
        ("misfit.csv", "schema = { n = \"bigint\" },", 1, 1),
    ] {
        let text = format!(
            "name = \"lenient\"\non_error = \"reject\"\nsources.in = {{ {schema} url = \"{file}\" }}\n\
             [sinks.out]\nfrom = \"in\"\nurl = \"kept.csv\"\nmode = \"overwrite\"\n\
             [sinks.bad]\nrejects_of = \"in\"\nurl = \"bad.ndjson\"\nmode = \"overwrite\"\n"
        );
        let report = place.tenon(&["run", &job(&place, &text), "--json"]).succeeded().json();
        assert_eq!(
            (report["rows_out"].as_u64(), report["rows_rejected"].as_u64()),
            (Some(kept), Some(left_out))
        );
        let bad = fs::read_to_string(place.path("bad.ndjson")).expect("readable");
        assert!(
            bad.lines()
                .next()
                .is_some_and(|line| line.contains("\"rejected_row\":3")),
            "{bad}"
        );
    }
}

#[test]
fn graphs() {
    let place = Place::new();
    let around = "sources.a.url = \"a.csv\"\n[sinks.o]\nfrom = \"s\"\nurl = \"o.csv\"\n";
    for (steps, sentence) in [
        (
            "[steps.s]\nfrom = \"t\"\nlimit = 1\n[steps.t]\nfrom = \"s\"\nlimit = 1\n",
            "these steps read each other in a circle",
        ),
        ("[steps.s]\nfrom = \"b\"\nlimit = 1\n", "`b`"),
        ("[steps.s]\nsql = \"select * from a join b using (id)\"\n", "`b`"),
    ] {
        let message = place
            .tenon(&["run", &job(&place, &format!("{around}{steps}"))])
            .failed(3);
        assert!(message.contains(sentence) && message.contains("job.toml:"), "{message}");
    }
    let unknown =
        format!("{around}[steps.s]\nfrom = \"a\"\nlimit = 1\n[functions.f]\nplugin = \"x.wasm\"\non_eror = \"null\"\n");
    let message = place.tenon(&["run", &job(&place, &unknown)]).failed(3);
    assert!(
        message.contains("did you mean `on_error`?") && message.contains(":10:"),
        "{message}"
    );
}

#[test]
fn a_plugin_that_returns_other_columns_than_it_announced() {
    let place = Place::new();
    write(&place, "in.csv", "id\n1\n");
    for attack in ["more-columns", "other-type"] {
        let text = format!(
            "name = \"lies\"\nsources.in.url = \"in.csv\"\n[steps.lie]\nfrom = \"in\"\nplugin = \"{}\"\nfunction = \
             \"{attack}\"\n[sinks.out]\nfrom = \"lie\"\nurl = \"out.csv\"\n",
            guest("evil")
        );
        let message = place.tenon(&["run", &job(&place, &text)]).failed(1);
        assert!(message.contains("lie") && message.contains("announced"), "{message}");
        assert!(!place.path("out.csv").exists());
    }
}

#[test]
fn targets() {
    let place = Place::new();
    write(&place, "in.csv", "id\n1\n");
    write(&place, "there.csv", "id\n7\n");
    let copy = copying(&place, "url = \"in.csv\"", "url = \"there.csv\"");
    let message = place.tenon(&["run", &copy]).failed(3);
    assert!(message.contains("already holds data"), "{message}");
    assert_eq!(
        fs::read_to_string(place.path("there.csv")).expect("readable"),
        "id\n7\n"
    );

    // Nobody, root included, makes a folder below a file.
    let copy = copying(&place, "url = \"in.csv\"", "url = \"there.csv/out/\"");
    let message = place.tenon(&["run", &copy]).failed(1);
    assert!(message.contains("there.csv"), "{message}");

    // A file must not grow beyond what `ulimit -f` says, which is refused where no disk can be mounted too.
    let many: String = (0..400_000_u64)
        .map(|id| format!("{}\n", id.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect::<Vec<_>>()
        .concat();
    write(&place, "many.csv", format!("id\n{many}"));
    let copy = copying(&place, "url = \"many.csv\"", "url = \"full/\", format = \"csv\"");
    let run = place.command(&["run", &copy, "--no-history"]);
    let program = run.get_program().to_string_lossy().into_owned();
    let arguments: Vec<String> = run
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let script = format!("trap '' XFSZ; ulimit -f 512; exec '{program}' {}", arguments.join(" "));
    let mut limited = Command::new("bash");
    limited.args(["-c", &script]).current_dir(place.path(""));
    limited.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let message = Ended::from(limited.output().expect("started")).failed(1);
    assert!(
        message.contains("File too large") && message.contains("full"),
        "{message}"
    );
    assert!(!place.path("full").exists(), "nothing is left");
}
