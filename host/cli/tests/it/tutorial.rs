//! docs/tutorial.md, from top to bottom: its commands in one shell against a server of their own, and what they print.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::{Place, plugin_if_built};

/// Longest time that the whole tutorial may take.
const PATIENCE: Duration = Duration::from_secs(240);
/// The address that the tutorial's server listens at.
const PORT: &str = "7433";
/// Before what a block of commands prints.
const MARK: &str = "@@ block ";

/// Commands, and what the text says that they print.
struct Block {
    line: usize,
    commands: String,
    printed: Option<String>,
}

#[test]
fn the_tutorial_works_from_top_to_bottom() {
    let name = "the_tutorial_works_from_top_to_bottom";
    for tool in ["bash", "curl", "awk"] {
        if Command::new(tool).arg("--version").output().is_err() {
            println!("\nSKIPPED {name}, there is no {tool} here");
            return;
        }
    }
    let Some(interpreter) = plugin_if_built("javascript") else {
        println!("\nSKIPPED {name}, the interpreter of JavaScript is not built");
        return;
    };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorial.md");
    let text = fs::read_to_string(page).expect("docs/tutorial.md");
    let blocks = blocks(&text);
    assert!(blocks.len() > 10, "{} blocks of commands", blocks.len());

    let printed = run(&blocks, Path::new(&interpreter).parent().expect("a folder"));
    for (number, block) in blocks.iter().enumerate() {
        let Some(expected) = &block.printed else { continue };
        let printed = printed
            .iter()
            .find(|(found, _)| *found == number)
            .map(|(_, text)| text.as_str());
        assert_eq!(
            shape(printed.unwrap_or_default()),
            shape(expected),
            "docs/tutorial.md:{}: what is printed is not what the text says",
            block.line
        );
    }
}

/// Runs all blocks in one shell; what each printed, by its number.
fn run(blocks: &[Block], plugins: &Path) -> Vec<(usize, String)> {
    let place = Place::new();
    let port = tenon_servers::free_port().expect("a port").to_string();
    let mut script = "set -e\ntrap 'kill ${SERVER:-} 2>/dev/null || true' EXIT\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        let _ = writeln!(script, "echo '{MARK}{number}'\n{}", block.commands.replace(PORT, &port));
    }
    fs::write(place.path("tutorial.sh"), script).expect("written");

    let output = File::create(place.path("printed")).expect("made");
    let command = Path::new(env!("CARGO_BIN_EXE_tenon")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let home = place.command(&[]);
    let mut shell = Command::new("bash");
    for (name, value) in home.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let mut shell = shell
        .arg("tutorial.sh")
        .current_dir(place.path(""))
        .env("PATH", format!("{}:{path}", command.display()))
        .env("TENON_PLUGINS", fs::canonicalize(plugins).expect("it is there"))
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("shared"))
        .stderr(output)
        .spawn()
        .expect("started");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = shell.try_wait().expect("it can be waited for") {
            break Some(status);
        }
        if began.elapsed() > PATIENCE {
            // Asked, so that it ends its server too.
            let asked = Command::new("kill").arg(shell.id().to_string()).status();
            drop(asked.and_then(|_| shell.wait()));
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let printed = fs::read_to_string(place.path("printed")).expect("text");
    let ended = status.is_some_and(|status| status.success());
    let log = fs::read_to_string(place.path("tenon-tutorial/server.log")).unwrap_or_default();
    assert!(ended, "it ended with {status:?} after\n{printed}\nThe server:\n{log}");
    let parts = printed.split(MARK).skip(1);
    let parts = parts.filter_map(|part| part.split_once('\n'));
    parts
        .map(|(number, text)| (number.parse().expect("a number"), text.to_owned()))
        .collect()
}

/// The blocks of commands (`sh`), each with the block of text (`text`) that comes after it, if there is one before the next.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((line, opened)) = lines.next() {
        let kind = opened.strip_prefix("```");
        let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
            continue;
        };
        let inside = lines.by_ref().map(|(_, text)| text).take_while(|text| *text != "```");
        let text: String = inside.flat_map(|text| [text, "\n"]).collect();
        match (kind, blocks.last_mut()) {
            ("sh", _) => blocks.push(Block {
                line: line + 1,
                commands: text,
                printed: None,
            }),
            ("text", Some(block)) if block.printed.is_none() => block.printed = Some(text),
            (kind, _) => panic!(
                "docs/tutorial.md:{}: nothing is done with a block of `{kind}`",
                line + 1
            ),
        }
    }
    blocks
}

/// A text without what is another each time: numbers, times, the letters of ids, and how wide columns are.
fn shape(text: &str) -> String {
    let words = text.split_inclusive(|c: char| !is_of_word(c));
    let shaped: String = words
        .map(|word| shape_of_word(word, word.trim_end_matches(|c| !is_of_word(c))))
        .collect();
    let lines = shaped
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// `whole` is the word with what ends it.
fn shape_of_word(whole: &str, word: &str) -> String {
    let end = &whole[word.len()..];
    // `run_01m80b42n2r6fyp409vm7t7v4r`
    if let Some((kind, rest)) = word.split_once('_')
        && kind.len() <= 4
        && rest.len() >= 26
    {
        return format!("{kind}_...{end}");
    }
    let mut shape = String::new();
    let mut in_number = false;
    for c in word.chars() {
        in_number = c.is_ascii_digit() || (in_number && c == '.');
        if !in_number {
            shape.push(c);
        } else if !shape.ends_with('0') {
            shape.push('0');
        }
    }
    shape + end
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[test]
fn what_differs_each_time_is_not_compared() {
    let shown =
        "run_01m80b42n2r6fyp409vm7t7v4r at 2026-11-22T00:39:57.86Z: 1.5 s of \"tnn_85thhtf2fgvk2bgvh0djv1y8hc36x2\".";
    let found =
        "run_01m80b5qnmdtpqyarn9509fge9 at 2027-01-02T10:00:00Z: 200 s of \"tnn_grew52psbdqn8taxbnr1m53fb1paw9\".";
    assert_eq!(shape(shown), shape(found));
    assert_ne!(shape("the run SUCCEEDED"), shape("the run FAILED"));
    assert_ne!(shape("max_retries is 3"), shape("is 3"));
}
