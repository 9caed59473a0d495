//! The driver: it finds what ended, whoever ended it and whenever.

use std::time::Duration;

use serde_json::json;
use tenon_metadata::{Metadata, PageRequest};
use tenon_runs::State;
use tenon_servers::Postgres;
use tenon_workflows::{Driver, Filter, RunState, list_runs, remove_runs};
use tokio::sync::oneshot;

use crate::world::World;

/// Looks again until it is so.
async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..6000 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to that within a minute");
}

fn drive(metadata: Metadata, sweep: Duration) -> (oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (end, ended) = oneshot::channel::<()>();
    let driver = Driver { sweep };
    let shutdown = async {
        let _ = ended.await;
    };
    (end, tokio::spawn(async move { driver.run(metadata, shutdown).await }))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_drivers_start_nothing_twice() {
    nothing_starts_twice(&World::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_postgres_start_nothing_twice() {
    let Some(postgres) = Postgres::start_or_skip("workflows: two servers on PostgreSQL") else {
        return;
    };
    nothing_starts_twice(&World::on(postgres.url()).await).await;
}

async fn nothing_starts_twice(world: &World) {
    let sweep = Duration::from_millis(20);
    let drivers = [
        drive(world.metadata.clone(), sweep),
        drive(world.other_server().await, sweep),
    ];
    let nodes = (0..30).map(|node| {
        format!(
            "nodes.n{node} = {{ job = 'job', depends_on = ['first'] }}\n\
             nodes.m{node} = {{ job = 'job', depends_on = ['n{node}'] }}\n"
        )
    });
    let text = format!("name = 'wide'\nnodes.first.job = 'job'\n{}", nodes.collect::<String>());
    let run = world.start(&text).await;
    let mut played = Vec::new();
    until(async || {
        for claimed in world.claim().await {
            world.end(&claimed.lease, State::Succeeded, json!(null)).await;
            played.push(claimed.node.unwrap());
        }
        (world.detail(&run).await.run.state == RunState::Completed).then_some(())
    })
    .await;
    played.sort();
    let count = played.len();
    played.dedup();
    assert_eq!((count, played.len()), (61, 61));
    assert!(world.claim().await.is_empty());
    assert_eq!(world.events().await, ["workflow.started", "workflow.completed"]);
    let page = PageRequest::default();
    let listed = world
        .write(move |tx, tenant| list_runs(tx, tenant, &Filter::default(), &page))
        .await
        .unwrap();
    assert_eq!((listed.items.len(), listed.items[0].statistics.succeeded), (1, 61));
    let removed = world.write(|tx, _| remove_runs(tx, i64::MAX, 10)).await.unwrap();
    assert_eq!(removed, 1);
    for (end, driver) in drivers {
        end.send(()).unwrap();
        driver.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_while_no_driver_was_there_is_found() {
    let world = World::new().await;
    let run = world
        .start("name = 'w'\nnodes.a.job = 'job'\nnodes.b = { job = 'job', depends_on = ['a'] }")
        .await;
    let a = world.claim().await.remove(0);
    // The server dies between the end of the node and what follows.
    world.end(&a.lease, State::Succeeded, json!(null)).await;
    assert!(world.claim().await.is_empty());
    let (end, driver) = drive(world.metadata.clone(), Duration::from_secs(3600));
    let b = until(async || world.claim().await.pop()).await;
    assert_eq!(b.node.as_deref(), Some("b"));
    // From now on notices tell, long before the tables are looked through again.
    world.end(&b.lease, State::Failed, json!(null)).await;
    until(async || (world.detail(&run).await.run.state == RunState::Completed).then_some(())).await;
    end.send(()).unwrap();
    driver.await.unwrap();
}
