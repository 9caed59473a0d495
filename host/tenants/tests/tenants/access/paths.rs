//! Files and objects, which are below a prefix or are refused.

use std::fs;
use std::os::unix::fs::symlink;

use super::{access, allowed, assembled, denied};

#[test]
fn objects_are_below_their_prefix() {
    let access = access(
        &[
            "s3://lake/tenant-a",
            "gs://other/",
            "abfss://box@account.dfs.core.windows.net/a/",
        ],
        &[],
    );
    allowed(
        &access,
        &[
            "s3://lake/tenant-a",
            "s3://lake/tenant-a/",
            "s3://lake/tenant-a/x/*.parquet",
            "S3://lake/tenant-a/x",
            "s3a://lake/tenant-a/x",
            "s3://lake/tenant-a/50%",
            "s3://lake/tenant-a/a%20b",
            "s3://lake/tenant-a/...",
            "s3://lake/tenant-a/x..y",
            "s3://lake/tenant-a/ä ö",
            "s3://lake/tenant-a/x?.csv",
            "gs://other",
            "gs://other/x",
            "abfss://box@account.dfs.core.windows.net/a/x",
        ],
    );
    denied(
        &access,
        &[
            "s3://lake/tenant-ab",
            "s3://lake/tenant-ab/x",
            "s3://lake/tenant-a*/x",
            "s3://lake/tenant-a?/x",
            "s3://lake/",
            "s3://lake",
            "s3://",
            "s3:///lake/tenant-a/x",
            "s3:lake/tenant-a/x",
            "s3:/lake/tenant-a/x",
            "s3://lake/Tenant-a/x",
            "s3://LAKE/tenant-a/x",
            "s3://lake2/tenant-a/x",
            "s3://lake/tenant-a/../tenant-b",
            "s3://lake/tenant-a/..",
            "s3://lake/tenant-a/./x",
            "s3://lake/./tenant-a/x",
            "s3://lake//tenant-a/x",
            "s3://lake/tenant-a//x",
            "s3://lake/tenant-a/%2e%2e/b",
            "s3://lake/tenant-a/%2E./b",
            "s3://lake/tenant-a/.%2e/b",
            "s3://lake/tenant-a/%252e%252e/b",
            "s3://lake/tenant-a/%25252e%25252e/b",
            "s3://lake/tenant-a/%2525252525252e/b",
            "s3://lake/tenant-a/%2E%2E#x",
            "s3://lake/tenant-a/..?x",
            "s3://lake/tenant-a/..%2fb",
            "s3://lake/tenant-a%2fx",
            "s3://lake/tenant-a/x%5c..%5cb",
            "s3://lake/tenant-a\\..\\tenant-b",
            "s3://lake/tenant-a/%00",
            "s3://lake/tenant-a/%ff",
            "s3://lake/tenant-a/\0",
            "s3://lake/tenant-a/\n..",
            "s3://lake/tenant-a/{..,x}/y",
            "s3://lake/tenant-a/[.].*..",
            " s3://lake/tenant-a/x",
            "s3://lake/tenant-a/x ",
            "s3://user@lake/tenant-a/x",
            "s3://key:secret@lake/tenant-a/x",
            "s3://lake@evil/tenant-a/x",
            "s3://lake:443/tenant-a/x",
            "s3://lake?x/tenant-a/x",
            "s3://lake#/tenant-a/x",
            "s3://l%61ke/tenant-a/x",
            "s3://lake\u{ff0e}/tenant-a/x",
            "gcs://other/x",
            "gs://lake/tenant-a/x",
            "az://box/a/x",
            "abfss://box@evil.example.com/a/x",
            "abfss://evil@account.dfs.core.windows.net/a/x",
            "abfss://account.dfs.core.windows.net/a/x",
            "abfss://box@account.dfs.core.windows.net/ab/x",
            "hdfs://lake/tenant-a/x",
            "x/s3://lake/tenant-a/x",
            "/s3://lake/tenant-a/x",
        ],
    );
}

#[test]
fn local_files_are_where_their_links_lead() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().canonicalize().expect("a folder");
    let path = |text: &str| format!("{}/{text}", root.display());
    for folder in ["a/sub", "ab", "b"] {
        fs::create_dir_all(path(folder)).expect("a folder");
    }
    fs::write(path("b/secret"), "x").expect("a file");
    fs::write(path("a/file"), "x").expect("a file");
    symlink(path("b"), path("a/out")).expect("a link");
    symlink(path("b/secret"), path("a/out-file")).expect("a link");
    symlink(path("b/not-yet"), path("a/dangling")).expect("a link");
    symlink("loop", path("a/loop")).expect("a link");
    symlink(path("a/sub"), path("a/in")).expect("a link");
    symlink(path("a"), path("alias")).expect("a link");
    symlink(path("a"), path("b/back")).expect("a link");

    let access = access(&[&format!("file://{}", path("a/"))], &[]);
    for inside in [
        "a",
        "a/",
        "a/file",
        "a/sub/new",
        "a/new/deep/x.parquet",
        "a/in/x",
        "a/*.csv",
        "a/x y",
        "a/10%",
    ] {
        for url in [
            path(inside),
            format!("file://{}", path(inside)),
            format!("FILE://localhost{}", path(inside)),
        ] {
            allowed(&access, &[&url]);
        }
    }
    allowed(
        &access,
        &[
            &format!("sqlite:{}", path("a/x.db")),
            &format!("sqlite://{}?mode=ro", path("a/x.db")),
        ],
    );
    for outside in [
        "",
        "ab",
        "ab/x",
        "b",
        "b/secret",
        "a/out",
        "a/out/secret",
        "a/out/new",
        "a/out-file",
        "a/dangling",
        "a/loop",
        "a/loop/x",
        "a/file/x",
        "a/../b/secret",
        "a/sub/../../b",
        "a/./x",
        "a//x",
        "a/%2e%2e/b",
        "a/{..,x}/b",
        "a/%6fut/secret",
        "a/%256fut/secret",
        "A/file",
        "a*/x",
        "*/secret",
        "b/back/file",
        "alias/file",
    ] {
        for url in [
            path(outside),
            format!("file://{}", path(outside)),
            format!("sqlite:{}", path(outside)),
        ] {
            denied(&access, &[&url]);
        }
    }
    denied(
        &access,
        &[
            "a/file",
            "./a",
            "file:a/file",
            "file://evil/a/file",
            "~/x",
            "sqlite::memory:",
            "sqlite:",
            "sqlite:x.db",
        ],
    );
    denied(
        &access,
        &[
            &format!("file:{}", path("a/file")),
            &format!("sqlite://host{}", path("a/x.db")),
        ],
    );
    let with_backslash = path("a\\file");
    denied(&access, &[&with_backslash]);
}

#[test]
fn a_prefix_that_is_a_link_means_what_it_leads_to() {
    let place = tempfile::tempdir().expect("a folder");
    let root = place.path().canonicalize().expect("a folder");
    fs::create_dir_all(root.join("real")).expect("a folder");
    symlink(root.join("real"), root.join("alias")).expect("a link");
    let access = access(&[&root.join("alias").display().to_string()], &[]);
    allowed(
        &access,
        &[
            &root.join("alias/x").display().to_string(),
            &root.join("real/x").display().to_string(),
        ],
    );
    fs::remove_file(root.join("alias")).expect("removed");
    symlink("/etc", root.join("alias")).expect("a link");
    denied(&access, &[&root.join("real/x").display().to_string()]);
}

/// Whatever is put together from pieces that have tricked others, what is allowed is below the prefix however it is
/// decoded and resolved.
#[test]
fn no_path_leaves_its_prefix() {
    const PIECES: [&str; 34] = [
        "/", "/", "/", ".", "..", "%2e", "%2E", "%252e", "%2f", "%2F", "%5c", "\\", "tenant-a", "tenant-b", "lake",
        "x", "?", "#", "@", ":", "*", "{", "}", ",", "%", "%25", "%00", " ", "\t", "ä", "[", "]", "~", "..;",
    ];
    const STARTS: [&str; 5] = [
        "s3://lake/tenant-a/",
        "s3://lake/",
        "s3://",
        "S3A://lake/tenant-a",
        "https://files.example.com/tenant-a/",
    ];
    let access = access(&["s3://lake/tenant-a/", "https://files.example.com/tenant-a/"], &[]);
    let mut counts = [0, 0];
    for url in assembled(6, &STARTS, &PIECES).take(200_000) {
        let ok = access.allows_url(&url).is_ok();
        counts[usize::from(ok)] += 1;
        if !ok {
            continue;
        }
        let (_, rest) = url.split_once("://").expect("a URL");
        // A web server's query is no part of the path; in the key of an object it is.
        let rest = if url.starts_with("https") {
            rest.split(['?', '#']).next().unwrap_or_default()
        } else {
            rest
        };
        let mut text = rest.to_owned();
        for _ in 0..6 {
            assert!(
                resolved(&text).is_some_and(|path| path[1] == "tenant-a"),
                "{url} as {text}"
            );
            text = decoded(&text);
        }
        // As a browser would read it.
        let parsed = url::Url::parse(&url).expect("a URL");
        let mut segments = parsed.path_segments().expect("segments");
        assert_eq!(segments.next(), Some("tenant-a"), "{url}");
        assert!(
            ["lake", "files.example.com"].contains(&parsed.host_str().expect("a host")),
            "{url}"
        );
    }
    assert!(counts.iter().all(|count| *count > 10_000), "{counts:?}");
}

/// The parts of a path after `.`, `..` and doubled slashes; none if it leaves its root.
fn resolved(path: &str) -> Option<Vec<String>> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.replace('\\', "/").split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part.to_owned()),
        }
    }
    (parts.len() > 1).then_some(parts)
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
