//! Where nodes go: in layers from left to right, so that every edge goes right and few cross.

use super::Picture;

/// Rounds of sorting the layers by their neighbours.
const SORTING: usize = 12;
/// Points where edges pass layers; with more, edges go straight to their end.
const MOST_POINTS: usize = 10_000;
/// Rounds of moving nodes towards their neighbours.
const MOVING: usize = 24;

/// A place in the layout: a node, or a point where an edge passes a layer.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub layer: usize,
    /// From the top, in rows; places of a layer are a row apart at least.
    pub row: f64,
    /// The node; none for a point of an edge.
    pub node: Option<usize>,
}

/// A layout. The first places are the nodes, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub places: Vec<Place>,
    /// The places of each layer, from the top.
    pub layers: Vec<Vec<usize>>,
    /// The places that each edge of the picture goes through, from its first node to its second; empty for one that goes
    /// nowhere.
    pub ways: Vec<Vec<usize>>,
    /// From the top to the bottom, in rows.
    pub rows: f64,
    /// Whether edges go straight to their end, over whatever is in between, since there are too many.
    pub dense: bool,
}

impl Layout {
    /// `thin` is how much room a point of an edge takes, in rows.
    pub fn of(picture: &Picture, thin: f64) -> Self {
        let mut layout = Self::layered(picture);
        let links = Links::of(&layout);
        layout.sort(&links);
        layout.settle(&links, thin);
        layout
    }

    /// The longest way to a node tells its layer. Edges that would go back, which only a circle has, are left out.
    fn layered(picture: &Picture) -> Self {
        let count = picture.nodes.len();
        let inside = |edge: &&super::PictureEdge| edge.from < count && edge.to < count && edge.from != edge.to;
        let mut layer = vec![0; count];
        // Without a circle no way is longer than there are nodes; with one, this ends all the same.
        for _ in 0..count {
            let mut moved = false;
            for edge in picture.edges.iter().filter(inside) {
                if layer[edge.to] <= layer[edge.from] && layer[edge.from] + 1 < count {
                    layer[edge.to] = layer[edge.from] + 1;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        // A node that nothing precedes stands right before what follows it.
        for node in 0..count {
            let first = !picture.edges.iter().filter(inside).any(|edge| edge.to == node);
            let next = picture
                .edges
                .iter()
                .filter(inside)
                .filter(|edge| edge.from == node)
                .map(|edge| layer[edge.to])
                .min();
            if let Some(next) = next.filter(|_| first) {
                layer[node] = next.saturating_sub(1);
            }
        }
        let depth = layer.iter().max().map_or(0, |deepest| deepest + 1);
        let mut layers = vec![Vec::new(); depth];
        let mut places = Vec::with_capacity(count);
        for (node, &layer) in layer.iter().enumerate() {
            layers[layer].push(node);
            let row = 0.0;
            places.push(Place {
                layer,
                row,
                node: Some(node),
            });
        }
        let passes = |edge: &super::PictureEdge| layer[edge.to].saturating_sub(layer[edge.from] + 1);
        let dense = picture.edges.iter().filter(inside).map(passes).sum::<usize>() > MOST_POINTS;
        let mut ways = Vec::with_capacity(picture.edges.len());
        for edge in &picture.edges {
            if !inside(&edge) || layer[edge.from] >= layer[edge.to] {
                ways.push(Vec::new());
                continue;
            }
            let mut way = vec![edge.from];
            let until = if dense { 0 } else { layer[edge.to] };
            for (between, passed) in layers.iter_mut().enumerate().take(until).skip(layer[edge.from] + 1) {
                way.push(places.len());
                passed.push(places.len());
                places.push(Place {
                    layer: between,
                    row: 0.0,
                    node: None,
                });
            }
            way.push(edge.to);
            ways.push(way);
        }
        Self {
            places,
            layers,
            ways,
            rows: 0.0,
            dense,
        }
    }

    /// Sorts each layer by the middle of the neighbours before, then after, and so on; keeps the best that was found.
    fn sort(&mut self, links: &Links) {
        let mut best = (self.crossings(links), self.layers.clone());
        for round in 0..SORTING {
            if best.0 == 0 {
                break;
            }
            let forward = round % 2 == 0;
            for step in 1..self.layers.len() {
                let layer = if forward { step } else { self.layers.len() - 1 - step };
                let neighbours = if forward { &links.before } else { &links.after };
                let at = self.positions();
                let middle = |place: usize| {
                    let near = &neighbours[place];
                    if near.is_empty() {
                        return at[place];
                    }
                    near.iter().map(|&other| at[other]).sum::<f64>() / near.len() as f64
                };
                let mut keyed: Vec<(f64, usize)> =
                    self.layers[layer].iter().map(|&place| (middle(place), place)).collect();
                keyed.sort_by(|(one, _), (other, _)| one.total_cmp(other));
                self.layers[layer] = keyed.into_iter().map(|(_, place)| place).collect();
            }
            let crossings = self.crossings(links);
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    fn positions(&self) -> Vec<f64> {
        let mut at = vec![0.0; self.places.len()];
        for layer in &self.layers {
            for (position, &place) in layer.iter().enumerate() {
                at[place] = position as f64;
            }
        }
        at
    }

    /// How often edges cross.
    pub fn crossings(&self, links: &Links) -> usize {
        let at = self.positions();
        let mut crossings = 0;
        let widest = self.layers.iter().map(Vec::len).max().unwrap_or(0);
        for layer in &self.layers {
            // For edges sorted by their left ends, the right ends that come too early: inversions.
            let (mut seen, mut count) = (Counts::new(widest), 0);
            for &place in layer {
                let ends = || links.after[place].iter().map(|&other| at[other] as usize);
                crossings += ends().map(|end| count - seen.up_to(end)).sum::<usize>();
                ends().for_each(|end| seen.add(end));
                count += ends().count();
            }
        }
        crossings
    }

    /// Moves places towards the middle of their neighbours, as far as the others of their layer let them.
    fn settle(&mut self, links: &Links, thin: f64) {
        let room = |place: &Place| if place.node.is_some() { 0.5 } else { thin / 2.0 };
        // The distances of each place from the first of its layer, at the closest.
        let mut close = vec![0.0; self.places.len()];
        for layer in &self.layers {
            for pair in layer.windows(2) {
                close[pair[1]] = close[pair[0]] + room(&self.places[pair[0]]) + room(&self.places[pair[1]]);
            }
            let half = layer.last().map_or(0.0, |&last| close[last]) / 2.0;
            for &place in layer {
                self.places[place].row = close[place] - half;
            }
        }
        for round in 0..MOVING {
            let forward = round % 2 == 0;
            for step in 0..self.layers.len() {
                let layer = if forward { step } else { self.layers.len() - 1 - step };
                let neighbours = |place: usize| match (forward, round + 6 >= MOVING) {
                    // At last, both sides count.
                    (_, true) => [links.before[place].as_slice(), links.after[place].as_slice()].concat(),
                    (true, _) => links.before[place].clone(),
                    (false, _) => links.after[place].clone(),
                };
                let wanted = self.layers[layer].iter().map(|&place| {
                    let near = neighbours(place);
                    if near.is_empty() {
                        return self.places[place].row - close[place];
                    }
                    let middle = near.iter().map(|&other| self.places[other].row).sum::<f64>() / near.len() as f64;
                    middle - close[place]
                });
                let rows = rising(wanted.collect());
                for (&place, row) in self.layers[layer].iter().zip(rows) {
                    self.places[place].row = row + close[place];
                }
            }
        }
        let top = self.places.iter().map(|place| place.row).fold(f64::INFINITY, f64::min);
        for place in &mut self.places {
            place.row -= top;
        }
        self.rows = self.places.iter().map(|place| place.row).fold(0.0, f64::max);
    }
}

/// Who is next to whom, over all edges.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    pub before: Vec<Vec<usize>>,
    pub after: Vec<Vec<usize>>,
}

impl Links {
    pub fn of(layout: &Layout) -> Self {
        let mut before = vec![Vec::new(); layout.places.len()];
        let mut after = before.clone();
        for way in &layout.ways {
            for pair in way.windows(2) {
                after[pair[0]].push(pair[1]);
                before[pair[1]].push(pair[0]);
            }
        }
        Self { before, after }
    }
}

/// Counts by number, of which sums are quick (a Fenwick tree).
#[derive(Debug)]
struct Counts(Vec<usize>);

impl Counts {
    fn new(numbers: usize) -> Self {
        Self(vec![0; numbers + 1])
    }

    fn add(&mut self, number: usize) {
        let mut at = number + 1;
        while let Some(count) = self.0.get_mut(at) {
            *count += 1;
            at += at & at.wrapping_neg();
        }
    }

    /// How many there are of the numbers up to this one.
    fn up_to(&self, number: usize) -> usize {
        let mut at = (number + 1).min(self.0.len() - 1);
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at];
            at -= at & at.wrapping_neg();
        }
        sum
    }
}

/// The numbers nearest to those given, by their squares, of which none is smaller than the one before.
fn rising(wanted: Vec<f64>) -> Vec<f64> {
    // Blocks of equal numbers: (sum, count). A block that is smaller than the one before becomes one with it.
    let mut blocks: Vec<(f64, usize)> = Vec::with_capacity(wanted.len());
    for number in wanted {
        let mut block = (number, 1);
        while let Some(&(sum, count)) = blocks.last()
            && sum / count as f64 > block.0 / block.1 as f64
        {
            block = (block.0 + sum, block.1 + count);
            blocks.pop();
        }
        blocks.push(block);
    }
    let numbers = blocks
        .into_iter()
        .flat_map(|(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{PictureEdge, PictureNode};
    use super::*;

    fn picture(count: usize, edges: &[(usize, usize)]) -> Picture {
        let node = |name: usize| PictureNode {
            name: name.to_string(),
            job: String::new(),
            state: None,
            any: false,
        };
        let edge = |&(from, to): &(usize, usize)| PictureEdge {
            from,
            to,
            label: None,
            met: None,
        };
        Picture {
            title: String::new(),
            subtitle: String::new(),
            nodes: (0..count).map(node).collect(),
            edges: edges.iter().map(edge).collect(),
        }
    }

    #[test]
    fn edges_go_right_and_places_keep_apart() {
        let edges = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (3, 4), (0, 4), (5, 4)];
        let layout = Layout::of(&picture(6, &edges), 0.5);
        for way in &layout.ways {
            assert!(
                way.windows(2)
                    .all(|pair| layout.places[pair[0]].layer + 1 == layout.places[pair[1]].layer)
            );
        }
        for layer in &layout.layers {
            for pair in layer.windows(2) {
                assert!(layout.places[pair[1]].row - layout.places[pair[0]].row >= 0.5 - 1e-9);
            }
        }
        // What nothing precedes stands before what follows it.
        assert_eq!(layout.places[5].layer, 2);
    }

    #[test]
    fn crossings_that_need_not_be_are_not() {
        let layout = Layout::of(&picture(6, &[(0, 5), (1, 4), (2, 3)]), 0.5);
        assert_eq!(layout.crossings(&Links::of(&layout)), 0);
    }

    #[test]
    fn a_circle_is_drawn_as_far_as_it_goes() {
        let layout = Layout::of(&picture(3, &[(0, 1), (1, 2), (2, 0), (1, 1), (7, 0)]), 0.5);
        assert_eq!(layout.places.iter().filter(|place| place.node.is_some()).count(), 3);
        assert!(layout.ways.iter().any(Vec::is_empty));
    }

    #[test]
    fn numbers_rise_with_the_least_change() {
        assert_eq!(rising(vec![1.0, 3.0, 2.0, 4.0]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(rising(vec![3.0, 2.0, 1.0]), [2.0, 2.0, 2.0]);
    }
}
