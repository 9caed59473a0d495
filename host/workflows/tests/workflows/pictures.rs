//! Pictures: what they show, and that names cannot break out of them.

use tenon_workflows::{Definition, NodeState, Picture, PictureEdge, PictureNode, SvgOptions, TextOptions, Theme};

fn nightly() -> Picture {
    let definition: Definition = toml::from_str(
        r#"
        name = "nightly"
        [nodes.orders]
        job = "orders"
        [nodes.customers]
        job = "read-customers"
        [nodes.clean]
        job = "clean"
        depends_on = ["orders", "customers"]
        [nodes.enrich]
        job = "enrich"
        depends_on = ["clean"]
        [nodes.alert]
        job = "send-alert"
        condition = "any"
        depends_on = [{ node = "clean", states = ["FAILED", "TIMEOUT"] }, { node = "enrich", states = ["FAILED"] }]
        [nodes.load]
        job = "load"
        depends_on = ["enrich", "customers"]
        [nodes.report]
        job = "report"
        depends_on = ["load"]
        [nodes.archive]
        job = "archive"
        depends_on = ["orders", "load"]
        "#,
    )
    .unwrap();
    Picture::of(&definition)
}

fn nightly_run() -> Picture {
    let mut picture = nightly();
    picture
        .subtitle
        .push_str("wfr_01 · version 3 · RUNNING · 4 succeeded, 1 skipped, 1 running, 2 waiting");
    let states = [
        ("orders", NodeState::Succeeded),
        ("customers", NodeState::Succeeded),
        ("clean", NodeState::Succeeded),
        ("enrich", NodeState::Succeeded),
        ("alert", NodeState::Skipped),
        ("load", NodeState::Running),
        ("report", NodeState::Waiting),
        ("archive", NodeState::Waiting),
    ];
    for node in &mut picture.nodes {
        node.state = states
            .iter()
            .find(|(name, _)| *name == node.name)
            .map(|(_, state)| *state);
    }
    for edge in &mut picture.edges {
        let end = picture.nodes[edge.from].state.filter(|state| state.end().is_some());
        edge.met = end.map(|_| edge.label.is_none());
    }
    picture
}

fn chain(names: &[&str]) -> Picture {
    let node = |name: &&str| PictureNode {
        name: (*name).to_owned(),
        job: (*name).to_owned(),
        state: None,
        any: false,
    };
    let edge = |from| PictureEdge {
        from,
        to: from + 1,
        label: None,
        met: None,
    };
    Picture {
        title: names[0].to_owned(),
        subtitle: String::new(),
        nodes: names.iter().map(node).collect(),
        edges: (0..names.len() - 1).map(edge).collect(),
    }
}

/// For looking at: `TENON_PICTURES=folder cargo test -p tenon-workflows pictures`.
#[test]
fn pictures_are_written_where_they_can_be_looked_at() {
    let Some(folder) = std::env::var_os("TENON_PICTURES") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    for (name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        write(&format!("definition-{name}.svg"), nightly().svg(&SvgOptions { theme }));
        write(&format!("run-{name}.svg"), nightly_run().svg(&SvgOptions { theme }));
    }
    write("run.txt", nightly_run().text(&TextOptions::default()));
    write("run.dot", nightly_run().dot());
    write("run.mmd", nightly_run().mermaid());
}

#[test]
fn text_shows_boxes_and_lines() {
    let expected = "\
a
┌───────┐    ┌───────┐
│ a     │ ╭─▶│ b     │
│ a     ├─╯  │ b     │
└───────┘    └───────┘
";
    assert_eq!(chain(&["a", "b"]).text(&TextOptions::default()), expected);
    let expected = "\
a
+-------+    +-------+
| a     | +->| b     |
| a     +-+  | b     |
+-------+    +-------+
";
    let ascii = TextOptions {
        ascii: true,
        ..TextOptions::default()
    };
    assert_eq!(chain(&["a", "b"]).text(&ascii), expected);
}

#[test]
fn a_narrow_terminal_gets_a_list() {
    let narrow = TextOptions {
        width: Some(40),
        ascii: false,
    };
    let text = nightly_run().text(&narrow);
    assert!(
        text.contains("  4  alert      SKIPPED    after any of clean (FAILED or TIMEOUT), enrich (FAILED)\n"),
        "{text}"
    );
    assert!(text.contains("  1  orders     SUCCEEDED\n"), "{text}");
}

#[test]
fn names_cannot_break_out() {
    let evil = "</text><script>alert(1)</script>\"'&]]>\u{1b}[31m\n\u{202e}\u{0}\u{ffff}";
    let mut picture = chain(&[evil, evil, "b"]);
    picture.subtitle.push_str(evil);
    picture.edges[0].label = Some(evil.to_owned());
    picture.nodes[2].name = "<".repeat(10_000);
    let svg = picture.svg(&SvgOptions::default());
    assert!(!svg.contains("<script") && !svg.contains('\u{1b}') && !svg.contains('\u{0}') && !svg.contains('\u{202e}'));
    assert!(svg.len() < 20_000, "{}", svg.len());
    // Every tag is one of ours.
    for tag in svg.split('<').skip(1) {
        let name: String = tag
            .chars()
            .take_while(|character| character.is_alphanumeric() || *character == '/')
            .collect();
        let known = ["svg", "title", "style", "rect", "text", "tspan", "g", "path", "circle"];
        assert!(known.contains(&name.trim_matches('/')), "{name}");
    }
    let text = picture.text(&TextOptions::default());
    assert!(
        text.chars()
            .all(|character| character == '\n' || !character.is_control()),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() < 250));
    let ascii = TextOptions {
        ascii: true,
        ..TextOptions::default()
    };
    assert!(picture.text(&ascii).is_ascii());
    // A quote would end a text in both.
    assert!(
        picture
            .dot()
            .lines()
            .all(|line| line.replace("\\\"", "").matches('"').count() % 2 == 0)
    );
    assert!(
        picture
            .mermaid()
            .lines()
            .all(|line| line.matches('"').count() % 2 == 0 && !line.contains('<'))
    );
}

#[test]
fn lines_cross_and_join_where_they_should() {
    let mut picture = chain(&["a", "b", "c", "d"]);
    let edge = |from, to| PictureEdge {
        from,
        to,
        label: None,
        met: None,
    };
    // Every one of two to every one of two.
    picture.edges = vec![edge(0, 2), edge(0, 3), edge(1, 2), edge(1, 3)];
    let expected = "\
a
┌───────┐      ┌───────┐
│ a     │ ╭─┬─▶│ c     │
│ a     ├─┤ │  │ c     │
└───────┘ │ │  └───────┘
┌───────┐ │ │  ┌───────┐
│ b     │ ╰─┼─▶│ d     │
│ b     ├───╯  │ d     │
└───────┘      └───────┘
";
    assert_eq!(picture.text(&TextOptions::default()), expected);
}

#[test]
fn a_dense_graph_is_drawn_within_bounds() {
    let names: Vec<String> = (0..200).map(|node| format!("n{node}")).collect();
    let mut picture = chain(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let all = (0..200).flat_map(|from| (from + 1..200).map(move |to| (from, to)));
    picture.edges = all
        .map(|(from, to)| PictureEdge {
            from,
            to,
            label: None,
            met: None,
        })
        .collect();
    assert!(picture.svg(&SvgOptions::default()).len() < 8 << 20);
    assert!(picture.text(&TextOptions::default()).contains("  2  n1"));
}
