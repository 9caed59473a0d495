//! Triggers that look for something: at a folder, and at a table.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{COPY, PATIENCE, Running};

/// A job that is given the events that started it.
const TOLD: &str = "[params]\nevents = { type = \"string\" }\n\n[sources.orders]\nurl = \"in.csv\"\n\n\
                    [sinks.copy]\nfrom = \"orders\"\nurl = \"out/\"\nformat = \"csv\"\nmode = \"append\"\n";

/// A job that adds the rows of `in.csv` to a table.
const FILLS: &str = "[sources.orders]\nurl = \"in.csv\"\n\n\
                     [sinks.table]\nfrom = \"orders\"\nconnector = \"sqlite\"\nurl = \"sqlite:orders.db\"\n\
                     table = \"orders\"\nmode = \"append\"\n";

/// A trigger that looks every five seconds, which is as often as it may, and starts a job that is told what it found.
async fn looks(server: &Running, trigger: &str, source: Value) {
    let path = format!("/v1/tenants/shop/triggers/{trigger}");
    let when = json!({ "event": { "source": source } });
    server
        .put(&path, json!({ "when": when, "actions": [{ "job": "told" }] }))
        .await;
    server.post(&format!("{path}/activate"), Value::Null).await;
}

/// Waits until a trigger has started so many runs; answers with the events that each was given, and has them succeed.
async fn told(server: &Running, trigger: &str, count: usize) -> Vec<Value> {
    let path = format!("/v1/tenants/shop/runs?trigger={trigger}");
    let waiting = async {
        loop {
            let listed = server.get(&path).await;
            let runs = listed["items"].as_array().expect("a list");
            if runs.len() >= count {
                return runs.clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    let mut runs = waited.unwrap_or_else(|_| panic!("`{trigger}` does not start {count} runs"));
    assert_eq!(runs.len(), count, "{runs:?}");
    // Ids are in the order of their times.
    runs.sort_by_key(|run| run["id"].to_string());
    for run in &runs {
        let id = run["id"].as_str().expect("an id");
        server.wait_for("shop", id, &["SUCCEEDED"]).await;
    }
    runs.iter().map(|run| run["arguments"]["events"].clone()).collect()
}

/// Waits until a look has failed; answers with why.
async fn refused(server: &Running, trigger: &str) -> String {
    let path = format!("/v1/tenants/shop/triggers/{trigger}");
    let waiting = async {
        loop {
            if let Some(error) = server.get(&path).await["last_error"].as_str() {
                return error.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("`{trigger}` does not fail"))
}

/// The names of the files that events are about.
fn names(events: &Value) -> Vec<String> {
    let urls = events.as_array().into_iter().flatten();
    let names = urls.filter_map(|event| event["url"].as_str()?.rsplit('/').next().map(str::to_owned));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn new_files_of_a_folder_start_a_job_once() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "id\n1\n").await;
    server.job("shop", "told", TOLD, json!({ "max_retries": 0 })).await;
    let inbox = server.files("shop").join("inbox");
    std::fs::create_dir_all(&inbox).expect("made");
    std::fs::write(inbox.join("a.csv"), "id\n1\n").expect("written");
    let folder = format!("file://{}/", inbox.display());
    let objects = |existing: bool| json!({ "objects": { "url": folder, "interval_seconds": 5, "existing": existing } });
    looks(&server, "all", objects(true)).await;
    looks(&server, "fresh", objects(false)).await;
    let own = |url: &str| json!({ "objects": { "url": url, "interval_seconds": 5, "existing": true } });
    looks(&server, "own", own("inbox/*.csv")).await;
    looks(&server, "outside", own("../../bank/files/")).await;
    // A path is one in the tenant's folder, and so is what it is told.
    assert_eq!(told(&server, "own", 1).await[0][0]["url"], "inbox/a.csv");
    let refused = refused(&server, "outside").await;
    assert!(refused.contains("`../../bank/files/`"), "{refused}");
    assert!(!refused.contains(&place.path().display().to_string()), "{refused}");
    let first = told(&server, "all", 1).await;
    server.wait_for_look("fresh").await;

    for (name, text) in [("b.csv", "id\n2\n"), ("c.csv", "id\n3\n")] {
        // Both are there at once.
        std::fs::write(place.path().join(name), text).expect("written");
    }
    for name in ["b.csv", "c.csv"] {
        std::fs::rename(place.path().join(name), inbox.join(name)).expect("moved");
    }
    assert_eq!(names(&first[0]), ["a.csv"]);
    assert_eq!(first[0][0]["bytes"], 5, "{first:?}");
    // A look may come between the two.
    let found = async |trigger: &str, before: usize| {
        let mut found = told(&server, trigger, before + 1).await;
        if names(&found[before]).len() < 2 {
            found = told(&server, trigger, before + 2).await;
        }
        found[before..].iter().flat_map(names).collect::<Vec<_>>()
    };
    assert_eq!(found("all", 1).await, ["b.csv", "c.csv"]);
    assert_eq!(found("fresh", 0).await, ["b.csv", "c.csv"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rows_of_a_query_start_a_job_once() {
    let place = tempfile::tempdir().expect("a folder");
    let server = Running::start(place.path(), None).await;
    server.tenant("shop", "id,customer\n1,Ada\n2,Bob\n").await;
    server.job("shop", "told", TOLD, json!({ "max_retries": 0 })).await;
    server.job("shop", "fills", FILLS, json!({ "max_retries": 0 })).await;
    let fill = async |input: &str| {
        std::fs::write(server.files("shop").join("in.csv"), input).expect("written");
        let run = server.run("shop", "fills", json!({})).await;
        assert_eq!(run["state"], "SUCCEEDED", "{run}");
    };
    fill("id,customer\n1,Ada\n2,Bob\n").await;
    let connection = json!({ "driver": "sqlite", "url": "sqlite:orders.db" });
    server.put("/v1/tenants/shop/connections/orders", connection).await;
    let rows = |existing: bool| {
        json!({ "rows": {
            "connection": "orders", "query": "select id, customer from orders where id <> 2",
            "cursor_column": "id", "interval_seconds": 5, "existing": existing,
        } })
    };
    looks(&server, "all", rows(true)).await;
    looks(&server, "fresh", rows(false)).await;
    let ada = json!([{ "rows": [{ "id": 1, "customer": "Ada" }], "more": false }]);
    assert_eq!(told(&server, "all", 1).await, [ada]);
    server.wait_for_look("fresh").await;

    fill("id,customer\n3,Cleo\n4,Dan\n").await;
    let both = json!([{ "rows": [{ "id": 3, "customer": "Cleo" }, { "id": 4, "customer": "Dan" }], "more": false }]);
    assert_eq!(told(&server, "all", 2).await[1], both);
    assert_eq!(told(&server, "fresh", 1).await, [both]);
    server.stop().await;
}

/// Restarting is no reason to look at everything again, nor to forget what is due.
#[tokio::test(flavor = "multi_thread")]
async fn triggers_go_on_after_their_server_was_started_again() {
    let place = tempfile::tempdir().expect("a folder");
    let first = Running::start(place.path(), None).await;
    first.tenant("shop", "id\n1\n").await;
    first.job("shop", "told", TOLD, json!({ "max_retries": 0 })).await;
    first
        .job("shop", "copy", COPY, json!({ "max_concurrent_runs": 5 }))
        .await;
    let inbox = first.files("shop").join("inbox");
    std::fs::create_dir_all(&inbox).expect("made");
    std::fs::write(inbox.join("a.csv"), "id\n1\n").expect("written");
    let objects = json!({ "url": format!("file://{}/", inbox.display()), "interval_seconds": 5, "existing": true });
    looks(&first, "all", json!({ "objects": objects })).await;
    told(&first, "all", 1).await;
    let start = chrono::Utc::now() + chrono::TimeDelta::seconds(3);
    let schedule = json!({ "expression": "rate(1 hour)", "start": start.to_rfc3339(), "missed": "run_once" });
    let hourly = "/v1/tenants/shop/triggers/hourly";
    let trigger = json!({ "when": { "schedule": schedule }, "actions": [{ "job": "copy" }] });
    first.put(hourly, trigger).await;
    first.post(&format!("{hourly}/activate"), Value::Null).await;
    let token = first.token();
    first.stop().await;

    // While no server is there a file comes, and the schedule is due.
    std::fs::write(inbox.join("b.csv"), "id\n2\n").expect("written");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let second = Running::start(place.path(), Some(token)).await;
    let events = told(&second, "all", 2).await;
    assert_eq!(events[1].as_array().map(Vec::len), Some(1), "{events:?}");
    assert!(events[1].to_string().contains("b.csv"), "{events:?}");
    let firings = async || second.get(&format!("{hourly}/firings")).await["items"].clone();
    let waiting = async {
        while firings().await.as_array().is_none_or(Vec::is_empty) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "what was due meanwhile has not fired");
    let firings = firings().await;
    assert_eq!(
        (firings.as_array().map(Vec::len), &firings[0]["outcome"]),
        (Some(1), &json!("fired"))
    );
    second.stop().await;
}
