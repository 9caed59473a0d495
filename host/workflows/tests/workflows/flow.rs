//! Which nodes start, and how runs end.

use serde_json::json;
use tenon_metadata::ErrorKind;
use tenon_runs::State;
use tenon_workflows::{
    Error, NodeState, RunState, StartRequest, Statistics, put, put_property, remove_runs, restart, start, stop,
};

use crate::world::{World, definition, name};

const DIAMOND: &str = r#"
    name = "diamond"
    [nodes.a]
    job = "job"
    [nodes.b]
    job = "job"
    depends_on = ["a"]
    [nodes.c]
    job = "job"
    depends_on = ["a"]
    [nodes.d]
    job = "job"
    depends_on = ["b", "c"]
"#;

#[tokio::test]
async fn a_diamond_runs_each_node_once() {
    let world = World::new().await;
    let run = world.start(DIAMOND).await;
    let played = world.play(&run, |_| State::Succeeded).await;
    assert_eq!((played.len(), &*played[0], &*played[3]), (4, "a", "d"));
    let detail = world.detail(&run).await;
    assert_eq!(detail.run.state, RunState::Completed);
    let expected = Statistics {
        total: 4,
        succeeded: 4,
        ..Statistics::default()
    };
    assert_eq!(detail.run.statistics, expected);
    assert_eq!(world.events().await, ["workflow.started", "workflow.completed"]);
    // Nothing happens to what has ended.
    assert_eq!(world.advance(&run).await, RunState::Completed);
    assert_eq!(world.events().await.len(), 2);
}

#[tokio::test]
async fn all_skips_and_any_starts_when_one_fails() {
    let world = World::new().await;
    let run = world
        .start(
            r#"
            name = "w"
            nodes.a.job = "job"
            nodes.b.job = "job"
            nodes.all = { job = "job", depends_on = ["a", "b"] }
            nodes.any = { job = "job", depends_on = ["a", "b"], condition = "any" }
            nodes.after-all = { job = "job", depends_on = ["all"] }
            nodes.alert = { job = "job", depends_on = [{ node = "a", states = ["FAILED", "TIMEOUT"] }] }
            nodes.never = { job = "job", depends_on = [{ node = "b", states = ["FAILED"] }] }
            nodes.instead = { job = "job", depends_on = [{ node = "all", states = ["SKIPPED"] }] }
            "#,
        )
        .await;
    world
        .play(&run, |node| if node == "a" { State::Failed } else { State::Succeeded })
        .await;
    let states = world.states(&run).await;
    let skipped: Vec<&str> = states
        .iter()
        .filter(|(_, state)| *state == NodeState::Skipped)
        .map(|(node, _)| node.as_str())
        .collect();
    assert_eq!(skipped, ["after-all", "all", "never"]);
    let detail = world.detail(&run).await;
    assert_eq!((detail.run.statistics.succeeded, detail.run.statistics.failed), (4, 1));
    let reason = |node: &str| {
        detail
            .nodes
            .iter()
            .find(|found| found.node.as_str() == node)
            .unwrap()
            .reason
            .clone()
    };
    assert_eq!(reason("all").unwrap(), "`a` ended as FAILED, and it needs SUCCEEDED");
    assert_eq!(reason("a").unwrap(), "the disk is full");
    // Somebody took care of the failure.
    assert_eq!(world.events().await, ["workflow.started", "workflow.completed"]);
}

#[tokio::test]
async fn a_failure_that_nobody_handles_is_told() {
    let world = World::new().await;
    let run = world.start(DIAMOND).await;
    world
        .play(&run, |node| if node == "b" { State::Error } else { State::Succeeded })
        .await;
    assert_eq!(world.detail(&run).await.run.state, RunState::Completed);
    assert_eq!(world.events().await, ["workflow.started", "workflow.failed"]);
}

#[tokio::test]
async fn a_node_may_stop_everything() {
    let world = World::new().await;
    let run = world
        .start(
            r#"
            name = "w"
            nodes.a = { job = "job", on_failure = "stop" }
            nodes.long.job = "job"
            nodes.later = { job = "job", depends_on = ["long"] }
            "#,
        )
        .await;
    let claimed = world.claim().await;
    let of = |node: &str| claimed.iter().find(|run| run.node.as_deref() == Some(node)).unwrap();
    world.end(&of("a").lease, State::Failed, json!(null)).await;
    assert_eq!(world.advance(&run).await, RunState::Stopping);
    let states = world.states(&run).await;
    assert_eq!(
        states[1..],
        [
            ("later".into(), NodeState::Skipped),
            ("long".into(), NodeState::Stopping)
        ]
    );
    world.end(&of("long").lease, State::Stopped, json!(null)).await;
    assert_eq!(world.advance(&run).await, RunState::Error);
    let error = world.detail(&run).await.run.error.unwrap();
    assert_eq!(error, "the node `a` ended as FAILED: the disk is full");
    assert_eq!(world.events().await, ["workflow.started", "workflow.failed"]);
}

#[tokio::test]
async fn stopping_in_the_middle_ends_what_is_at_work_and_starts_no_more() {
    let world = World::new().await;
    let run = world.start(DIAMOND).await;
    let a = world.claim().await.remove(0);
    world.end(&a.lease, State::Succeeded, json!(null)).await;
    world.advance(&run).await;
    let at_work = world.claim().await;
    assert_eq!(at_work.len(), 2);
    let id = run.clone();
    let stopping = world.write(move |tx, tenant| stop(tx, tenant, &id)).await.unwrap();
    assert_eq!(stopping, RunState::Stopping);
    assert_eq!(world.states(&run).await[3], ("d".into(), NodeState::Skipped));
    // The one was too fast to be stopped.
    world.end(&at_work[0].lease, State::Succeeded, json!(null)).await;
    assert_eq!(world.advance(&run).await, RunState::Stopping);
    world.end(&at_work[1].lease, State::Stopped, json!(null)).await;
    assert_eq!(world.advance(&run).await, RunState::Stopped);
    assert!(world.claim().await.is_empty());
    let counts = world.detail(&run).await.run.statistics;
    assert_eq!((counts.succeeded, counts.stopped, counts.skipped), (2, 1, 1));
    assert_eq!(world.events().await, ["workflow.started", "workflow.stopped"]);
}

#[tokio::test]
async fn a_run_whose_nodes_are_all_in_the_queue_is_stopped_at_once() {
    let world = World::new().await;
    let run = world.start(DIAMOND).await;
    let id = run.clone();
    let stopped = world.write(move |tx, tenant| stop(tx, tenant, &id)).await.unwrap();
    assert_eq!(stopped, RunState::Stopped);
    let id = run.clone();
    let again = world.write(move |tx, tenant| stop(tx, tenant, &id)).await.unwrap_err();
    assert_eq!(
        (again.kind(), again.to_string()),
        (
            ErrorKind::Conflict,
            format!("the run `{run}` is STOPPED, so it cannot be stopped")
        )
    );
    assert_eq!(world.events().await, ["workflow.started", "workflow.stopped"]);
}

#[tokio::test]
async fn arguments_take_properties_and_results() {
    let world = World::new().await;
    let run = world
        .start(
            r#"
            name = "w"
            properties = { day = "monday" }
            nodes.a = { job = "job", arguments = { day = "${property:day}" } }
            [nodes.b]
            job = "job"
            depends_on = ["a"]
            arguments = { day = "on ${property:day}", rows = "${node:a.rows_out}", of = "${node:a.state}" }
            [nodes.c]
            job = "job"
            depends_on = ["a"]
            arguments = { x = "${property:gone}" }
            "#,
        )
        .await;
    let a = world.claim().await.remove(0);
    assert_eq!(a.arguments["day"], "monday");
    let id = run.clone();
    world
        .write(move |tx, tenant| put_property(tx, tenant, &id, &name("day"), "tuesday"))
        .await
        .unwrap();
    world.end(&a.lease, State::Succeeded, json!({ "rows_out": 7 })).await;
    world.advance(&run).await;
    let b = world.claim().await.remove(0);
    assert_eq!(
        json!(b.arguments),
        json!({ "day": "on tuesday", "rows": 7, "of": "SUCCEEDED" })
    );
    let c = &world.detail(&run).await.nodes[2];
    assert_eq!(c.state, NodeState::Error);
    assert_eq!(
        c.reason.as_deref(),
        Some("its arguments cannot be made: there is no run property `gone`")
    );
}

#[tokio::test]
async fn a_node_starts_only_when_its_condition_says_so() {
    let world = World::new().await;
    let run = world
        .start(
            r#"
            name = "w"
            properties = { mode = "full" }
            nodes.a.job = "job"
            [nodes.full]
            job = "job"
            depends_on = ["a"]
            when = 'event.data.properties["mode"] == "full" && event.data.states["a"] == "SUCCEEDED"'
            [nodes.part]
            job = "job"
            depends_on = ["a"]
            when = 'event.data.properties["mode"] == "part"'
            "#,
        )
        .await;
    assert_eq!(world.play(&run, |_| State::Succeeded).await, ["a", "full"]);
    assert_eq!(world.states(&run).await[2], ("part".into(), NodeState::Skipped));
}

#[tokio::test]
async fn a_node_that_takes_too_long_is_stopped() {
    let world = World::new().await;
    let run = world.start("name = 'w'\nnodes.a = { job = 'job', timeout = 60 }").await;
    let a = world.claim().await.remove(0);
    world.pass(59);
    world.advance(&run).await;
    assert_eq!(world.states(&run).await[0].1, NodeState::Starting);
    world.pass(2);
    world.advance(&run).await;
    assert_eq!(world.states(&run).await[0].1, NodeState::Stopping);
    world.end(&a.lease, State::Stopped, json!(null)).await;
    assert_eq!(world.advance(&run).await, RunState::Completed);
    assert_eq!(world.detail(&run).await.run.statistics.timeout, 1);
}

#[tokio::test]
async fn a_job_that_is_gone_is_an_error_of_the_node() {
    let world = World::new().await;
    let run = world
        .start("name = 'w'\nnodes.a.job = 'gone'\nnodes.b = { job = 'job', depends_on = ['a'] }")
        .await;
    let detail = world.detail(&run).await;
    assert_eq!(detail.run.state, RunState::Completed);
    assert_eq!(detail.nodes[0].reason.as_deref(), Some("there is no job `gone`"));
    assert_eq!(detail.nodes[1].state, NodeState::Skipped);
}

#[tokio::test]
async fn runs_are_as_many_as_may_be_and_keys_count_once() {
    let world = World::new().await;
    let workflow = definition("name = 'w'\nmax_concurrent_runs = 1\nnodes.a.job = 'job'");
    world
        .write(move |tx, tenant| put(tx, tenant, &workflow, None))
        .await
        .unwrap();
    let request = |key: &str, day: &str| {
        let mut request = StartRequest::new(name("acme"), name("w"));
        request.idempotency_key = Some(key.to_owned());
        request.properties.insert(name("day"), day.to_owned());
        request
    };
    let begin = async |request: StartRequest| world.write(move |tx, _| start(tx, &request)).await;
    let first = begin(request("k", "1")).await.unwrap();
    let again = begin(request("k", "1")).await.unwrap();
    assert_eq!((first.fresh, again.fresh, &again.id), (true, false, &first.id));
    assert_eq!(begin(request("k", "2")).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(begin(request("l", "1")).await.unwrap_err().kind(), ErrorKind::Limit);
    world.play(&first.id, |_| State::Succeeded).await;
    let id = first.id.clone();
    let restarted = world
        .write(move |tx, tenant| restart(tx, tenant, &id, None))
        .await
        .unwrap();
    assert_eq!(world.detail(&restarted.id).await.properties[&name("day")], "1");
    let removed = world.write(|tx, _| remove_runs(tx, i64::MAX, 10)).await.unwrap();
    assert_eq!(removed, 1);
}

#[tokio::test]
async fn runs_of_other_tenants_are_not_there() {
    let world = World::new().await;
    let run = world.start(DIAMOND).await;
    let id = run.clone();
    let other = world
        .write(move |tx, _| stop(tx, &name("evil"), &id))
        .await
        .unwrap_err();
    assert!(matches!(other, Error::UnknownRun { .. }), "{other}");
    let properties = world
        .write(move |tx, _| put_property(tx, &name("evil"), &run, &name("x"), "1"))
        .await;
    assert_eq!(properties.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn properties_are_bounded() {
    let world = World::new().await;
    let run = world.start(DIAMOND).await;
    let long = world
        .write(move |tx, tenant| put_property(tx, tenant, &run, &name("x"), &"x".repeat(20_000)))
        .await;
    let error = long.unwrap_err();
    let expected = "`properties` is not right: the run property `x` has 20000 bytes, and may have 16384";
    assert_eq!(error.to_string(), expected);
}
