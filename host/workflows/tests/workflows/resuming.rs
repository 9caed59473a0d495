//! Runs that go on after their end.

use tenon_metadata::ErrorKind;
use tenon_runs::State;
use tenon_workflows::{NodeState, RunState, resume, stop};

use crate::world::{World, name};

const CHAIN: &str = r#"
    name = "chain"
    nodes.a.job = "job"
    nodes.b = { job = "job", depends_on = ["a"] }
    nodes.c = { job = "job", depends_on = ["b"] }
    nodes.x = { job = "job", depends_on = ["a"] }
"#;

#[tokio::test]
async fn what_failed_and_what_follows_runs_again() {
    let world = World::new().await;
    let run = world.start(CHAIN).await;
    world
        .play(&run, |node| if node == "b" { State::Failed } else { State::Succeeded })
        .await;
    assert_eq!(world.states(&run).await[2], ("c".into(), NodeState::Skipped));
    let before = world.detail(&run).await;

    let id = run.clone();
    let state = world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[]))
        .await
        .unwrap();
    assert_eq!(state, RunState::Running);
    assert_eq!(world.play(&run, |_| State::Succeeded).await, ["b", "c"]);
    let after = world.detail(&run).await;
    assert_eq!((after.run.state, after.run.attempt), (RunState::Completed, 2));
    // The others keep their runs, and what ran before is still known.
    assert_eq!(after.nodes[0], before.nodes[0]);
    assert_eq!(after.nodes[3], before.nodes[3]);
    let states: Vec<NodeState> = after.nodes[1].runs.iter().map(|run| run.state).collect();
    assert_eq!(states, [NodeState::Failed, NodeState::Succeeded]);
    assert_eq!(after.attempts[1].resumed_from, [name("b")]);
    assert_eq!(
        world.events().await,
        [
            "workflow.started",
            "workflow.failed",
            "workflow.resumed",
            "workflow.completed"
        ]
    );
}

#[tokio::test]
async fn chosen_nodes_start_whatever_they_wait_for() {
    let world = World::new().await;
    let run = world.start(CHAIN).await;
    world
        .play(&run, |node| if node == "b" { State::Failed } else { State::Succeeded })
        .await;
    let id = run.clone();
    world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[name("c")]))
        .await
        .unwrap();
    assert_eq!(world.play(&run, |_| State::Succeeded).await, ["c"]);
    let id = run.clone();
    world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[name("c"), name("a")]))
        .await
        .unwrap();
    assert_eq!(world.play(&run, |_| State::Succeeded).await.len(), 4);
}

#[tokio::test]
async fn a_stopped_run_goes_on_where_it_was() {
    let world = World::new().await;
    let run = world.start(CHAIN).await;
    let a = world.claim().await.remove(0);
    world.end(&a.lease, State::Succeeded, serde_json::Value::Null).await;
    world.advance(&run).await;
    let id = run.clone();
    let stopped = world.write(move |tx, tenant| stop(tx, tenant, &id)).await.unwrap();
    assert_eq!(stopped, RunState::Stopped);
    let id = run.clone();
    world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[]))
        .await
        .unwrap();
    let mut played = world.play(&run, |_| State::Succeeded).await;
    played.sort();
    assert_eq!(played, ["b", "c", "x"]);
    assert_eq!(world.detail(&run).await.run.state, RunState::Completed);
}

#[tokio::test]
async fn what_cannot_be_resumed_is_refused() {
    let world = World::new().await;
    let run = world.start(CHAIN).await;
    let id = run.clone();
    let early = world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[]))
        .await
        .unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Conflict);
    world.play(&run, |_| State::Succeeded).await;
    let id = run.clone();
    let nothing = world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[]))
        .await
        .unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::Invalid);
    let id = run.clone();
    let unknown = world
        .write(move |tx, tenant| resume(tx, tenant, &id, &[name("bb")]))
        .await
        .unwrap_err();
    assert_eq!(
        unknown.to_string(),
        format!("the run `{run}` has no node `bb`; did you mean `b`?")
    );
}
