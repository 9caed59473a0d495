//! Attacks on memory and tables.

use tenon_runtime::Limits;
use tenon_tests::arena::{Arena, limits};

#[tokio::test]
async fn memory_ends_at_its_limit() {
    let arena = Arena::new().await;
    arena.attack("allocate", "").await.met_limit("memory", "32 MiB");
    let attempt = arena.attack("grow", "").await;
    attempt.met_limit("memory", "32 MiB");
    assert!(attempt.run.statistics().peak_memory <= 32 << 20);
}

#[tokio::test]
async fn a_guest_that_takes_all_its_memory_may_keep_it() {
    let attempt = Arena::new().await.attack("grow-politely", "").await;
    attempt.came_to_nothing();
    // In steps of 16 pages of 64 KiB: the last step may not have fitted.
    let bytes = attempt.counted("pages") * 65_536;
    assert!((31 << 20..=32 << 20).contains(&bytes), "{bytes} bytes");
}

/// Hostages: host memory behind handles that a guest keeps.
#[tokio::test]
async fn host_memory_behind_handles_ends_at_its_limit() {
    let arena = Arena::new().await;
    arena
        .attack("hoard", "1000000")
        .await
        .was_refused(tenon_runtime::ErrorKind::Limit, &["`held_bytes` of 16 MiB"]);
}

#[tokio::test]
async fn what_a_run_builds_ends_at_its_limit() {
    let attempt = Arena::new().await.attack("build-forever", "4000000").await;
    attempt.was_refused(tenon_runtime::ErrorKind::Limit, &["`out_bytes` of 64 MiB"]);
    let built = attempt.run.statistics().bytes_out;
    assert!((60 << 20..80 << 20).contains(&built), "{built}");
}

#[tokio::test]
async fn more_than_one_call_may_pass_is_refused() {
    Arena::new()
        .await
        .attack("lie", "a-million-buffers")
        .await
        .met_limit("call_bytes", "16 MiB");
}

/// What attacks take is given back: many in a row need no more than one of them.
#[tokio::test]
async fn memory_is_given_back() {
    let arena = Arena::new().await;
    let limits = Limits {
        held_bytes: 100 << 20,
        memory: 100 << 20,
        out_bytes: 1 << 40,
        ..limits()
    };
    let attack = || arena.attack_within(limits.clone(), "hoard", "4000000");
    attack()
        .await
        .was_refused(tenon_runtime::ErrorKind::Limit, &["held_bytes"]);
    let before = resident();
    for _ in 0..20 {
        attack().await;
        arena.attack_within(limits.clone(), "allocate", "").await;
    }
    let after = resident();
    // 20 times 200 MiB were taken; other tests run at the same time.
    assert!(after < before + (1 << 30), "{before} bytes before, {after} after");
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
