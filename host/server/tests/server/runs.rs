//! Runs, from a request to their end.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::{COPY, Running, rows};

const ORDERS: &str = "id,amount\n1,10\n2,20\n3,30\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_put_run_and_recorded() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", ORDERS).await;
    server.job("shop", "copy", COPY, json!({})).await;

    let run = server.run("shop", "copy", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(run["report"]["rows_out"], 3);
    assert_eq!(run["usage"]["rows_in"], 3);
    assert_eq!(rows(&server.files("shop").join("out")), ["1,10", "2,20", "3,30"]);

    server.wait_for_event("shop", "run.succeeded").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_the_parameters_of_a_run() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", ORDERS).await;
    let job = "[params]\nleast = { type = \"int\" }\n\n[sources.orders]\nurl = \"in.csv\"\n\n[steps.large]\nsql = \"select * from orders where amount >= ${least}\"\n\n[sinks.copy]\nfrom = \"large\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";
    server.job("shop", "large", job, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "large", json!({ "least": 20 })).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    assert_eq!(rows(&server.files("shop").join("out")), ["2,20", "3,30"]);

    let without = server.run("shop", "large", json!({})).await;
    assert_eq!(without["state"], "ERROR", "{without}");
    let sentence = without["error"]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("`least`"), "{sentence}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_says_how_many_files_a_run_reads() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", ORDERS).await;
    let days = server.files("shop").join("days");
    std::fs::create_dir(&days).expect("made");
    for (name, text) in [("1.csv", "id\n1\n2\n"), ("2.csv", "id\n3\n")] {
        std::fs::write(days.join(name), text).expect("written");
    }
    let job = "bookmark = true\n\n[sources.days]\nurl = \"days/*.csv\"\nmax_files = 1\n\n\
               [sinks.copy]\nfrom = \"days\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";
    server.job("shop", "days", job, json!({})).await;
    for (read, written) in [(2, vec!["1", "2"]), (1, vec!["1", "2", "3"]), (0, vec!["1", "2", "3"])] {
        let run = server.run("shop", "days", json!({})).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
        assert_eq!(run["report"]["rows_in"], read, "{run}");
        assert_eq!(rows(&server.files("shop").join("out")), written);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_query_has_used_counts_also_if_it_fails() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", &numbers(20_000)).await;
    let query = |sql: &str| {
        format!(
            "[sources.orders]\nurl = \"in.csv\"\n\n[steps.large]\nsql = \"{sql}\"\n\n\
             [sinks.copy]\nfrom = \"large\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n"
        )
    };
    let well = query("select id, count(*) as times from orders group by id order by id");
    server.job("shop", "well", &well, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "well", json!({})).await;
    assert_eq!(run["state"], "SUCCEEDED", "{run}");
    let (kernels, memory) = (&run["usage"]["kernel_seconds"], &run["usage"]["peak_memory"]);
    assert!(kernels.as_f64().expect("a number") > 0.0, "{run}");
    assert!(memory.as_u64().expect("a number") > 0, "{run}");

    // It divides by zero once all rows have been grouped.
    let badly = query("select 1 / (times - 1) as x from (select id, count(*) as times from orders group by id)");
    server.job("shop", "badly", &badly, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "badly", json!({})).await;
    assert_eq!(run["state"], "FAILED", "{run}");
    assert!(
        run["usage"]["kernel_seconds"].as_f64().expect("a number") > 0.0,
        "{run}"
    );
    assert!(run["usage"]["bytes_in"].as_u64().expect("a number") > 0, "{run}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_its_tenant_has_used_up_its_cpu_time() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", &numbers(60_000)).await;
    let quotas = json!({ "quotas": { "cpu_seconds_per_day": 1 } });
    server.put("/v1/tenants/shop", quotas).await;
    let job = "[sources.orders]\nurl = \"in.csv\"\n\n[steps.all]\n\
               sql = \"select sum(sqrt(a.amount * b.amount)) as x from orders a cross join orders b\"\n\n\
               [sinks.copy]\nfrom = \"all\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"overwrite\"\n";
    server.job("shop", "long", job, json!({ "max_retries": 0 })).await;
    let run = server.run("shop", "long", json!({})).await;
    assert_eq!(run["state"], "FAILED", "{run}");
    assert_eq!(run["error"]["kind"], "limit", "{run}");
    let sentence = run["error"]["sentence"].as_str().expect("a sentence");
    assert!(sentence.contains("CPU seconds of today"), "{sentence}");

    server.wait_for_event("shop", "quota.reached").await;

    let next = server.run("shop", "long", json!({})).await;
    assert_eq!(next["state"], "ERROR", "{next}");
    // What was charged while it ran is not charged again at its end.
    let used = run["usage"]["kernel_seconds"].as_f64().expect("a number");
    let name = tenon_metadata::Name::new("shop").expect("a name");
    let today = server.cpu_today(name).await as f64 / 1e6;
    assert!((1.0..used + 0.1).contains(&today), "{today} of {used}");
    server.stop().await;
}

fn numbers(rows: usize) -> String {
    let lines = (1..=rows).map(|row| format!("{row},{row}\n"));
    lines.fold("id,amount\n".to_owned(), |text, line| text + &line)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_says_why_and_is_tried_again() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "id,amount\n1,10\n2,many\n").await;
    let job = "[sources.orders]\nurl = \"in.csv\"\nschema = { amount = \"int\" }\n\n[sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\n";
    let settings = json!({ "max_retries": 1, "retry_delay_seconds": 0, "retry_jitter": 0.0 });
    server.job("shop", "typed", job, settings).await;
    let run = server.run("shop", "typed", json!({})).await;
    assert_eq!(run["state"], "FAILED", "{run}");
    assert_eq!(run["attempt"], 2, "{run}");
    assert!(run["error"].to_string().contains("in.csv"), "{run}");
    assert!(rows(&server.files("shop").join("out")).is_empty());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_stays_in_its_house() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", ORDERS).await;
    server.tenant("bank", ORDERS).await;
    let other = server.files("bank").join("in.csv").display().to_string();
    for url in [
        "/etc/passwd",
        "../../bank/files/in.csv",
        other.as_str(),
        "s3://bank/in.csv",
    ] {
        let job = COPY.replace("in.csv", url);
        server.job("shop", "look", &job, json!({})).await;
        let run = server.run("shop", "look", json!({})).await;
        assert_eq!(run["state"], "ERROR", "{url}: {run}");
        assert_eq!(run["attempt"], 1, "{run}");
        let sentence = run["error"]["sentence"].as_str().expect("a sentence");
        assert!(sentence.contains("the source `orders` is not allowed"), "{sentence}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_makes_no_sense_is_not_put() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", ORDERS).await;
    let wrong = json!({ "definition": COPY.replace("from = \"orders\"", "from = \"order\"") });
    let answer = server.ask(Method::PUT, "/v1/tenants/shop/jobs/copy", Some(wrong)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = answer.body["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("copy.toml:4") && detail.contains("`orders`"),
        "{detail}"
    );
    server.stop().await;
}
