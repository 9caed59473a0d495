//! A definition's nodes by number, and who follows whom.

use std::collections::{BTreeMap, BTreeSet};

use tenon_metadata::Name;

use crate::definition::{Condition, Definition, End};

/// The nodes of a valid definition, in the order of their names.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub names: Vec<Name>,
    /// What each waits for.
    pub before: Vec<Vec<Wait>>,
    pub conditions: Vec<Condition>,
    /// Who waits for each.
    pub after: Vec<Vec<usize>>,
    /// Every node after those that it waits for.
    pub order: Vec<usize>,
}

/// A dependency, by number.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub node: usize,
    pub states: BTreeSet<End>,
}

impl Graph {
    /// Dependencies on nodes that are not there are left out. If some nodes wait for each other, these are answered, from
    /// the first to the one that it waits for in the end.
    pub fn of(definition: &Definition) -> Result<Self, Vec<Name>> {
        let names: Vec<Name> = definition.nodes.keys().cloned().collect();
        let numbers: BTreeMap<&Name, usize> = names.iter().enumerate().map(|(number, name)| (name, number)).collect();
        let mut after = vec![Vec::new(); names.len()];
        let mut before = Vec::with_capacity(names.len());
        for (number, node) in definition.nodes.values().enumerate() {
            let mut waits = Vec::with_capacity(node.depends_on.len());
            for dependency in &node.depends_on {
                let Some(&earlier) = numbers.get(&dependency.node) else {
                    continue;
                };
                let states = dependency.states.clone();
                waits.push(Wait { node: earlier, states });
                after[earlier].push(number);
            }
            before.push(waits);
        }
        let conditions = definition.nodes.values().map(|node| node.condition).collect();
        let order = order(&before, &after)
            .map_err(|cycle| cycle.into_iter().map(|node| names[node].clone()).collect::<Vec<_>>())?;
        Ok(Self {
            names,
            before,
            conditions,
            after,
            order,
        })
    }

    pub fn number(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()
    }

    /// These nodes and all that come after them.
    pub fn from(&self, nodes: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        reach(&self.after, nodes)
    }

    /// All nodes that come before one.
    pub fn ancestors(&self, node: usize) -> BTreeSet<usize> {
        let before: Vec<Vec<usize>> = self
            .before
            .iter()
            .map(|waits| waits.iter().map(|wait| wait.node).collect())
            .collect();
        reach(&before, before[node].iter().copied())
    }
}

fn reach(next: &[Vec<usize>], from: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut waiting: Vec<usize> = from.into_iter().collect();
    let mut reached = BTreeSet::new();
    while let Some(node) = waiting.pop() {
        if reached.insert(node) {
            waiting.extend(&next[node]);
        }
    }
    reached
}

/// Every node after those that it waits for, or nodes that wait for each other.
fn order(before: &[Vec<Wait>], after: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut open: Vec<usize> = before.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..before.len()).filter(|&node| open[node] == 0).collect();
    let mut done = 0;
    while let Some(&node) = order.get(done) {
        done += 1;
        for &later in &after[node] {
            open[later] -= 1;
            if open[later] == 0 {
                order.push(later);
            }
        }
    }
    let Some(mut node) = (0..before.len()).find(|&node| open[node] > 0) else {
        return Ok(order);
    };
    // Each node that is left waits for another one that is left: whoever follows them comes round.
    let mut path = Vec::new();
    while !path.contains(&node) {
        path.push(node);
        let left = before[node].iter().find(|wait| open[wait.node] > 0);
        node = left.map_or(node, |wait| wait.node);
    }
    let begin = path.iter().position(|&visited| visited == node).unwrap_or_default();
    let mut cycle = path.split_off(begin);
    cycle.reverse();
    Err(cycle)
}
