use std::path::Path;
use std::sync::Arc;

use tenon_metadata::{ErrorKind, Name, PageRequest};
use tenon_tenants::secrets::{self, KEY_FILE_VARIABLE, KEY_VARIABLE, SecretInfo, SecretInput, rekey_all};
use tenon_tenants::{Error, KeyRing, SecretValue};

use crate::server::{Server, name};

fn key_text() -> String {
    KeyRing::generate().expect("random").to_string()
}

fn keys() -> KeyRing {
    KeyRing::parse(&key_text(), "a test").expect("a key")
}

async fn put(server: &Server, keys: &KeyRing, tenant: &'static str, secret: &str, value: &str) -> SecretInfo {
    put_for(server, keys, tenant, secret, value, None).await
}

async fn put_for(
    server: &Server,
    keys: &KeyRing,
    tenant: &'static str,
    secret: &str,
    value: &str,
    jobs: Option<Vec<Name>>,
) -> SecretInfo {
    let (keys, secret) = (keys.clone(), name(secret));
    let input = SecretInput {
        value: SecretValue::new(value),
        jobs,
    };
    server
        .write(move |tx| secrets::put(tx, &keys, &name(tenant), &secret, &input, None))
        .await
}

async fn reveal(
    server: &Server,
    keys: &KeyRing,
    tenant: &'static str,
    secret: &str,
    job: Option<&str>,
) -> Result<String, Error> {
    let (keys, secret, job) = (keys.clone(), name(secret), job.map(name));
    let value = server
        .try_write(move |tx| secrets::reveal(tx, &keys, &name(tenant), &secret, job.as_ref()))
        .await;
    value.map(|value| value.reveal().to_owned())
}

#[tokio::test]
async fn a_secret_is_kept_encrypted_and_shown_to_jobs_alone() {
    let server = Server::start().await;
    let keys = keys();
    let made = put(&server, &keys, "a", "db", "hunter2").await;
    assert_eq!((made.version, made.key_id.as_str()), (1, keys.current_id()));
    assert_eq!(put(&server, &keys, "a", "db", "hunter2").await.version, 2);
    assert_eq!(
        reveal(&server, &keys, "a", "db", Some("j")).await.expect("a value"),
        "hunter2"
    );
    for (tenant, secret) in [("b", "db"), ("a", "other")] {
        let error = reveal(&server, &keys, tenant, secret, None)
            .await
            .expect_err("not there");
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    let held = server
        .write(|tx| Ok(tx.query("select * from tenant_secrets", &[])?))
        .await;
    let held = format!(
        "{held:?} {:?}",
        server.write(|tx| Ok(tx.query("select * from events", &[])?)).await
    );
    let bytes = "hunter2"
        .bytes()
        .map(|byte| byte.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    assert!(!held.contains("hunter2") && !held.contains(&bytes), "{held}");
    let listed = server
        .write(|tx| secrets::list(tx, &name("a"), &PageRequest::default()))
        .await;
    assert!(listed.items.len() == 1 && !format!("{listed:?}").contains("hunter2"));
    let input = SecretInput {
        value: SecretValue::new("hunter2"),
        jobs: None,
    };
    assert!(!format!("{input:?}").contains("hunter2"));
    let read: SecretInput = serde_json::from_str(r#"{"value": "hunter2"}"#).expect("an input");
    assert_eq!(read, input);
    let error = serde_json::from_str::<SecretInput>(r#"{"value": "hunter2", "x": 1}"#).expect_err("unknown");
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn equal_values_are_encrypted_unequally() {
    let server = Server::start().await;
    let keys = keys();
    for secret in ["x", "y"] {
        put(&server, &keys, "a", secret, "same").await;
    }
    let sealed = server
        .write(|tx| Ok(tx.query("select sealed from tenant_secrets", &[])?))
        .await;
    assert_ne!(sealed[0], sealed[1]);
}

#[tokio::test]
async fn a_row_that_was_changed_or_moved_does_not_decrypt() {
    let changes = [
        "update tenant_secrets set tenant = 'b'",
        "update tenant_secrets set name = 'other'",
        "update tenant_secrets set version = 2",
        "update tenant_secrets set jobs = null",
        "update tenant_secrets set jobs = '[\"j\",\"k\"]'",
        "update tenant_secrets set sealed = substr(sealed, 1, length(sealed) - 1)",
        "update tenant_secrets set sealed = cast(substr(sealed, 1, 13) || zeroblob(23) as blob)",
        "update tenant_secrets set sealed = x''",
        "update tenant_secrets set sealed = x'01'",
        "update tenant_secrets set sealed = zeroblob(100)",
        "update tenant_secrets set sealed = cast(x'02' || substr(sealed, 2) as blob)",
    ];
    for change in changes {
        let server = Server::start().await;
        let keys = keys();
        put_for(&server, &keys, "a", "db", "hunter2", Some(vec![name("j")])).await;
        assert_eq!(
            reveal(&server, &keys, "a", "db", Some("j")).await.expect("a value"),
            "hunter2"
        );
        assert_eq!(server.tamper(change).await, 1);
        let (tenant, secret) = if change.contains("tenant = ") {
            ("b", "db")
        } else if change.contains("name = ") {
            ("a", "other")
        } else {
            ("a", "db")
        };
        let error = reveal(&server, &keys, tenant, secret, Some("j"))
            .await
            .expect_err(change);
        assert!(matches!(error, Error::Tampered { .. }), "{change}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[tokio::test]
async fn every_flipped_bit_is_found() {
    let server = Server::start().await;
    let keys = keys();
    put(&server, &keys, "a", "db", "v").await;
    let sealed: Vec<u8> = server
        .write(|tx| Ok(tx.one("select sealed from tenant_secrets", &[])?.get(0)?))
        .await;
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        server
            .write(move |tx| Ok(tx.execute("update tenant_secrets set sealed = ?1", &[flipped.clone().into()])?))
            .await;
        let error = reveal(&server, &keys, "a", "db", None).await.expect_err("tampered");
        assert!(matches!(error, Error::Tampered { .. }), "bit {bit}: {error}");
    }
}

#[tokio::test]
async fn a_secret_is_for_the_jobs_that_it_is_granted_to() {
    let server = Server::start().await;
    let keys = keys();
    put_for(&server, &keys, "a", "db", "v", Some(vec![name("load")])).await;
    assert!(reveal(&server, &keys, "a", "db", Some("load")).await.is_ok());
    for (job, user) in [(Some("other"), "job `other`"), (None, "what is no job")] {
        let error = reveal(&server, &keys, "a", "db", job).await.expect_err("not granted");
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert_eq!(
            error.to_string(),
            format!("{user} may not use secret `db`: it is granted to other jobs alone")
        );
    }
    let ring = keys.clone();
    let granted = server
        .write(move |tx| secrets::grant(tx, &ring, &name("a"), &name("db"), None, Some(1)))
        .await;
    assert_eq!((granted.version, granted.jobs), (2, None));
    assert_eq!(reveal(&server, &keys, "a", "db", None).await.expect("a value"), "v");
    let ring = keys.clone();
    let nobody = server
        .write(move |tx| secrets::grant(tx, &ring, &name("a"), &name("db"), Some(&[]), None))
        .await;
    assert_eq!(nobody.jobs, Some(Vec::new()));
    assert!(reveal(&server, &keys, "a", "db", Some("load")).await.is_err());
}

#[tokio::test]
async fn another_key_takes_over() {
    let server = Arc::new(Server::start().await);
    let (old, new) = (key_text(), key_text());
    let before = KeyRing::parse(&old, "a test").expect("a key");
    let both = KeyRing::parse(&format!("{new}\n{old}\n"), "a test").expect("keys");
    let after = KeyRing::parse(&new, "a test").expect("a key");
    for number in 0..250 {
        let tenant = if number % 2 == 0 { "a" } else { "b" };
        put(&server, &before, tenant, &format!("s{number}"), &number.to_string()).await;
    }
    let error = reveal(&server, &after, "a", "s0", None).await.expect_err("no key");
    assert!(
        matches!(error, Error::NoKey { .. }) && error.to_string().contains(before.current_id()),
        "{error}"
    );
    assert_eq!(reveal(&server, &both, "a", "s0", None).await.expect("a value"), "0");
    server
        .tamper("update tenant_secrets set sealed = x'00' where name = 's7'")
        .await;

    // Two at once, and somebody who puts a secret meanwhile.
    let rekeys: Vec<_> = (0..2)
        .map(|_| {
            let (server, both) = (Arc::clone(&server), both.clone());
            tokio::spawn(async move { rekey_all(&server.metadata, &both).await })
        })
        .collect();
    put(&server, &both, "a", "s8", "eight").await;
    let mut changed = 0;
    for rekey in rekeys {
        let rekeyed = rekey.await.expect("no panic").expect("rekeyed");
        assert_eq!((rekeyed.failed, rekeyed.next), (vec!["b/s7".to_owned()], None));
        changed += rekeyed.changed;
    }
    assert!((248..=249).contains(&changed), "{changed}");
    for number in 0..250 {
        let tenant = if number % 2 == 0 { "a" } else { "b" };
        let value = reveal(&server, &after, tenant, &format!("s{number}"), None).await;
        match number {
            7 => assert!(value.is_err()),
            8 => assert_eq!(value.expect("a value"), "eight"),
            _ => assert_eq!(value.expect("a value"), number.to_string()),
        }
    }
}

#[tokio::test]
async fn values_and_versions_are_checked() {
    let server = Server::start().await;
    let keys = keys();
    for (value, if_version, kind) in [
        (String::new(), None, ErrorKind::Invalid),
        ("x".repeat((64 << 10) + 1), None, ErrorKind::Invalid),
        ("x".to_owned(), Some(1), ErrorKind::Conflict),
    ] {
        let (keys, input) = (
            keys.clone(),
            SecretInput {
                value: SecretValue::new(value),
                jobs: None,
            },
        );
        let error = server
            .fails(move |tx| secrets::put(tx, &keys, &name("a"), &name("s"), &input, if_version))
            .await;
        assert_eq!(error.kind(), kind);
    }
    let (ring, input) = (
        keys.clone(),
        SecretInput {
            value: SecretValue::new("x"),
            jobs: None,
        },
    );
    let error = server
        .fails(move |tx| secrets::put(tx, &ring, &name("none"), &name("s"), &input, None))
        .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    put(&server, &keys, "a", "s", &"ß".repeat(32 << 10)).await;
    let error = server
        .fails(|tx| secrets::delete(tx, &name("b"), &name("s"), None))
        .await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = server
        .fails(|tx| secrets::delete(tx, &name("a"), &name("s"), Some(2)))
        .await;
    assert_eq!(error.kind(), ErrorKind::Conflict);
    server
        .write(|tx| secrets::delete(tx, &name("a"), &name("s"), Some(1)))
        .await;
}

#[test]
fn keys_are_read_and_never_shown() {
    let text = key_text();
    let ring = KeyRing::parse(&format!(" {text}\n,{}", key_text()), "x").expect("keys");
    assert!(!format!("{ring:?}").contains(&text[..8]));
    assert_eq!(ring.current_id().len(), 16);
    let zeros = format!("{}=", "A".repeat(43));
    for wrong in [
        "",
        " ",
        "hunter2",
        &text[..40],
        &format!("{text}{text}"),
        &zeros,
        &format!("{text} hunter2"),
    ] {
        let error = KeyRing::parse(wrong, "TENON_SERVER_KEY").expect_err(wrong);
        let error = error.to_string();
        assert!(error.starts_with("TENON_SERVER_KEY") && !error.contains("hunter2") && !error.contains(&text[..8]));
    }
    let of = |variable: &'static str, value: String| {
        KeyRing::of_environment(move |name| (name == variable).then(|| value.clone()))
    };
    assert!(of("OTHER", text.clone()).expect("nothing").is_none());
    assert!(of(KEY_VARIABLE, String::new()).expect("nothing").is_none());
    assert_eq!(
        of(KEY_VARIABLE, text.clone())
            .expect("a key")
            .expect("one")
            .current_id(),
        ring.current_id()
    );

    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("key");
    std::fs::write(&file, &text).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
        for open in [0o644, 0o640, 0o604, 0o660, 0o601] {
            mode(open);
            let error = KeyRing::of_file(&file).expect_err("open").to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
        mode(0o600);
    }
    assert!(KeyRing::of_file(&file).is_ok());
    assert!(
        of(KEY_FILE_VARIABLE, file.display().to_string())
            .expect("a key")
            .is_some()
    );
    assert!(KeyRing::of_file(place.path()).is_err());
    assert!(KeyRing::of_file(Path::new("/nowhere/key")).is_err());
}
