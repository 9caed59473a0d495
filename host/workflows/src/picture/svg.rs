//! The graph as SVG.

use std::fmt::Write;

use super::layout::Layout;
use super::{Picture, PictureEdge, PictureNode, shown};
use crate::NodeState;

/// How a graph is drawn as SVG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SvgOptions {
    /// Its colours.
    pub theme: Theme,
}

/// Colours of an SVG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Light or dark, as whoever looks at it prefers.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Names and jobs, in characters.
const LONGEST: usize = 26;
const HEIGHT: f64 = 56.0;
const ROW: f64 = 84.0;
const MARGIN: f64 = 28.0;
const FONT: &str = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

impl Picture {
    /// The graph as SVG, without scripts and without anything from elsewhere.
    pub fn svg(&self, options: &SvgOptions) -> String {
        let layout = Layout::of(self, 0.45);
        let sizes = Sizes::of(self, &layout);
        let mut svg = String::new();
        self.open(&mut svg, &sizes, options.theme);
        // What is not taken lies below what is.
        for taken in [false, true] {
            for (edge, way) in self.edges.iter().zip(&layout.ways) {
                if way.len() > 1 && (edge.met == Some(true)) == taken {
                    draw_edge(&mut svg, edge, &sizes.points(&layout, way));
                }
            }
        }
        for (edge, way) in self.edges.iter().zip(&layout.ways) {
            if let Some(label) = edge.label.as_ref().filter(|_| way.len() > 1) {
                draw_label(&mut svg, label, &sizes.points(&layout, way));
            }
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let place = &layout.places[number];
            draw_node(
                &mut svg,
                node,
                sizes.left(place.layer),
                sizes.middle(place.row) - HEIGHT / 2.0,
                sizes.node,
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn open(&self, svg: &mut String, sizes: &Sizes, theme: Theme) {
        let (width, height) = (sizes.width, sizes.height);
        let (title, subtitle) = (escaped(&self.title, 120), escaped(&self.subtitle, 160));
        // Writing to a string never fails.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tenon-workflow\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" font-family=\"{FONT}\">\n\
             <title>{title}</title>\n<style>{}</style>\n\
             <rect class=\"tw-ground\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"12\"/>\n\
             <text class=\"tw-name\" x=\"{MARGIN}\" y=\"40\" font-size=\"18\">{title}</text>\n",
            style(theme),
        );
        if !subtitle.is_empty() {
            let _ = writeln!(
                svg,
                "<text class=\"tw-quiet\" x=\"{MARGIN}\" y=\"60\" font-size=\"12\">{subtitle}</text>"
            );
        }
    }
}

/// Lengths, in pixels.
#[derive(Debug)]
struct Sizes {
    node: f64,
    /// Where each layer begins.
    lefts: Vec<f64>,
    top: f64,
    width: f64,
    height: f64,
}

impl Sizes {
    fn of(picture: &Picture, layout: &Layout) -> Self {
        let longest = picture.nodes.iter().map(|node| {
            let name = shown(&node.name, LONGEST).chars().count() as f64;
            let second: usize = captions(node).iter().map(|(_, text)| text.chars().count() + 2).sum();
            (name * 7.6).max(second as f64 * 6.4)
        });
        let node = (longest.fold(0.0, f64::max) + 60.0).clamp(150.0, 290.0);
        let mut gaps = vec![76.0_f64; layout.layers.len()];
        for (edge, way) in picture.edges.iter().zip(&layout.ways) {
            // Its label stands before its end.
            if let (Some(label), [.., before, _]) = (&edge.label, way.as_slice())
                && let Some(gap) = gaps.get_mut(layout.places[*before].layer)
            {
                *gap = gap.max(shown(label, 32).chars().count() as f64 * 6.4 + 44.0);
            }
        }
        let top = if picture.subtitle.is_empty() { 64.0 } else { 84.0 };
        let lefts = gaps.iter().scan(MARGIN, |next, gap| {
            let left = *next;
            *next += node + gap;
            Some(left)
        });
        let lefts: Vec<f64> = lefts.collect();
        let heading = picture.title.chars().count().min(120) as f64 * 10.5;
        let heading = heading.max(picture.subtitle.chars().count().min(160) as f64 * 6.6);
        let right = lefts.last().map_or(0.0, |left| left + node);
        Self {
            node,
            top,
            width: right.max(heading + MARGIN) + MARGIN,
            height: top + layout.rows * ROW + HEIGHT + MARGIN,
            lefts,
        }
    }

    fn left(&self, layer: usize) -> f64 {
        self.lefts.get(layer).copied().unwrap_or(MARGIN)
    }

    fn middle(&self, row: f64) -> f64 {
        self.top + row * ROW + HEIGHT / 2.0
    }

    /// An edge's points, two for each layer that it passes: between them it is straight.
    fn points(&self, layout: &Layout, way: &[usize]) -> Vec<(f64, f64)> {
        let mut points = Vec::with_capacity(way.len() * 2);
        for (step, &place) in way.iter().enumerate() {
            let place = &layout.places[place];
            let (left, y) = (self.left(place.layer), self.middle(place.row));
            if step > 0 {
                points.push((left, y));
            }
            if step + 1 < way.len() {
                points.push((left + self.node, y));
            }
        }
        points
    }
}

fn draw_edge(svg: &mut String, edge: &PictureEdge, points: &[(f64, f64)]) {
    let kind = match edge.met {
        Some(true) => "tw-edge tw-met",
        Some(false) => "tw-edge tw-unmet",
        None => "tw-edge",
    };
    let Some(&(x, y)) = points.first() else { return };
    let mut path = format!("M{x:.1} {y:.1}");
    let (mut last_x, mut last_y) = (x, y);
    for (number, &(x, y)) in points.iter().enumerate().skip(1) {
        // The arrow's head covers the rest.
        let x = if number + 1 == points.len() { x - 7.0 } else { x };
        let bent = number % 2 == 1 && (y - last_y).abs() > 0.05;
        let _ = if bent {
            let middle = f64::midpoint(last_x, x);
            write!(path, " C{middle:.1} {last_y:.1} {middle:.1} {y:.1} {x:.1} {y:.1}")
        } else {
            write!(path, " L{x:.1} {y:.1}")
        };
        (last_x, last_y) = (x, y);
    }
    let (x, y) = (last_x + 7.0, last_y);
    let _ = writeln!(
        svg,
        "<g class=\"{kind}\"><path class=\"tw-line\" d=\"{path}\"/><path class=\"tw-head\" d=\"M{x:.1} {y:.1}l-9 -4.5v9z\"/></g>"
    );
}

fn draw_label(svg: &mut String, label: &str, points: &[(f64, f64)]) {
    let [.., from, to] = points else { return };
    let (x, y) = (f64::midpoint(from.0, to.0) - 3.0, f64::midpoint(from.1, to.1) + 3.5);
    let label = escaped(label, 32);
    let _ = writeln!(
        svg,
        "<text class=\"tw-label\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"10\" text-anchor=\"middle\">{label}</text>"
    );
}

fn draw_node(svg: &mut String, node: &PictureNode, x: f64, y: f64, width: f64) {
    let state = node.state.map_or("plain", class);
    let full = escaped(&node.name, 256);
    let name = escaped(&node.name, LONGEST);
    let _ = write!(
        svg,
        "<g class=\"tw-node tw-{state}\" transform=\"translate({x:.1} {y:.1})\"><title>{full}</title>\
         <rect class=\"tw-card\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"10\"/>\
         <circle class=\"tw-disc\" cx=\"24\" cy=\"28\" r=\"11\"/><path class=\"tw-sign\" d=\"{}\"/>\
         <text class=\"tw-name\" x=\"46\" y=\"25\" font-size=\"13\">{name}</text>\
         <text x=\"46\" y=\"42\" font-size=\"11\">",
        sign(node.state),
    );
    for (number, (kind, text)) in captions(node).into_iter().enumerate() {
        let apart = number * 5;
        let _ = write!(
            svg,
            "<tspan class=\"{kind}\" dx=\"{apart}\">{}</tspan>",
            escaped(&text, LONGEST + 3)
        );
    }
    svg.push_str("</text>");
    if node.any {
        svg.push_str(
            "<rect class=\"tw-badge\" x=\"-13\" y=\"-8\" width=\"30\" height=\"16\" rx=\"8\"/>\
             <text class=\"tw-badge-text\" x=\"2\" y=\"3.5\" font-size=\"10\" text-anchor=\"middle\">any</text>",
        );
    }
    svg.push_str("</g>\n");
}

/// What stands under a node's name: its state, and its job if that has another name.
fn captions(node: &PictureNode) -> Vec<(&'static str, String)> {
    let state = node.state.map(|state| ("tw-state", state.to_string()));
    let job = (node.job != node.name || node.state.is_none()).then(|| {
        let dot = if node.state.is_some() { "· " } else { "" };
        let room = if node.state.is_some() { LONGEST - 10 } else { LONGEST };
        ("tw-quiet", format!("{dot}{}", shown(&node.job, room)))
    });
    state.into_iter().chain(job).collect()
}

fn class(state: NodeState) -> &'static str {
    match state {
        NodeState::Waiting => "waiting",
        NodeState::Starting | NodeState::Running => "running",
        NodeState::Stopping | NodeState::Stopped => "stopped",
        NodeState::Succeeded => "succeeded",
        NodeState::Failed | NodeState::Error | NodeState::Timeout => "failed",
        NodeState::Skipped => "skipped",
    }
}

/// A sign for the state, so that colours are not all that tells them apart.
fn sign(state: Option<NodeState>) -> &'static str {
    match state {
        None => "M20 22.5l8 5.5l-8 5.5z",
        Some(NodeState::Waiting) => "M20 28h.01M24 28h.01M28 28h.01",
        Some(NodeState::Starting | NodeState::Running) => "M21.5 23.5l6.5 4.5l-6.5 4.5z",
        Some(NodeState::Stopping | NodeState::Stopped) => "M20.5 24.5h7v7h-7z",
        Some(NodeState::Succeeded) => "M19 28.5l3.5 3.5l6.5 -7.5",
        Some(NodeState::Failed) => "M20.5 24.5l7 7M27.5 24.5l-7 7",
        Some(NodeState::Error) => "M24 22.5v6.5M24 33h.01",
        Some(NodeState::Timeout) => "M24 22v6.5l4 2.5",
        Some(NodeState::Skipped) => "M19.5 24l4 4l-4 4M25 24l4 4l-4 4",
    }
}

fn style(theme: Theme) -> String {
    let common = "\
        .tw-name{font-weight:600}.tw-line{fill:none;stroke-width:1.6}.tw-card{stroke-width:1.4}\
        .tw-sign{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}\
        .tw-state{font-weight:600;letter-spacing:.3px}.tw-unmet .tw-line{stroke-dasharray:4 4}\
        .tw-skipped .tw-card{stroke-dasharray:4 3}.tw-waiting .tw-card{stroke-dasharray:2 3}\
        .tw-label{font-weight:600;letter-spacing:.2px;stroke-width:5px;stroke-linejoin:round;paint-order:stroke}\
        .tw-badge-text{font-weight:600}";
    match theme {
        Theme::Light => format!("{common}{}", LIGHT.style()),
        Theme::Dark => format!("{common}{}", DARK.style()),
        Theme::Auto => {
            let (light, dark) = (LIGHT.style(), DARK.style());
            format!("{common}{light}@media (prefers-color-scheme:dark){{{dark}}}")
        }
    }
}

/// Colours of a theme.
struct Palette {
    ground: &'static str,
    card: &'static str,
    border: &'static str,
    text: &'static str,
    quiet: &'static str,
    edge: &'static str,
    faint: &'static str,
    accent: &'static str,
    succeeded: &'static str,
    failed: &'static str,
    running: &'static str,
    stopped: &'static str,
    waiting: &'static str,
    skipped: &'static str,
}

const LIGHT: Palette = Palette {
    ground: "#ffffff",
    card: "#f8fafc",
    border: "#cbd5e1",
    text: "#0f172a",
    quiet: "#566377",
    edge: "#94a3b8",
    faint: "#cbd5e1",
    accent: "#4f46e5",
    succeeded: "#15803d",
    failed: "#c81e1e",
    running: "#1d5fd1",
    stopped: "#a15c07",
    waiting: "#64748b",
    skipped: "#64748b",
};

const DARK: Palette = Palette {
    ground: "#0d1320",
    card: "#172033",
    border: "#334155",
    text: "#e8edf5",
    quiet: "#9aa8bc",
    edge: "#64748b",
    faint: "#3b475b",
    accent: "#a5b4fc",
    succeeded: "#4ade80",
    failed: "#f87171",
    running: "#60a5fa",
    stopped: "#fbbf24",
    waiting: "#94a3b8",
    skipped: "#94a3b8",
};

impl Palette {
    fn style(&self) -> String {
        let Self {
            ground,
            card,
            border,
            text,
            quiet,
            edge,
            faint,
            accent,
            ..
        } = self;
        let mut style = format!(
            ".tw-ground{{fill:{ground}}}.tw-name{{fill:{text}}}.tw-quiet{{fill:{quiet}}}\
             .tw-card{{fill:{card};stroke:{border}}}.tw-line{{stroke:{edge}}}.tw-head{{fill:{edge}}}\
             .tw-unmet .tw-line{{stroke:{faint}}}.tw-unmet .tw-head{{fill:{faint}}}\
             .tw-met .tw-line{{stroke:{edge};stroke-width:2}}\
             .tw-label{{fill:{quiet};stroke:{ground}}}\
             .tw-badge{{fill:{ground};stroke:{accent};stroke-width:1.4}}.tw-badge-text{{fill:{accent}}}\
             .tw-plain .tw-disc{{fill:{accent};fill-opacity:.14}}.tw-plain .tw-sign{{fill:{accent};stroke:none}}"
        );
        let states = [
            ("succeeded", self.succeeded),
            ("failed", self.failed),
            ("running", self.running),
            ("stopped", self.stopped),
            ("waiting", self.waiting),
            ("skipped", self.skipped),
        ];
        for (state, colour) in states {
            let _ = write!(
                style,
                ".tw-{state} .tw-card{{stroke:{colour}}}.tw-{state} .tw-disc{{fill:{colour};fill-opacity:.16}}\
                 .tw-{state} .tw-sign{{stroke:{colour}}}.tw-{state} .tw-state{{fill:{colour}}}"
            );
        }
        style
    }
}

/// A text that XML takes for a text, whatever it is.
fn escaped(text: &str, longest: usize) -> String {
    let mut escaped = String::new();
    for character in shown(text, longest).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
