//! A server without space.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use tenon_database::{Error, Mode};
use tenon_servers::{MariaDb, or_skip};

use crate::harness::{Nobody, batch, begin, config, on, request, write};

/// A file system of a few megabytes, which only the system's administrator can mount.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m,mode=777", "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        let disk = mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(folder.to_path_buf()))?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).ok()?;
        Some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn rows(from: i64, count: i64) -> RecordBatch {
    let numbers = from..from + count;
    let texts = numbers.clone().map(|number| format!("{number:0>500}"));
    batch(vec![
        ("id", Arc::new(Int64Array::from_iter_values(numbers.clone()))),
        ("text", Arc::new(StringArray::from_iter_values(texts))),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_space() {
    let Some(server) = or_skip("mysql::a_server_without_space", MariaDb::start()) else {
        return;
    };
    let fixture = on(Arc::new(server));
    // Tables are files in the folder of their database.
    let Some(_disk) = SmallDisk::mount(&fixture.server.data().join(&fixture.schema)) else {
        let _ = writeln!(
            std::io::stdout(),
            "\nSKIPPED mysql::a_server_without_space, a small file system cannot be mounted"
        );
        return;
    };
    let database = &fixture.database;
    write(database, &config("t", Mode::Error), "r0", &rows(0, 10), &Nobody)
        .await
        .unwrap();
    let load = begin(database, request(&config("t", Mode::Append), "r1", &rows(0, 1)))
        .await
        .unwrap();
    let mut writer = load.writer(0);
    let mut written = Ok(());
    for number in 0..64 {
        written = writer.write(&rows(number * 2_000, 2_000)).await;
        if written.is_err() {
            break;
        }
    }
    let error = match written {
        Ok(()) => writer.finish().await.expect_err("there is no space"),
        Err(error) => error,
    };
    // The table is full, or the disk.
    assert!(
        matches!(&error, Error::Refused { code: Some(code), transient: true, .. }
            if code.starts_with("1114") || code.starts_with("1021")),
        "{error}"
    );
    assert!(error.to_string().contains("full"), "{error}");
    load.abandon().await;
    assert_eq!(fixture.client("select count(*) from t"), "10");
    assert_eq!(fixture.client("show tables like '\\_tenon\\_%'"), "_tenon_commits");
    assert_eq!(
        fixture.client("select count(*) from _tenon_commits where state <> 'committed'"),
        "0"
    );
    write(database, &config("t", Mode::Append), "r2", &rows(10, 10), &Nobody)
        .await
        .expect("there is space for a few");
    assert_eq!(fixture.client("select count(*) from t"), "20");
    fixture
        .server
        .client(&format!("drop table {0}.t, {0}._tenon_commits", fixture.schema));
}
