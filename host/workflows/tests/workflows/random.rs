//! Graphs by chance, played out by chance: what has to be true of all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tenon_runs::State;
use tenon_workflows::{Condition, Definition, Dependency, End, Node, NodeState, OnFailure, RunState, check, stop};

use crate::world::{World, definition, name};

/// Numbers that look random, and are the same each time (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

fn graph(chance: &mut Chance, number: u64) -> Definition {
    let mut graph = definition("name = 'w'\n[nodes]");
    graph.name = name(&format!("w{number}"));
    let count = 1 + chance.below(14);
    for later in 0..count {
        let mut node = Node::new(name("job"));
        for earlier in 0..later {
            if chance.one_in(3) {
                let mut dependency = Dependency::on(name(&format!("n{earlier:02}")));
                let others = [End::Failed, End::Stopped, End::Skipped, End::Error];
                dependency
                    .states
                    .extend(others.into_iter().filter(|_| chance.one_in(4)));
                node.depends_on.push(dependency);
            }
        }
        if chance.one_in(3) {
            node.condition = Condition::Any;
        }
        if chance.one_in(12) {
            node.on_failure = OnFailure::Stop;
        }
        graph.nodes.insert(name(&format!("n{later:02}")), node);
    }
    graph
}

#[tokio::test]
async fn every_node_comes_to_an_end_and_none_starts_too_early_or_twice() {
    let world = World::new().await;
    for seed in 0..60 {
        let mut chance = Chance(seed);
        let graph = graph(&mut chance, seed);
        check(&graph).unwrap();
        let run = world.start_definition(graph.clone()).await;
        let mut at_work = BTreeMap::new();
        let mut started = BTreeSet::new();
        let mut stopping = false;
        loop {
            let known: BTreeMap<String, NodeState> = world.states(&run).await.into_iter().collect();
            for claimed in world.claim().await {
                let node = claimed.node.clone().unwrap();
                assert!(started.insert(node.clone()), "{node} twice in graph {seed}");
                let defined = &graph.nodes[node.as_str()];
                let met = |dependency: &Dependency| {
                    known[dependency.node.as_str()]
                        .end()
                        .is_some_and(|end| dependency.states.contains(&end))
                };
                let mut met = defined.depends_on.iter().map(met);
                let may_start = match defined.condition {
                    Condition::All => met.all(|met| met),
                    Condition::Any => defined.depends_on.is_empty() || met.any(|met| met),
                };
                assert!(may_start, "{node} too early in graph {seed}");
                at_work.insert(node, claimed.lease);
            }
            let Some(node) = at_work.keys().nth(chance.below(at_work.len().max(1))).cloned() else {
                break;
            };
            let lease = at_work.remove(&node).unwrap();
            let state = [
                State::Succeeded,
                State::Succeeded,
                State::Succeeded,
                State::Failed,
                State::Error,
            ][chance.below(5)];
            world.end(&lease, state, json!(null)).await;
            if chance.one_in(25) && !stopping {
                let id = run.clone();
                stopping = world.write(move |tx, tenant| stop(tx, tenant, &id)).await.is_ok();
            }
            // Events are repeated, or come late.
            for _ in 0..chance.below(3) {
                world.advance(&run).await;
            }
            if at_work.is_empty() {
                world.advance(&run).await;
            }
        }
        let detail = world.detail(&run).await;
        assert!(detail.run.state.is_final(), "graph {seed}: {detail:#?}");
        assert!(
            detail.nodes.iter().all(|node| node.state.end().is_some()),
            "graph {seed}"
        );
        assert!(detail.nodes.iter().all(|node| node.runs.len() <= 1), "graph {seed}");
    }
}

#[tokio::test]
async fn five_hundred_nodes_run_through() {
    let world = World::new().await;
    let nodes = (0..500).map(|node| {
        let before = (1..=3).map(|back| back * 20).filter(|back| node >= *back);
        let before: Vec<String> = before.map(|back| format!("'n{}'", node - back)).collect();
        format!(
            "nodes.n{node} = {{ job = 'job', depends_on = [{}] }}\n",
            before.join(", ")
        )
    });
    let text = format!("name = 'large'\n{}", nodes.collect::<String>());
    let run = world.start(&text).await;
    assert_eq!(world.play(&run, |_| State::Succeeded).await.len(), 500);
    let detail = world.detail(&run).await;
    assert_eq!(
        (detail.run.state, detail.run.statistics.succeeded),
        (RunState::Completed, 500)
    );
    let workflow = definition(&text);
    let picture = tenon_workflows::Picture::of_run(&workflow, &detail);
    assert!(
        picture
            .svg(&tenon_workflows::SvgOptions::default())
            .matches("tw-succeeded\"")
            .count()
            == 500
    );
}
