//! What nobody needs is removed, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenon_versions::{Collected, Digest, Error, pin, pinned_before, retire, unpin};

use crate::{Place, name};

const HOUR: Duration = Duration::from_secs(3600);

async fn retired(place: &Place, version: i64) {
    place
        .write(move |tx| retire(tx, &name("shop"), &name("clean"), version))
        .await
        .unwrap();
}

async fn pinned(place: &Place, tenant: &str, run: &'static str, digests: &[Digest]) -> Result<(), Error> {
    let (tenant, digests) = (name(tenant), digests.to_vec());
    place.write(move |tx| pin(tx, &tenant, run, &digests)).await
}

#[tokio::test]
async fn only_what_nobody_needs_is_removed() {
    for in_database in [false, true] {
        let place = Place::with(None, in_database).await;
        let one = place.ready(b"one").await;
        let two = place.ready(b"twotwo").await;
        let three = place.ready(b"three").await;
        pinned(&place, "shop", "run_1", std::slice::from_ref(&two.digest))
            .await
            .unwrap();
        retired(&place, 2).await;
        retired(&place, 3).await;
        let collect = || place.store.collect(HOUR);
        assert_eq!(
            collect().await.unwrap(),
            Collected::default(),
            "before the grace time is over"
        );
        place.pass(3600);
        let (removed, bytes, failed) = (1, 5, 0);
        assert_eq!(collect().await.unwrap(), Collected { removed, bytes, failed });
        assert_eq!(place.store.read(&one.digest).await.unwrap(), b"one");
        assert_eq!(place.store.read(&two.digest).await.unwrap(), b"twotwo");
        assert!(matches!(place.store.read(&three.digest).await, Err(Error::Gone { .. })));
        let gone = pinned(&place, "shop", "run_2", std::slice::from_ref(&three.digest)).await;
        assert!(matches!(gone, Err(Error::Gone { .. })), "{gone:?}");
        place.write(|tx| unpin(tx, &name("shop"), "run_1")).await.unwrap();
        assert_eq!(collect().await.unwrap().removed, 1);
        assert!(matches!(place.store.read(&two.digest).await, Err(Error::Gone { .. })));
        // It can come back.
        let again = place.push(b"twotwo").await.unwrap();
        assert_eq!((again.version.version, again.is_new), (2, false));
        assert_eq!(place.store.read(&two.digest).await.unwrap(), b"twotwo");
    }
}

#[tokio::test]
async fn pins_are_of_ones_own() {
    let place = Place::new().await;
    let one = place.ready(b"one").await;
    let refused = pinned(&place, "bank", "run_1", std::slice::from_ref(&one.digest)).await;
    assert!(matches!(refused, Err(Error::Gone { .. })), "{refused:?}");
    pinned(&place, "shop", "run_1", std::slice::from_ref(&one.digest))
        .await
        .unwrap();
    place.write(|tx| unpin(tx, &name("bank"), "run_1")).await.unwrap();
    let now = place.metadata.clock().now();
    let left = place.write(move |tx| pinned_before(tx, now + 1, 10)).await.unwrap();
    assert_eq!(left, [("shop".to_owned(), "run_1".to_owned())]);
    // Another batch takes other versions.
    let two = place.ready(b"two").await;
    pinned(&place, "shop", "run_1", &[two.digest]).await.unwrap();
    retired_is_removed(&place, &one.digest).await;
}

async fn retired_is_removed(place: &Place, digest: &Digest) {
    place.promote("stable", 2, None).await.unwrap();
    retired(place, 1).await;
    place.pass(1);
    place.store.collect(Duration::ZERO).await.unwrap();
    assert!(matches!(place.store.read(digest).await, Err(Error::Gone { .. })));
}

#[tokio::test]
async fn what_is_uploaded_but_never_registered_is_removed() {
    let place = Place::new().await;
    let error = place
        .push_as(b"one", |push| push.most_bytes = Some(1))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Quota { .. }), "{error}");
    assert_eq!(place.store.collect(Duration::ZERO).await.unwrap(), Collected::default());
}

#[tokio::test]
async fn a_removal_that_was_cut_off_is_finished() {
    let place = Place::new().await;
    let one = place.ready(b"one").await;
    place.ready(b"two").await;
    place.promote("stable", 2, None).await.unwrap();
    retired(&place, 1).await;
    // A folder in place of the file cannot be removed as one.
    let path = place.path(&one.digest);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(place.store.collect(Duration::ZERO).await.unwrap().failed, 1);
    assert_eq!(place.store.collect(Duration::ZERO).await.unwrap(), Collected::default());
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, b"one").unwrap();
    place.pass(601);
    assert_eq!(place.store.collect(Duration::ZERO).await.unwrap().removed, 1);
    assert!(!path.exists());
}

/// One uploads the same bytes again and again and retires them, another collects all the time: what has been pushed is
/// there for as long as it is not retired.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn uploads_and_collections_do_not_meet() {
    for in_database in [false, true] {
        let place = Arc::new(Place::with(None, in_database).await);
        place.ready(b"the stable one").await;
        let is_done = Arc::new(AtomicBool::new(false));
        let collector = tokio::spawn({
            let (place, is_done) = (Arc::clone(&place), Arc::clone(&is_done));
            async move {
                let mut removed = 0;
                loop {
                    let is_last = is_done.load(Ordering::Relaxed);
                    removed += place.store.collect(Duration::from_millis(500)).await.unwrap().removed;
                    if is_last {
                        return removed;
                    }
                }
            }
        });
        for _ in 0..60 {
            let pushed = place.push(b"again and again").await.unwrap().version;
            assert_eq!(place.store.read(&pushed.digest).await.unwrap(), b"again and again");
            retired(&place, pushed.version).await;
            // From here on it can be removed, at the same time as it comes back.
            place.pass(1);
        }
        is_done.store(true, Ordering::Relaxed);
        let removed = collector.await.unwrap();
        assert!((1..=60).contains(&removed), "{removed} removed");
    }
}
