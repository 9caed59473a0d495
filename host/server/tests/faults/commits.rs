//! Runs that have ended in the middle of their commit.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tenon_metadata::{Name, row};
use tenon_runs::{Capacity, Commit, Outcome, Request, State};

use crate::support::{COPY, ENDS, Running, rows};

const INPUT: &str = "id\n1\n2\n";

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// A server with a job, one run of which has failed while it committed `tokens`; with the run's id.
async fn failed(tokens: impl Fn(&str, &Path) -> Value + Send + Sync + 'static) -> (Running, String) {
    let server = Running::start().await;
    server.tenant("shop", json!({}), INPUT).await;
    server.job("shop", "copy", COPY, json!({ "max_retries": 0 })).await;
    let out = server.files("shop").join("out");
    fs::create_dir_all(&out).expect("made");
    // All at once, so that nobody carries the run out.
    let failed = server.server.metadata().write(move |tx| {
        let holder: String = tx.one("select id from run_servers where lost = 0", row![])?.get(0)?;
        let run = tenon_runs::submit(tx, &Request::new(name("shop"), name("copy")))?;
        let claimed = tenon_runs::claim(tx, &holder, &Capacity { runs: 1 })?;
        let lease = &claimed.first().expect("it waited").lease;
        let commit = Commit {
            tokens: tokens(&run.id, &out),
            ..Commit::default()
        };
        tenon_runs::prepare(tx, lease, &commit)?;
        tenon_runs::finish(tx, lease, &Outcome::new(State::Failed))?;
        Ok::<_, tenon_runs::Error>(run.id)
    });
    let run = failed.await.expect("written");
    (server, run)
}

/// What a sink says of one file with one row that it has staged in `out`.
fn staged(run: &str, out: &Path) -> Value {
    json!({
        "run": run,
        "target": format!("file://{}/", out.display()),
        "replace": "nothing",
        "files": [{
            "path": format!("part-00000-{run}.csv"),
            "rows": 1,
            "bytes": 5,
            "staged": { "file": format!(".tenon-{run}.00000-1-0.staged") },
        }],
    })
}

/// A run of the job that succeeds, with its log.
async fn next(server: &Running) -> String {
    let run = server.submit("shop", "copy").await;
    let ended = server.wait_for("shop", &run, &ENDS).await;
    assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
    let path = format!("/v1/tenants/shop/runs/{run}/logs");
    server.done("GET", &path, Value::Null).await.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_finishes_what_is_there() {
    let (server, run) = failed(|run, out| json!({ "copy": staged(run, out) })).await;
    let out = server.files("shop").join("out");
    fs::write(out.join(format!(".tenon-{run}.00000-1-0.staged")), "id\n7\n").expect("written");
    fs::write(out.join(format!(".tenon-{run}.prepared")), "").expect("written");
    let log = next(&server).await;
    assert_eq!(rows(&out), ["1", "2", "7"]);
    assert!(log.contains(&run) && log.contains("finished now"), "{log}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_gives_up_what_is_gone() {
    let (server, run) = failed(|run, out| json!({ "copy": staged(run, out) })).await;
    let log = next(&server).await;
    assert_eq!(rows(&server.files("shop").join("out")), ["1", "2"]);
    assert!(log.contains(&run) && log.contains("given up"), "{log}");
    // Only the first one had to.
    assert!(!next(&server).await.contains(&run));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_gives_up_what_the_job_does_not_write_any_more() {
    let (server, run) = failed(|run, out| json!({ "lost": staged(run, out) })).await;
    let log = next(&server).await;
    assert!(log.contains(&run) && log.contains("lost"), "{log}");
    server.stop().await;
}
