//! Statements that hold secrets: sent over the socket itself, since the driver would show them in its log.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::Schema;

use super::super::Connection;
use super::super::copy::Decoder;
use super::super::copying::Copying;
use super::bucket::Bucket;
use crate::Error;

/// How long a statement may take to end once it has been cancelled.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a statement that gives no rows. Dropped, it cancels it.
pub(super) async fn run(connection: &Connection, bucket: &Bucket, doing: &str, statement: &str) -> Result<(), Error> {
    let running = connection.running();
    let ran = send(connection, doing, statement).await;
    // A connection that is lost, or not understood, is not to be used for anything else.
    match ran {
        Err(error @ Error::Lost { .. }) => Err(bucket.without_secrets(error)),
        other => {
            running.end();
            other.map_err(|error| bucket.without_secrets(error))
        }
    }
}

/// Runs it until it ends, or until it is `given_up`: then it is cancelled, and has ended, when this answers none.
pub(super) async fn run_unless(
    connection: &Connection,
    bucket: &Bucket,
    doing: &str,
    statement: &str,
    given_up: impl Future<Output = ()>,
) -> Option<Result<(), Error>> {
    let mut ran = Box::pin(run(connection, bucket, doing, statement));
    tokio::select! {
        ran = &mut ran => Some(ran),
        () = given_up => {
            connection.cancel();
            if tokio::time::timeout(PATIENCE, &mut ran).await.is_err() {
                tracing::warn!(%doing, "a statement that was cancelled does not end");
            }
            None
        }
    }
}

async fn send(connection: &Connection, doing: &str, statement: &str) -> Result<(), Error> {
    let socket = connection.socket().await;
    let socket = socket.map_err(|error| connection.failed(doing, &error))?;
    let lost = |error: std::io::Error| connection.lost(doing, error.to_string());
    let mut answer = Copying::begin(socket, statement).await.map_err(lost)?;
    let mut nothing = Decoder::new(doing.to_owned(), Arc::new(Schema::empty()), Vec::new(), 1);
    while answer.read(connection, doing, &mut nothing).await? {}
    Ok(())
}
