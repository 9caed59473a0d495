//! A process of its own, for tests that end it or take things away from it. It writes, and prints what was acknowledged.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use tenon_metadata::{Error, row};

use crate::Place;

/// How the child is told where its database is, and how much it writes at a time.
const URL: &str = "METADATA_TEST_URL";
const BYTES: &str = "METADATA_TEST_BYTES";

/// Starts the child: `first` is what it is run by, and takes its command line.
pub(crate) fn start(first: &[&str], place: &Place, bytes: usize) -> Child {
    let own = std::env::current_exe().unwrap();
    let own = own.display().to_string();
    let arguments = ["child::writes", "--exact", "--ignored", "--nocapture"];
    let mut line = first.iter().copied().chain([own.as_str()]).chain(arguments);
    Command::new(line.next().unwrap())
        .args(line)
        .env(URL, &place.url)
        .env(BYTES, bytes.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the child says, line by line.
pub(crate) fn said(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The test harness talks as well, on the same line.
    let ours = |line: String| line.find("child: ").map(|at| line[at + 7..].to_owned());
    lines.map_while(Result::ok).filter_map(ours)
}

/// Says a thing in one piece, so that a line is there as a whole or not at all.
fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(format!("child: {text}\n").as_bytes());
    let _ = stdout.flush();
}

#[ignore = "other tests run it as a process of its own"]
#[tokio::test]
async fn writes() {
    let Ok(url) = std::env::var(URL) else { return };
    let bytes: usize = std::env::var(BYTES).unwrap().parse().unwrap();
    let place = Place { url };
    let metadata = match tenon_metadata::Metadata::open(&place.settings(), &[crate::TABLES]).await {
        Ok(metadata) => metadata,
        Err(error) => return say(&format!("unopened {error}")),
    };
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let metadata = metadata.clone();
        writers.spawn(async move {
            for number in 0.. {
                let name = format!("{writer} {number}");
                let written = metadata
                    .write(move |tx| {
                        let insert = "insert into things (name, bytes) values (?1, ?2)";
                        tx.execute(insert, row![name.as_str(), vec![0; bytes]])
                    })
                    .await;
                match written {
                    Ok(_) => say(&format!("{writer} {number}")),
                    Err(error) => return say(&format!("refused {:?} {error}", error.kind())),
                }
            }
        });
    }
    while writers.join_next().await.is_some() {}
    let count: Result<i64, Error> = metadata
        .read(|tx| tx.one("select count(*) from things", row![])?.get(0))
        .await;
    say(&format!("read {}", count.is_ok()));
}
