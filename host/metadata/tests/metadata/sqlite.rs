//! What can go wrong with a file.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use futures::future::join_all;
use tenon_metadata::{Error, ErrorKind, Metadata, row};

use crate::{Place, TABLES, child};

fn place(folder: &tempfile::TempDir) -> Place {
    let url = folder.path().join("server.db").display().to_string();
    Place { url }
}

async fn names(place: &Place) -> HashSet<String> {
    let metadata = place.open().await;
    let rows = metadata
        .read(|tx| tx.query("select name from things", row![]))
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

async fn add(metadata: &Metadata, name: &'static str) -> Result<u64, Error> {
    metadata
        .write(move |tx| tx.execute("insert into things (name) values (?1)", row![name]))
        .await
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    let mut acknowledged = HashSet::new();
    for round in 1..=5 {
        let before = acknowledged.len();
        let mut child = child::start(&[], &place, 100);
        for name in child::said(&mut child) {
            assert!(!name.starts_with("refused"), "{name}");
            acknowledged.insert(format!("{round} {name}"));
            if acknowledged.len() == before + 200 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= before + 200 * round, "round {round}");
        // Each round begins to count anew.
        let there = names(&place).await;
        let of_round = |name: &&String| name.starts_with(&format!("{round} "));
        for name in acknowledged.iter().filter(of_round) {
            let (_, name) = name.split_once(' ').unwrap();
            assert!(
                there.contains(name),
                "{name} was acknowledged in round {round}, and is gone"
            );
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    names(&place).await;
    // Files of at most 2 MB, in blocks of 512 bytes.
    let limit = ["sh", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" \"$@\""];
    let mut child = child::start(&limit, &place, 10_000);
    let said: Vec<String> = child::said(&mut child).collect();
    child.wait().unwrap();
    let (refused, rest): (Vec<_>, Vec<_>) = said.iter().partition(|line| line.starts_with("refused"));
    assert_eq!(refused.len(), 8, "each writer ends with a refusal: {said:?}");
    for line in refused {
        assert!(line.starts_with("refused Unavailable the database cannot be"), "{line}");
    }
    assert_eq!(
        rest.last().map(|line| line.as_str()),
        Some("read true"),
        "it can be read"
    );
    let acknowledged = &rest[..rest.len() - 1];
    assert!(acknowledged.len() > 20, "{said:?}");
    let there = names(&place).await;
    for name in acknowledged {
        assert!(there.contains(*name), "{name} was acknowledged, and is gone");
    }
    assert_eq!(add(&place.open().await, "there is room again").await, Ok(1));
}

#[tokio::test]
async fn a_change_that_is_too_large_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = place(&folder).open().await;
    metadata
        .write(|tx| tx.query("pragma max_page_count = 200", row![]))
        .await
        .unwrap();
    let changes = (0..50).map(|number| {
        metadata.write(move |tx| {
            let size = if number == 20 { 2_000_000 } else { 10 };
            tx.execute("insert into things (bytes) values (?1)", row![vec![0; size]])
        })
    });
    let results = join_all(changes).await;
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(1) => assert_ne!(number, 20),
            Err(error) => assert_eq!((number, error.kind()), (20, ErrorKind::Unavailable), "{error}"),
            other => panic!("{number}: {other:?}"),
        }
    }
    let count: i64 = metadata
        .read(|tx| tx.one("select count(*) from things", row![])?.get(0))
        .await
        .unwrap();
    assert_eq!(count, 49);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    names(&place).await;
    for (path, mode) in [(place.url.clone(), 0o444), (folder.path().display().to_string(), 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // Whoever runs the tests may be allowed everything.
    let anybody = [
        "setpriv",
        "--reuid=65534",
        "--clear-groups",
        "--inh-caps=-all",
        "--bounding-set=-all",
    ];
    let is_root = fs::write(folder.path().join("root"), "").is_ok();
    if is_root && fs::metadata("/usr/bin/setpriv").is_err() {
        let missing: anyhow::Result<()> = Err(anyhow::anyhow!("setpriv is not installed"));
        tenon_servers::or_skip("metadata: a file that cannot be written", missing);
        return;
    }
    let mut child = child::start(if is_root { &anybody } else { &[] }, &place, 10);
    let said: Vec<String> = child::said(&mut child).collect();
    child.wait().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let [line] = said.as_slice() else { panic!("{said:?}") };
    assert!(
        line.starts_with(&format!("unopened the database {} cannot be opened: ", place.url)),
        "{line}"
    );
}

#[tokio::test]
async fn a_file_that_is_deleted_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    let metadata = place.open().await;
    assert_eq!(add(&metadata, "before").await, Ok(1));
    let aside = folder.path().join("aside");
    fs::rename(&place.url, &aside).unwrap();
    let error = add(&metadata, "lost").await.unwrap_err();
    assert!(error.to_string().contains("has been deleted or replaced"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    fs::rename(&aside, &place.url).unwrap();
    assert_eq!(add(&metadata, "after").await, Ok(1));
    drop(metadata);
    assert_eq!(
        names(&place).await,
        HashSet::from(["before".to_owned(), "after".to_owned()])
    );
}

#[tokio::test]
async fn a_damaged_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    fs::write(
        &place.url,
        "this is no database, and longer than the header of one would be ".repeat(50),
    )
    .unwrap();
    let error = Metadata::open(&place.settings(), &[TABLES]).await.unwrap_err();
    assert!(error.to_string().contains("restore it from a backup"), "{error}");
    fs::remove_file(&place.url).unwrap();

    let metadata = place.open().await;
    metadata
        .write(|tx| {
            (0..2_000).try_for_each(|number| {
                let name = format!("a name of some length {number}");
                tx.execute("insert into things (name) values (?1)", row![name])
                    .map(drop)
            })
        })
        .await
        .map_err(|error: Error| error)
        .unwrap();
    let copy = folder.path().join("copy.db");
    metadata.backup(&copy).await.unwrap();
    let mut bytes = fs::read(&copy).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xff);
    fs::write(&copy, bytes).unwrap();
    let damaged = Place {
        url: copy.display().to_string(),
    };
    let error = Metadata::open(&damaged.settings(), &[TABLES]).await.unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_backup_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = place(&folder).open().await;
    let copy = Place {
        url: folder.path().join("copy.db").display().to_string(),
    };
    // Two rows at a time: a copy has an even number of them.
    let pair = |metadata: Metadata| async move {
        let insert = "insert into things (name) values ('a'), ('b')";
        metadata.write(move |tx| tx.execute(insert, row![])).await
    };
    for _ in 0..200 {
        pair(metadata.clone()).await.unwrap();
    }
    let writer = tokio::spawn({
        let metadata = metadata.clone();
        async move {
            for _ in 0..200 {
                pair(metadata.clone()).await.unwrap();
            }
        }
    });
    metadata.backup(copy.url.as_ref()).await.unwrap();
    writer.await.unwrap();
    let mode = fs::metadata(&copy.url).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = metadata.backup(copy.url.as_ref()).await.unwrap_err();
    assert!(again.to_string().ends_with("the file is there already"), "{again}");
    let files = fs::read_dir(folder.path()).unwrap().flatten();
    let names: Vec<_> = files.map(|file| file.file_name().display().to_string()).collect();
    assert!(!names.iter().any(|name| name.contains("part")), "{names:?}");
    let count: i64 = copy
        .open()
        .await
        .read(|tx| tx.one("select count(*) from things", row![])?.get(0))
        .await
        .unwrap();
    assert!(count >= 400 && count % 2 == 0, "{count}");
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = place(&folder).open().await;
    let (go, wait) = mpsc::channel::<()>();
    let mut held = Box::pin(metadata.write(move |_| {
        let _ = wait.recv();
        Ok::<_, Error>(())
    }));
    let mut changes = Vec::new();
    assert!(futures::poll!(&mut held).is_pending());
    let refused = loop {
        let mut change = Box::pin(add(&metadata, "a"));
        match futures::poll!(&mut change) {
            std::task::Poll::Pending => changes.push(change),
            std::task::Poll::Ready(result) => break result.unwrap_err(),
        }
    };
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.to_string().contains("transactions wait already"), "{refused}");
    assert!(changes.len() >= 16 << 10, "{}", changes.len());
    go.send(()).unwrap();
    held.await.unwrap();
    for result in join_all(changes).await {
        assert_eq!(result, Ok(1));
    }
}

#[tokio::test]
async fn two_processes_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    let metadata = place.open().await;
    let mut child = child::start(&[], &place, 10);
    let mut said = child::said(&mut child);
    let mut acknowledged = HashSet::new();
    for _ in 0..200 {
        assert_eq!(add(&metadata, "here").await, Ok(1));
        acknowledged.insert(said.next().unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let there = names(&place).await;
    assert!(acknowledged.is_subset(&there), "{:?}", acknowledged.difference(&there));
}

#[tokio::test]
async fn the_file_is_the_servers_only() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(&folder);
    names(&place).await;
    let mode = fs::metadata(&place.url).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
