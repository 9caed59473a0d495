//! Jobs whose target does not answer when they commit: what is decided is carried out, and no row is written twice.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tenon_connect::file::{Mode, ReadConfig, WriteConfig};
use tenon_engine::{Commitment, Engine, Error, Finished, Job, Ledger, Place, Progress, Retries, Script, Secret};
use tenon_runtime::{Runtime, RuntimeConfig};
use tenon_tests::guests::guest;
use tenon_tests::services::S3;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{config, data, ids};

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Stands before the server, and lets nobody in while it is busy.
async fn gate(server: &S3) -> (String, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let upstream = server.endpoint.trim_start_matches("http://").to_owned();
    let (busy, state) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (upstream, mut state) = (upstream.clone(), state.clone());
            tokio::spawn(async move {
                if *state.borrow() {
                    let _ = client.write_all(BUSY).await;
                    return;
                }
                let mut server = TcpStream::connect(upstream).await.expect("the server");
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    // Those who are inside are sent away.
                    _ = state.wait_for(|busy| *busy) => {}
                }
            });
        }
    });
    (format!("http://{address}"), busy)
}

/// Keeps what is committed, and closes the gate as soon as that is decided: for a while, or until somebody opens it.
#[derive(Debug)]
struct Closing {
    busy: watch::Sender<bool>,
    lasts: Option<Duration>,
    kept: Mutex<Option<Commitment>>,
}

#[async_trait]
impl Ledger for Closing {
    async fn prepared(&self, commitment: &Commitment) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        *self.kept.lock().expect("unpoisoned") = Some(commitment.clone());
        self.busy.send_replace(true);
        if let Some(lasts) = self.lasts {
            let busy = self.busy.clone();
            tokio::spawn(async move {
                tokio::time::sleep(lasts).await;
                busy.send_replace(false);
            });
        }
        Ok(())
    }

    async fn committed(&self, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// Ten rows, to a folder and to the store.
fn job(folder: &Path, bucket: &WriteConfig) -> (Job, WriteConfig) {
    std::fs::write(folder.join("in.csv"), "id\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n").expect("written");
    let mut local = WriteConfig::new(format!("{}/out/", folder.display()));
    local.mode = Mode::Append;
    let mut job = Job::new("both")
        .source("rows", ReadConfig::new(format!("{}/in.csv", folder.display())))
        .sink("local", "rows", local.clone())
        .sink("store", "rows", bucket.clone());
    job.retries = Retries {
        max: 3,
        initial: Duration::from_millis(400),
        ..Retries::default()
    };
    (job, local)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_away_at_the_commit_is_asked_again() {
    let Some(server) = S3::start_or_skip("s3::away_at_the_commit").await else {
        return;
    };
    let (endpoint, busy) = gate(&server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut bucket = config(&server, "away/");
    bucket.mode = Mode::Append;
    bucket.store.endpoint = Some(endpoint);
    bucket.store.retries = Some(0);
    let (job, local) = job(folder.path(), &bucket);
    let engine = Engine::new(Runtime::new(RuntimeConfig::default()).expect("a runtime"));
    let run = async |lasts: Option<Duration>| {
        let ledger = Arc::new(Closing {
            busy: busy.clone(),
            lasts,
            kept: Mutex::default(),
        });
        let engine = engine.clone().ledger(Arc::clone(&ledger) as Arc<dyn Ledger>);
        let ended = engine.run(&job, &Progress::default()).await;
        busy.send_replace(false);
        let kept = ledger.kept.lock().expect("unpoisoned").take();
        (ended, kept.expect("a commitment"))
    };

    // For a moment: nobody notices.
    let (ended, _) = run(Some(Duration::from_millis(300))).await;
    assert_eq!(ended.expect("it succeeds").attempts, 1);
    assert_eq!((ids(&local).await, ids(&bucket).await), ((10, 45), (10, 45)));

    // For longer than it is tried: whoever finds the commitment carries it out.
    let (ended, kept) = run(None).await;
    let error = ended.expect_err("the store is away");
    assert!(matches!(error, Error::Unfinished { .. }) && error.may_pass(), "{error}");
    assert_eq!((ids(&local).await, ids(&bucket).await), ((20, 90), (10, 45)));
    let finished = engine.finish(&job, &kept).await.expect("finished");
    assert!(matches!(finished, Finished::All), "{finished:?}");
    assert_eq!((ids(&local).await, ids(&bucket).await), ((20, 90), (20, 90)));
}

/// A job whose script writes three rows to an object of which nothing but the script says where and what it is.
fn script_job(folder: &Path, server: &S3, endpoint: &str) -> Job {
    let input = folder.join("in.csv");
    std::fs::write(&input, "n\n1\n2\n3\n").expect("written");
    let mut script = Script::new(guest("script").expect("built"));
    let bucket = format!("s3://{}/", server.bucket);
    let folder = folder.to_string_lossy();
    let places = [&*folder, bucket.as_str(), endpoint];
    script.places = places.map(|place| place.parse::<Place>().expect("a place")).to_vec();
    let mut job = Job::new("script");
    job.script = Some(script);
    job.retries.max = 0;
    for (name, value) in [
        ("case", "lake_reaches".to_owned()),
        ("from", input.to_string_lossy().into_owned()),
        ("to", format!("s3://{}/reached/rows.data", server.bucket)),
        ("endpoint", endpoint.to_owned()),
    ] {
        job.parameters.insert(name.to_owned(), value);
    }
    for (name, value) in [("id", &server.access_key), ("key", &server.secret_key)] {
        job.secrets.insert(name.to_owned(), Secret::new(value));
    }
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scripts_commit_is_finished_with_the_options_that_its_sink_had() {
    let Some(server) = S3::start_or_skip("s3::a_scripts_commit").await else {
        return;
    };
    let (endpoint, busy) = gate(&server).await;
    let folder = tempfile::tempdir().expect("a folder");
    let job = script_job(folder.path(), &server, &endpoint);
    let ledger = Arc::new(Closing {
        busy: busy.clone(),
        lasts: None,
        kept: Mutex::default(),
    });
    let engine = Engine::new(Runtime::new(RuntimeConfig::default()).expect("a runtime"));
    let engine = engine.ledger(Arc::clone(&ledger) as Arc<dyn Ledger>);
    let error = engine.run(&job, &Progress::default()).await;
    let error = error.expect_err("the store is away");
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    busy.send_replace(false);
    assert_eq!(data(&server, "reached"), [""; 0]);

    // As a history has it.
    let kept = ledger.kept.lock().expect("unpoisoned").take().expect("a commitment");
    let text = serde_json::to_string(&kept.sinks).expect("serialised");
    for secret in [&server.access_key, &server.secret_key] {
        assert!(!text.contains(secret), "{text}");
    }
    let kept = Commitment {
        sinks: serde_json::from_str(&text).expect("deserialised"),
        ..kept
    };
    let mut without = job.clone();
    without.secrets.remove("key");
    let error = engine.finish(&without, &kept).await.expect_err("a secret is missing");
    assert!(
        matches!(&error, Error::LostSecret { secret, .. } if secret == "key"),
        "{error}"
    );
    let finished = engine.finish(&job, &kept).await.expect("finished");
    assert!(matches!(finished, Finished::All), "{finished:?}");
    assert_eq!(data(&server, "reached"), ["reached/rows.data"]);
    let written = std::fs::read_to_string(server.bucket_folder().join("reached/rows.data"));
    assert_eq!(written.expect("there"), "n\n1\n2\n3\n");
}
