//! Disks that are full, folders that are not ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tenon_connect::Error;
use tenon_connect::file::WriteConfig;

use crate::support::{TARGET, batch, begin, child, names, refusal, rows, url, visible, write};

/// A file must not grow beyond what `ulimit -f` says: the system then refuses as it does when the disk is full.
#[tokio::test]
async fn a_full_disk_is_named_and_leaves_nothing() {
    if let Ok(target) = std::env::var(TARGET) {
        let sink = begin(&WriteConfig::new(target), "full").await;
        let mut writer = sink.writer(0, 1);
        let failure = async {
            for start in 0..200 {
                writer.write(&batch(start * 8192..(start + 1) * 8192)).await?;
            }
            writer.finish().await.map(drop)
        };
        let error = failure.await.expect_err("the disk is full");
        println!(
            "refused: {error}: {}",
            std::error::Error::source(&error).expect("a cause")
        );
        return;
    }
    let parent = tempfile::tempdir().expect("a folder");
    let target = url(parent.path(), "out/");
    let mut config = WriteConfig::new(target.clone());
    config.format = Some(tenon_connect::file::Format::Csv);
    let command = child("faults::a_full_disk_is_named_and_leaves_nothing", &target);
    let program = command.get_program().to_string_lossy().into_owned();
    let arguments: Vec<String> = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    // Ignoring the signal turns it into an error of the write.
    let script = format!("trap '' XFSZ; ulimit -f 512; exec '{program}' {}", arguments.join(" "));
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .env(TARGET, &target)
        .output()
        .expect("started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("refused: cannot write") && text.contains("File too large"),
        "{text}"
    );
    assert!(!parent.path().join("out").exists(), "nothing is left");
    write(&config, "next", &[(0, 10)]).await;
    assert_eq!(rows(&target).await, 10);
}

#[tokio::test]
async fn a_folder_that_must_not_be_written_is_named() {
    let parent = tempfile::tempdir().expect("a folder");
    let folder = parent.path().join("locked");
    fs::create_dir(&folder).expect("made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).expect("locked");
    if fs::write(folder.join("probe"), "").is_ok() {
        // root may write anywhere, but nobody may write here.
        let error = refusal(&WriteConfig::new("/proc/tenon/")).await;
        assert!(matches!(&error, Error::Write { .. }), "{error}");
        assert!(error.to_string().contains("/proc/tenon"), "{error}");
        return;
    }
    let error = refusal(&WriteConfig::new(url(&folder, "out/"))).await;
    assert!(error.to_string().contains("cannot create the folder"), "{error}");
    assert_eq!(names(&folder), [""; 0]);
}

#[tokio::test]
async fn a_file_that_cannot_be_staged_fails_the_write_and_not_the_target() {
    let parent = tempfile::tempdir().expect("a folder");
    let config = WriteConfig::new(url(parent.path(), "out/"));
    let sink = begin(&config, "run").await;
    let mut writers = [sink.writer(0, 1), sink.writer(1, 1)];
    for writer in &mut writers {
        writer.write(&batch(0..10)).await.expect("written");
    }
    // Somebody removes the folder.
    fs::remove_dir_all(parent.path().join("out")).expect("removed");
    let [held, staged] = writers;
    let held = held.finish().await.expect("still in memory");
    let error = staged.finish().await.expect_err("no folder");
    assert!(matches!(error, Error::Write { .. }), "{error}");
    let error = sink.prepare(vec![held]).await.expect_err("no folder");
    assert!(matches!(error, Error::Write { .. }), "{error}");
    drop(sink);
    assert_eq!(visible(parent.path()), [""; 0]);
}
