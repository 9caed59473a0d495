use tenon_metadata::ErrorKind;
use tenon_tenants::{Error, QuotaOverrides, Quotas, TenantInput, Usage, quotas, tenants, usage};

use crate::server::{NOON, SECOND, Server, name};

#[tokio::test]
async fn a_tenants_quotas_are_over_the_servers_defaults() {
    let server = Server::start().await;
    assert_eq!(server.write(|tx| quotas::of(tx, &name("a"))).await, Quotas::default());
    let defaults = Quotas {
        jobs: 7,
        triggers: 8,
        ..Quotas::default()
    };
    server.write(move |tx| quotas::set_defaults(tx, &defaults)).await;
    let own = TenantInput {
        quotas: QuotaOverrides {
            jobs: Some(0),
            storage_prefixes: Some(vec!["s3://lake/a/".to_owned()]),
            ..QuotaOverrides::default()
        },
        ..TenantInput::default()
    };
    server.write(move |tx| tenants::put(tx, &name("a"), &own, None)).await;
    let (a, b) = server
        .write(|tx| Ok((quotas::of(tx, &name("a"))?, quotas::of(tx, &name("b"))?)))
        .await;
    assert_eq!((a.jobs, a.triggers, b.jobs, b.triggers), (0, 8, 7, 8));
    let (a, b) = server
        .write(|tx| Ok((quotas::access(tx, &name("a"))?, quotas::access(tx, &name("b"))?)))
        .await;
    assert!(a.allows_url("s3://lake/a/x").is_ok() && b.allows_url("s3://lake/a/x").is_err());
    assert_eq!(
        server.fails(|tx| quotas::of(tx, &name("none"))).await.kind(),
        ErrorKind::NotFound
    );
    let wrong = Quotas {
        hosts: vec!["http://x".to_owned()],
        ..Quotas::default()
    };
    assert_eq!(
        server.fails(move |tx| quotas::set_defaults(tx, &wrong)).await.kind(),
        ErrorKind::Invalid
    );
}

#[test]
fn a_quota_says_limit_and_use() {
    assert!(quotas::check(&name("a"), "jobs", 3, 3).is_ok());
    let error = quotas::check(&name("a"), "jobs", 3, 4).expect_err("too many");
    assert_eq!(
        (error.kind(), error.to_string()),
        (
            ErrorKind::Limit,
            "tenant `a` has reached its quota of jobs: 4 of 3".to_owned()
        )
    );
}

#[tokio::test]
async fn a_quota_that_is_reached_is_told_once_an_hour() {
    let server = Server::start().await;
    let told = |tx: &mut tenon_metadata::Transaction<'_>| {
        let count = tx.one("select count(*) from events where kind = 'quota.reached'", &[])?;
        Ok::<i64, tenon_tenants::Error>(count.get(0)?)
    };
    for _ in 0..3 {
        server
            .write(|tx| {
                quotas::tell_reached(tx, &name("a"), "jobs", "it has 10 of 10")?;
                quotas::tell_reached(tx, &name("a"), "triggers", "it has 10 of 10")?;
                quotas::tell_reached(tx, &name("b"), "jobs", "it has 10 of 10")
            })
            .await;
    }
    assert_eq!(server.write(told).await, 3, "one for each quota of each tenant");
    let is_told =
        |quota: &'static str| move |tx: &mut tenon_metadata::Transaction<'_>| quotas::is_told(tx, &name("b"), quota);
    assert!(server.write(is_told("jobs")).await && !server.write(is_told("triggers")).await);
    server.wait(3600 * SECOND);
    assert!(!server.write(is_told("jobs")).await, "it would be told again");
    server
        .write(|tx| quotas::tell_reached(tx, &name("a"), "jobs", "it has 10 of 10"))
        .await;
    assert_eq!(server.write(told).await, 4);
}

#[tokio::test]
async fn cpu_time_ends_with_the_day() {
    let server = Server::start().await;
    let limited = TenantInput {
        quotas: QuotaOverrides {
            cpu_seconds_per_day: Some(10),
            ..QuotaOverrides::default()
        },
        ..TenantInput::default()
    };
    server
        .write(move |tx| tenants::put(tx, &name("a"), &limited, None))
        .await;
    let use_up = |sandbox, kernels| Usage {
        cpu_sandbox_us: sandbox,
        cpu_kernels_us: kernels,
        ..Usage::default()
    };
    server
        .write(move |tx| {
            quotas::check_cpu(tx, &name("a"))?;
            usage::add(tx, &name("a"), "x", "run_1", &use_up(4_000_000, 0))?;
            usage::add(tx, &name("a"), "y", "run_2", &use_up(0, 5_999_999))?;
            quotas::check_cpu(tx, &name("a"))?;
            usage::add(tx, &name("a"), "y", "run_2", &use_up(1, 0))
        })
        .await;
    let error = server.fails(|tx| quotas::check_cpu(tx, &name("a"))).await;
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(
        error.to_string(),
        "tenant `a` has used 10 of its 10 CPU seconds of today; they begin anew at 2026-02-01T00:00:00Z"
    );
    let Error::CpuQuota { resets_at, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(resets_at, NOON + 12 * 3600 * SECOND);
    server.write(|tx| quotas::check_cpu(tx, &name("b"))).await;
    server.wait(12 * 3600 * SECOND - 1);
    server.fails(|tx| quotas::check_cpu(tx, &name("a"))).await;
    server.wait(1);
    server.write(|tx| quotas::check_cpu(tx, &name("a"))).await;
}
