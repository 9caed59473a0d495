//! Runs that have ended in the middle of their commit.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tenon_metadata::{Name, Transaction, row};
use tenon_runs::{Capacity, Commit, Finished, Lease, Outcome, Request, State, Usage};

use crate::support::{COPY, ENDS, Running, rows};

const INPUT: &str = "id\n1\n2\n";

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// How an attempt ends.
type End = fn(&mut Transaction<'_>, &Lease) -> Result<Finished, tenon_runs::Error>;

fn fails(tx: &mut Transaction<'_>, lease: &Lease) -> Result<Finished, tenon_runs::Error> {
    tenon_runs::finish(tx, lease, &Outcome::new(State::Failed))
}

fn is_given_back(tx: &mut Transaction<'_>, lease: &Lease) -> Result<Finished, tenon_runs::Error> {
    tenon_runs::give_back(tx, lease, &Usage::default())
}

/// A server with a job, one run of which has failed while it committed `tokens`; with the run's id.
async fn failed(tokens: impl Fn(&str, &Path) -> Value + Send + Sync + 'static) -> (Running, String) {
    left(COPY, tokens, fails).await
}

/// A server with a job, the first attempt of one run of which has ended like this while it committed `tokens`; with the
/// run's id.
async fn left(job: &str, tokens: impl Fn(&str, &Path) -> Value + Send + Sync + 'static, end: End) -> (Running, String) {
    let server = Running::start().await;
    server.tenant("shop", json!({}), INPUT).await;
    server.job("shop", "copy", job, json!({ "max_retries": 0 })).await;
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
        end(tx, lease)?;
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
            "staged": { "file": format!(".tenon-{run}.prepared") },
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
    let (server, run) = failed(|run, out| json!({ "copy": one_row(run, out) })).await;
    let log = next(&server).await;
    assert_eq!(rows(&server.files("shop").join("out")), ["1", "2", "7"]);
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
    let elsewhere = |run: &str, out: &Path| json!({ "lost": one_row(run, &out.with_file_name("elsewhere")) });
    let (server, run) = failed(elsewhere).await;
    let log = next(&server).await;
    let out = server.files("shop").join("out");
    let staged = format!(
        "`lost` (staged in file://{}/)",
        out.with_file_name("elsewhere").display()
    );
    assert!(
        log.contains(&run) && log.contains(&staged) && log.contains("given up"),
        "{log}"
    );
    assert_eq!(rows(&out), ["1", "2"]);
    server.stop().await;
}

const TWO: &str = "sources.orders.url = \"in.csv\"\n\n[sinks.a]\nfrom = \"orders\"\nurl = \"out/a/\"\nformat = \"csv\"\nmode = \"append\"\n\n[sinks.b]\nfrom = \"orders\"\nurl = \"out/b/\"\nformat = \"csv\"\nmode = \"append\"\n";

/// Stages one row in `out`, and says so as [`staged`] does.
fn one_row(run: &str, out: &Path) -> Value {
    fs::create_dir_all(out).expect("made");
    fs::write(out.join(format!(".tenon-{run}.prepared")), "id\n7\n").expect("written");
    staged(run, out)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_visible_is_not_given_up() {
    let half = |run: &str, out: &Path| {
        let nothing = out.join("b");
        fs::create_dir_all(&nothing).expect("made");
        json!({ "a": one_row(run, &out.join("a")), "b": staged(run, &nothing) })
    };
    let (server, run) = left(TWO, half, fails).await;
    let log = next(&server).await;
    let out = server.files("shop").join("out");
    assert_eq!(rows(&out.join("a")), ["1", "2", "7"]);
    assert_eq!(rows(&out.join("b")), ["1", "2"]);
    assert!(log.contains(&run) && log.contains("what is lost"), "{log}");
    let ended = server.get(&format!("/v1/tenants/shop/runs/{run}")).await;
    assert!(ended["committed"].is_string(), "its bookmarks have moved: {ended}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_a_sink_that_it_has_lost() {
    let (first, second) = TWO.split_once("[sinks.b]").expect("two sinks");
    let both = |run: &str, out: &Path| json!({ "a": one_row(run, &out.join("a")), "b": one_row(run, &out.join("b")) });
    let (server, run) = left(first, both, fails).await;
    let out = server.files("shop").join("out");
    for _ in 0..2 {
        let ended = server.run("shop", "copy").await;
        assert_eq!(ended["state"], "ERROR", "{ended}");
        let sentence = ended["error"]["sentence"].as_str().expect("a sentence");
        let staged = format!("`b` (staged in file://{}/b/)", out.display());
        for part in [
            run.as_str(),
            staged.as_str(),
            "what it wrote to `a` is visible",
            "put back",
        ] {
            assert!(sentence.contains(part), "{sentence}");
        }
        assert_eq!(rows(&out.join("a")), ["7"], "finished, and once");
        let left = server.run_of("shop", &run).await;
        assert!(left["committed"].is_null(), "its bookmarks have not moved: {left}");
    }

    // Under another name it is the same, as it writes to the same place.
    let back = format!("{first}[sinks.c]{second}");
    server.job("shop", "copy", &back, json!({ "max_retries": 0 })).await;
    let log = next(&server).await;
    assert!(log.contains(&run) && log.contains("finished now"), "{log}");
    for sink in ["a", "b"] {
        assert_eq!(rows(&out.join(sink)), ["1", "2", "7"], "{sink}");
    }
    let left = server.run_of("shop", &run).await;
    assert!(left["committed"].is_string(), "its bookmarks have moved: {left}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_own_commit_is_gone_is_carried_out_again() {
    let (server, run) = left(COPY, |run, out| json!({ "copy": staged(run, out) }), is_given_back).await;
    let ended = server.wait_for("shop", &run, &ENDS).await;
    assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
    assert_eq!(rows(&server.files("shop").join("out")), ["1", "2"]);
    server.stop().await;
}
