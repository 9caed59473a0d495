use tenon_tenants::usage::{self, GroupBy, ReportRequest};
use tenon_tenants::{PriceList, Usage};

use crate::server::{SECOND, Server, name};

const DAY: i64 = 24 * 3600 * SECOND;

fn some(figure: u64) -> Usage {
    Usage {
        runs: 1,
        cpu_sandbox_us: figure,
        cpu_kernels_us: figure * 2,
        peak_memory: figure * 3,
        rows_in: figure * 4,
        rows_out: figure * 5,
        bytes_in: figure * 6,
        bytes_out: figure * 7,
    }
}

#[tokio::test]
async fn usage_adds_up_by_day_job_and_tenant() {
    let server = Server::start().await;
    let start = server.now();
    for (tenant, job, run, figure, wait) in [
        ("a", "x", "run_1", 1, 0),
        ("a", "x", "run_1", 10, 0),
        ("a", "y", "run_2", 100, DAY),
        ("a", "x", "run_3", 1000, 0),
        ("b", "x", "run_4", 5, 0),
    ] {
        server
            .write(move |tx| usage::add(tx, &name(tenant), job, run, &some(figure)))
            .await;
        server.wait(wait);
    }
    let run = server.write(|tx| usage::of_run(tx, &name("a"), "run_1")).await;
    assert_eq!(
        (run.runs, run.cpu_sandbox_us, run.peak_memory, run.bytes_out),
        (2, 11, 30, 77)
    );
    let other = server.write(|tx| usage::of_run(tx, &name("b"), "run_1")).await;
    assert_eq!(other, Usage::default());

    let report = async |tenant: Option<&str>, by, from, to| {
        let tenant = tenant.map(name);
        let request = ReportRequest { tenant, from, to, by };
        server.write(move |tx| usage::report(tx, &request)).await
    };
    let end = server.now();
    let all = report(None, GroupBy::Tenant, start, end).await;
    let sums: Vec<_> = all
        .iter()
        .map(|line| (line.tenant.as_str(), line.usage.rows_in, line.usage.peak_memory))
        .collect();
    assert_eq!(sums, [("a", 4 * 1111, 3000), ("b", 20, 15)]);
    let jobs = report(Some("a"), GroupBy::Job, start, end).await;
    let sums: Vec<_> = jobs
        .iter()
        .map(|line| (line.job.as_deref(), line.usage.runs, line.usage.rows_out))
        .collect();
    assert_eq!(sums, [(Some("x"), 3, 5 * 1011), (Some("y"), 1, 500)]);
    let days = report(Some("a"), GroupBy::Day, start, end).await;
    let sums: Vec<_> = days
        .iter()
        .map(|line| (line.day.as_deref(), line.usage.cpu_kernels_us))
        .collect();
    assert_eq!(sums, [(Some("2026-01-31"), 222), (Some("2026-02-01"), 2000)]);
    assert_eq!(report(Some("a"), GroupBy::Day, start, start).await.len(), 1);
    let runs = report(Some("a"), GroupBy::Run, start, end).await;
    let sums: Vec<_> = runs
        .iter()
        .map(|line| (line.run.as_deref(), line.day.as_deref(), line.usage.rows_in))
        .collect();
    assert_eq!(
        sums,
        [
            (Some("run_3"), Some("2026-02-01"), 4000),
            (Some("run_1"), Some("2026-01-31"), 44),
            (Some("run_2"), Some("2026-01-31"), 400),
        ]
    );
    assert_eq!(runs[2].job.as_deref(), Some("y"));
    assert_eq!(report(None, GroupBy::Run, start, start).await.len(), 2);
    let (lines, _) = PriceList::parse("run = '0.1'").expect("prices").bill(runs);
    assert_eq!(lines[1].cost.to_string(), "0.200000 EUR");
    let backwards = ReportRequest {
        tenant: None,
        from: end,
        to: start,
        by: GroupBy::Day,
    };
    server.fails(move |tx| usage::report(tx, &backwards)).await;

    let (lines, total) = PriceList::parse("run = '0.1'\nmillion_rows = '100'")
        .expect("prices")
        .bill(all);
    let costs: Vec<String> = lines.iter().map(|line| line.cost.to_string()).collect();
    assert_eq!(costs, ["1.399900 EUR", "0.104500 EUR"]);
    assert_eq!(total.to_string(), "1.504400 EUR");

    for gone in [1, 1, 0] {
        assert_eq!(server.write(move |tx| usage::forget_runs(tx, end, 1)).await, gone);
    }
    assert_eq!(report(None, GroupBy::Tenant, start, end).await.len(), 2, "days stay");
}

#[tokio::test]
async fn no_figure_breaks_the_sums() {
    let server = Server::start().await;
    let most = Usage {
        runs: u64::MAX,
        cpu_sandbox_us: u64::MAX,
        cpu_kernels_us: u64::MAX,
        peak_memory: u64::MAX,
        rows_in: u64::MAX,
        rows_out: u64::MAX,
        bytes_in: u64::MAX,
        bytes_out: u64::MAX,
    };
    for _ in 0..20 {
        server
            .write(move |tx| usage::add(tx, &name("a"), "j", "run_1", &most))
            .await;
    }
    let run = server.write(|tx| usage::of_run(tx, &name("a"), "run_1")).await;
    assert_eq!(run.bytes_in, 20 << 48);
    assert_eq!(server.write(|tx| usage::cpu_today(tx, &name("a"))).await, 40 << 48);
}
