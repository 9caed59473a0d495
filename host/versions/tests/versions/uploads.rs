//! Uploads: cut off, corrupt, enormous, twice.

use tenon_metadata::{ErrorKind, PageRequest};
use tenon_versions::{Digest, Error, VersionState, begin_check, refuse, version, versions};

use crate::{Place, name};

#[tokio::test]
async fn the_same_bytes_are_the_same_version() {
    for in_database in [false, true] {
        let place = Place::with(None, in_database).await;
        let first = place
            .push_as(b"one", |push| push.label = Some("1.0".to_owned()))
            .await
            .unwrap();
        assert!(first.is_new);
        assert_eq!(first.version.version, 1);
        assert_eq!(first.version.state, VersionState::Uploaded);
        assert_eq!(first.version.digest, Digest::of(b"one"));
        assert_eq!((first.version.size, first.version.label.as_deref()), (3, Some("1.0")));
        let again = place.push(b"one").await.unwrap();
        assert!(!again.is_new);
        assert_eq!(again.version, first.version);
        assert_eq!(place.push(b"two").await.unwrap().version.version, 2);
        let other = place.push_as(b"one", |push| push.tenant = name("bank")).await.unwrap();
        assert!(other.is_new, "another tenant's versions are its own");
        assert_eq!(place.store.read(&first.version.digest).await.unwrap(), b"one");
        assert_eq!(place.events("plugin.uploaded").await.len(), 3);
    }
}

#[tokio::test]
async fn many_at_once_are_one_version_each() {
    let place = Place::new().await;
    let bytes = |number: usize| vec![number as u8; 1000];
    let pushed = futures::future::join_all((0..40).map(|number| {
        let (place, bytes) = (&place, bytes(number % 8));
        async move { place.push(&bytes).await.unwrap() }
    }))
    .await;
    assert_eq!(pushed.iter().filter(|pushed| pushed.is_new).count(), 8);
    let mut numbers: Vec<i64> = pushed.iter().map(|pushed| pushed.version.version).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(place.left_of_uploads(), 0);
}

#[tokio::test]
async fn large_components_come_back() {
    let bytes: Vec<u8> = (0..(5 << 20) + 17_u32).map(|number| (number % 251) as u8).collect();
    for in_database in [false, true] {
        let place = Place::with(None, in_database).await;
        for size in [bytes.len(), 2 << 20, 1] {
            let pushed = place.push(&bytes[..size]).await.unwrap().version;
            assert_eq!(place.store.read(&pushed.digest).await.unwrap(), &bytes[..size]);
        }
    }
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let place = Place::new().await;
    let mut upload = place.store.begin(1000).await.unwrap();
    upload.write(&[7; 500]).await.unwrap();
    assert_eq!((upload.size(), place.left_of_uploads()), (500, 1));
    drop(upload);
    assert_eq!(place.left_of_uploads(), 0);
    let page = PageRequest::default();
    let listed = place
        .write(move |tx| versions(tx, &name("shop"), &name("clean"), &page))
        .await;
    assert!(matches!(listed, Err(Error::NoPlugin { .. })), "{listed:?}");
}

#[tokio::test]
async fn an_enormous_upload_is_stopped() {
    let place = Place::new().await;
    let mut upload = place.store.begin(1000).await.unwrap();
    upload.write(&[7; 1000]).await.unwrap();
    let error = upload.write(&[7]).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1000 }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Limit);
    drop(upload);
    assert_eq!(place.left_of_uploads(), 0);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let place = Place::new().await;
    let announced = Digest::of(b"what was sent");
    let error = place
        .push_as(b"what has arrived", |push| push.digest = Some(announced))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Mismatch { .. }), "{error}");
    let error = place.push(b"").await.unwrap_err();
    assert!(matches!(error, Error::Invalid { field: "component", .. }), "{error}");
    for label in ["", "a b", "a\nb", &"x".repeat(65)] {
        let label = Some(label.to_owned());
        let error = place.push_as(b"one", |push| push.label = label).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { field: "label", .. }), "{error}");
    }
    assert_eq!(place.left_of_uploads(), 0);
}

#[tokio::test]
async fn tenants_have_room_for_so_much() {
    let place = Place::new().await;
    let push = async |bytes: &[u8], tenant: &str| {
        place
            .push_as(bytes, |push| {
                push.tenant = name(tenant);
                push.most_bytes = Some(1000);
            })
            .await
    };
    push(&[1; 600], "shop").await.unwrap();
    let error = push(&[2; 401], "shop").await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Quota {
                bytes: 1001,
                limit: 1000,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::Limit);
    push(&[1; 600], "shop").await.unwrap();
    push(&[2; 400], "shop").await.unwrap();
    push(&[3; 1000], "bank").await.unwrap();
}

#[tokio::test]
async fn a_damaged_component_is_noticed_and_mended() {
    let place = Place::new().await;
    let digest = place.push(b"one").await.unwrap().version.digest;
    std::fs::write(place.path(&digest), b"0ne").unwrap();
    let error = place.store.read(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    place.push(b"one").await.unwrap();
    assert_eq!(place.store.read(&digest).await.unwrap(), b"one");
    let error = place.store.read(&Digest::of(b"none")).await.unwrap_err();
    assert!(matches!(error, Error::Gone { .. }), "{error}");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_says_so() {
    let place = Place::new().await;
    std::fs::remove_dir_all(place.folder.path().join("plugins")).unwrap();
    std::fs::write(place.folder.path().join("plugins"), b"a file").unwrap();
    let error = place.push(b"one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn versions_are_checked() {
    let place = Place::new().await;
    let number = place.push(b"evil").await.unwrap().version.version;
    let (shop, clean) = (name("shop"), name("clean"));
    let refused = place
        .write(move |tx| {
            assert_eq!(begin_check(tx, &shop, &clean, number)?.state, VersionState::Checking);
            assert_eq!(begin_check(tx, &shop, &clean, number)?.state, VersionState::Checking);
            refuse(tx, &shop, &clean, number, "it imports what it may not")?;
            let again = refuse(tx, &shop, &clean, number, "");
            assert!(matches!(again, Err(Error::State { .. })), "{again:?}");
            let ready = tenon_versions::ready(tx, &shop, &clean, number, &serde_json::Value::Null);
            assert!(matches!(ready, Err(Error::State { state: "refused", .. })), "{ready:?}");
            version(tx, &shop, &clean, number)
        })
        .await
        .unwrap();
    assert_eq!(refused.reason.as_deref(), Some("it imports what it may not"));
    let error = place.promote("stable", number, None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let again = place.push(b"evil").await.unwrap();
    assert!(!again.is_new);
    assert_eq!(again.version.state, VersionState::Uploaded, "it can be checked again");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let place = Place::new().await;
    for number in 0..5_u8 {
        place.push(&[number]).await.unwrap();
    }
    let mut page = PageRequest { limit: 2, after: None };
    let mut seen = Vec::new();
    loop {
        let wanted = page.clone();
        let found = place
            .write(move |tx| versions(tx, &name("shop"), &name("clean"), &wanted))
            .await
            .unwrap();
        seen.extend(found.items.iter().map(|version| version.version));
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}
