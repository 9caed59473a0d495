//! The graph for a terminal.

use std::collections::BTreeMap;

use super::layout::{Layout, Links};
use super::{Picture, PictureNode, list, shown};

/// How a graph is drawn as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// The terminal's width, in characters: what is wider becomes a list. No limit by default.
    pub width: Option<usize>,
    /// With `+`, `-`, `|` and `>` only.
    pub ascii: bool,
}

/// A name, in characters.
const LONGEST: usize = 28;
/// Lines of a box; below it the next one begins.
const LINES: usize = 4;
/// What is larger becomes a list.
const MOST_CELLS: usize = 4 << 20;

const NORTH: u8 = 1;
const SOUTH: u8 = 2;
const EAST: u8 = 4;
const WEST: u8 = 8;

impl Picture {
    /// The graph with lines from box to box, from left to right; a list if that is too wide.
    pub fn text(&self, options: &TextOptions) -> String {
        let mut text = self.heading();
        let drawn = Drawing::of(self).filter(|drawing| options.width.is_none_or(|width| drawing.width <= width));
        let body = drawn.map_or_else(|| list::list(self), |drawing| drawing.text() + &self.notes());
        text.push_str(&body);
        if options.ascii {
            text.chars().map(plain).collect()
        } else {
            text
        }
    }

    fn heading(&self) -> String {
        let lines = [&self.title, &self.subtitle]
            .into_iter()
            .filter(|line| !line.is_empty());
        lines.map(|line| shown(line, 200) + "\n").collect()
    }

    /// What the lines don't say.
    fn notes(&self) -> String {
        let labels = self.edges.iter().filter_map(|edge| {
            let (from, to) = (self.nodes.get(edge.from)?, self.nodes.get(edge.to)?);
            let (from, to) = (shown(&from.name, LONGEST), shown(&to.name, LONGEST));
            Some(format!("{to} follows {from} on {}\n", shown(edge.label.as_ref()?, 60)))
        });
        labels.collect()
    }
}

/// Characters by line and column, over lines that may join and cross.
#[derive(Debug)]
struct Drawing {
    width: usize,
    height: usize,
    texts: BTreeMap<(usize, usize), char>,
    /// Lines through a cell, each with the edges' bundle that it belongs to.
    lines: BTreeMap<(usize, usize), Vec<(usize, u8)>>,
}

impl Drawing {
    /// None for what is too large.
    fn of(picture: &Picture) -> Option<Self> {
        let layout = Layout::of(picture, 1.0);
        if layout.dense {
            return None;
        }
        let slots = slots(&layout);
        let height = slots.iter().max().map_or(0, |slot| (slot + 1) * LINES);
        let mut drawing = Self {
            width: 0,
            height,
            texts: BTreeMap::new(),
            lines: BTreeMap::new(),
        };
        let links = Links::of(&layout);
        let mut left = 0;
        for (number, layer) in layout.layers.iter().enumerate() {
            let boxes = layer.iter().filter_map(|&place| layout.places[place].node);
            let width = boxes.map(|node| box_width(&picture.nodes[node])).max().unwrap_or(4);
            for &place in layer {
                match layout.places[place].node {
                    Some(node) => drawing.draw_box(&picture.nodes[node], slots[place] * LINES, left, width),
                    None => drawing.draw_point(place, Port::of(&layout, &links, &slots, place), left, width),
                }
            }
            left += width;
            if number + 1 < layout.layers.len() {
                left = drawing.draw_channel(&layout, &links, &slots, number, left);
            }
            if left.saturating_mul(height) > MOST_CELLS {
                return None;
            }
        }
        drawing.width = left;
        Some(drawing)
    }

    fn draw_box(&mut self, node: &PictureNode, top: usize, left: usize, width: usize) {
        let inner = width - 4;
        let (first, second) = captions(node);
        let above = if node.any {
            format!("┌ any {}┐", "─".repeat(width - 7))
        } else {
            format!("┌{}┐", "─".repeat(width - 2))
        };
        let lines = [
            above,
            format!("│ {first:<inner$} │"),
            format!("│ {second:<inner$} │"),
            format!("└{}┘", "─".repeat(width - 2)),
        ];
        for (down, line) in lines.iter().enumerate() {
            for (right, character) in line.chars().enumerate() {
                self.texts.insert((top + down, left + right), character);
            }
        }
    }

    /// An edge passes a layer; where it enters and leaves on different lines, with a step.
    fn draw_point(&mut self, bundle: usize, port: Port, left: usize, width: usize) {
        let middle = left + width / 2;
        self.horizontal(bundle, port.enter, left, middle);
        self.vertical(bundle, middle, port.enter, port.leave);
        self.horizontal(bundle, port.leave, middle, left + width - 1);
    }

    /// The lines from a layer to the next. A bundle is all edges of one place: it has a column of its own, where lines
    /// up and down are. Answers with where the next layer begins.
    fn draw_channel(&mut self, layout: &Layout, links: &Links, slots: &[usize], layer: usize, left: usize) -> usize {
        let port = |place: usize| Port::of(layout, links, slots, place);
        let mut bundles: Vec<(usize, usize, usize)> = Vec::new();
        for &place in layout.layers[layer]
            .iter()
            .filter(|&&place| !links.after[place].is_empty())
        {
            let ends = links.after[place].iter().map(|&later| port(later).enter);
            let from = port(place).leave;
            let top = ends.clone().min().unwrap_or(from).min(from);
            let bottom = ends.max().unwrap_or(from).max(from);
            bundles.push((top, bottom, place));
        }
        bundles.sort_unstable();
        // Two bundles share a column if one ends above where the other begins.
        let mut columns: Vec<usize> = Vec::new();
        let mut placed = Vec::with_capacity(bundles.len());
        for (top, bottom, place) in bundles {
            let free = columns.iter().position(|&taken| taken < top);
            let column = free.unwrap_or_else(|| {
                columns.push(0);
                columns.len() - 1
            });
            columns[column] = bottom;
            placed.push((place, column));
        }
        let next = left + 2 * columns.len().max(1) + 2;
        for (place, column) in placed {
            let from = port(place).leave;
            let column = left + 1 + 2 * column;
            self.horizontal(place, from, left, column);
            if let Some(side) = self.texts.get_mut(&(from, left - 1)) {
                *side = '├';
            }
            for &later in &links.after[place] {
                let to = port(later).enter;
                self.vertical(place, column, from, to);
                self.horizontal(place, to, column, next - 1);
                if layout.places[later].node.is_some() {
                    self.texts.insert((to, next - 1), '▶');
                }
            }
        }
        next
    }

    fn horizontal(&mut self, bundle: usize, line: usize, from: usize, to: usize) {
        for column in from..=to {
            let west = if column > from { WEST } else { 0 };
            let east = if column < to { EAST } else { 0 };
            self.draw(bundle, line, column, west | east);
        }
    }

    fn vertical(&mut self, bundle: usize, column: usize, from: usize, to: usize) {
        let (top, bottom) = (from.min(to), from.max(to));
        for line in top..=bottom {
            let north = if line > top { NORTH } else { 0 };
            let south = if line < bottom { SOUTH } else { 0 };
            self.draw(bundle, line, column, north | south);
        }
    }

    fn draw(&mut self, bundle: usize, line: usize, column: usize, ways: u8) {
        let cell = self.lines.entry((line, column)).or_default();
        match cell.iter_mut().find(|(known, _)| *known == bundle) {
            Some((_, known)) => *known |= ways,
            None => cell.push((bundle, ways)),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for line in 0..self.height {
            let cells = (0..self.width).map(|column| {
                let place = (line, column);
                let drawn = self.texts.get(&place).copied();
                drawn
                    .or_else(|| self.lines.get(&place).map(|cell| character(cell)))
                    .unwrap_or(' ')
            });
            let line: String = cells.collect();
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.truncate(text.trim_end().len() + 1);
        text
    }
}

/// The lines on which edges come to a place, and go from it. Boxes are entered on their second line and left on their
/// third, so that what leaves one box never lies on what enters the one beside it.
#[derive(Clone, Copy, Debug)]
struct Port {
    enter: usize,
    leave: usize,
}

impl Port {
    fn of(layout: &Layout, links: &Links, slots: &[usize], place: usize) -> Self {
        let top = slots[place] * LINES;
        if layout.places[place].node.is_some() {
            return Self {
                enter: top + 1,
                leave: top + 2,
            };
        }
        // A point's edge goes straight on, but not over that of the point beside it.
        let beside = layout.layers.get(layout.places[place].layer + 1);
        let beside = beside.and_then(|layer| layer.iter().find(|&&other| slots[other] == slots[place]));
        let blocked =
            beside.is_some_and(|&other| layout.places[other].node.is_none() && !links.after[place].contains(&other));
        let leave = if blocked { top + 3 } else { top };
        Self { enter: top, leave }
    }
}

/// The layout's rows as whole numbers, each place of a layer in one of its own.
fn slots(layout: &Layout) -> Vec<usize> {
    let mut slots = vec![0; layout.places.len()];
    for layer in &layout.layers {
        let mut free = 0;
        for &place in layer {
            slots[place] = free.max(layout.places[place].row.round() as usize);
            free = slots[place] + 1;
        }
    }
    slots
}

fn captions(node: &PictureNode) -> (String, String) {
    let second = node
        .state
        .map_or_else(|| shown(&node.job, LONGEST), |state| state.to_string());
    (shown(&node.name, LONGEST), second)
}

fn box_width(node: &PictureNode) -> usize {
    let (first, second) = captions(node);
    first.chars().count().max(second.chars().count()).max(5) + 4
}

fn character(cell: &[(usize, u8)]) -> char {
    // Lines that have nothing to do with each other cross: the one goes on behind the other.
    let straight = |ways: u8| cell.iter().any(|(_, known)| *known == ways);
    if straight(NORTH | SOUTH)
        && cell
            .iter()
            .all(|(_, ways)| *ways == NORTH | SOUTH || *ways == EAST | WEST)
    {
        return '│';
    }
    match cell.iter().fold(0, |all, (_, ways)| all | ways) & 15 {
        1..=3 => '│',
        4 | 8 | 12 => '─',
        5 => '╰',
        6 => '╭',
        9 => '╯',
        10 => '╮',
        7 => '├',
        11 => '┤',
        13 => '┴',
        14 => '┬',
        15 => '┼',
        _ => ' ',
    }
}

fn plain(character: char) -> char {
    match character {
        '│' => '|',
        '─' => '-',
        '▶' => '>',
        '…' => '~',
        '·' => ',',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┴' | '┬' | '┼' | '╭' | '╮' | '╰' | '╯' => '+',
        character if character.is_ascii() => character,
        _ => '?',
    }
}
