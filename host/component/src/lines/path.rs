//! Paths of sources as people know them: without the folders of the machine that compiled them.

use super::program::File;

/// Longest path, in bytes; a longer one is not somebody's file.
const MAX_PATH: usize = 1_024;

/// Where registries and compilers keep sources, and how many folders between that and the path are of no interest.
const KEPT: [(&str, usize); 3] = [
    // Cargo's registry, and the folder of one registry in it.
    ("/registry/src/", 1),
    // Rust's own library: as it was compiled, by the compiler's version, and as rustup installs it.
    ("/rustc/", 1),
    ("/lib/rustlib/src/rust/", 0),
];

/// Crates of Rust's library, in a folder of a name that tells nothing.
const LIBRARY: [&str; 3] = ["/library/core/", "/library/alloc/", "/library/std/"];

/// The path of a file, in short. `None` if it has none to speak of.
pub(super) fn shown(file: &File<'_>) -> Option<String> {
    let total = file.name.len() + file.folder.map_or(0, <[u8]>::len);
    if total > MAX_PATH || file.compiled_in.is_some_and(|folder| folder.len() > MAX_PATH) {
        return None;
    }
    let name = text(file.name);
    let path = match file.folder.map(text) {
        Some(folder) if !is_absolute(&name) => format!("{}/{name}", folder.trim_end_matches('/')),
        _ => name,
    };
    let path = path.strip_prefix("./").unwrap_or(&path);
    let compiled_in = file.compiled_in.map(text);
    let short = if is_absolute(path) {
        short(path, compiled_in.as_deref())
    } else {
        path
    };
    (!short.is_empty()).then(|| short.to_owned())
}

fn short<'a>(path: &'a str, compiled_in: Option<&str>) -> &'a str {
    for (folder, between) in KEPT {
        if let Some((_, rest)) = path.split_once(folder) {
            return rest.splitn(between + 1, '/').last().unwrap_or(rest);
        }
    }
    let below = compiled_in
        .filter(|folder| folder.len() > 1)
        .and_then(|folder| path.strip_prefix(folder.trim_end_matches('/')))
        .and_then(|rest| rest.strip_prefix('/'));
    if let Some(below) = below {
        return below;
    }
    // Of Rust's library where a distribution keeps it.
    if let Some(at) = LIBRARY.iter().find_map(|folder| path.find(folder)) {
        return &path[at + 1..];
    }
    // A project's name, `src` and what is below, or the file and its folder. A `src` further up is where somebody keeps
    // projects.
    let before = path.rfind("/src/").or_else(|| path.rfind('/')).unwrap_or(0);
    path[..before].rfind('/').map_or(path, |at| &path[at + 1..])
}

fn is_absolute(path: &str) -> bool {
    // `C:/`, too.
    path.starts_with('/') || path.get(1..3) == Some(":/")
}

/// With one kind of separator, and nothing in it that a terminal obeys.
fn text(bytes: &[u8]) -> String {
    let plain = |c: char| match c {
        '\\' => '/',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    String::from_utf8_lossy(bytes).chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, folder: Option<&str>, compiled_in: Option<&str>) -> String {
        let file = File {
            name: name.as_bytes(),
            folder: folder.map(str::as_bytes),
            compiled_in: compiled_in.map(str::as_bytes),
        };
        shown(&file).unwrap()
    }

    #[test]
    fn paths_are_without_the_machine_that_compiled_them() {
        let cargo = "/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/foo-1.0/src";
        assert_eq!(of("a.rs", Some(cargo), None), "foo-1.0/src/a.rs");
        let library = "/rustc/4a4ef493e3a1488c6e321570238084b38948f6db/library/core/src";
        assert_eq!(of("option.rs", Some(library), None), "library/core/src/option.rs");
        let library = "/opt/rust/lib/rustlib/src/rust/library/core/src/slice";
        assert_eq!(of("index.rs", Some(library), None), "library/core/src/slice/index.rs");
        let library = "/usr/src/rustc-1.95.0/library/core/src";
        assert_eq!(of("panicking.rs", Some(library), None), "library/core/src/panicking.rs");
        let library = "/usr/src/rustc-1.95.0/library/alloc/src/vec";
        assert_eq!(of("mod.rs", Some(library), None), "library/alloc/src/vec/mod.rs");
        assert_eq!(of("lib.rs", Some("src"), None), "src/lib.rs");
        assert_eq!(of("src/plugin.c", None, Some("/home/u/shop")), "src/plugin.c");
        assert_eq!(of("/home/u/shop/lib/a.c", None, Some("/home/u/shop")), "lib/a.c");
        assert_eq!(of("/home/u/shop/src/deep/a.c", None, None), "shop/src/deep/a.c");
        assert_eq!(of("/home/u/src/shop/src/main.zig", None, None), "shop/src/main.zig");
        assert_eq!(of("/home/u/shop/plugin.c", None, Some("/")), "shop/plugin.c");
        assert_eq!(of("./plugin.c", None, None), "plugin.c");
        assert_eq!(of(r"C:\work\shop\src\main.zig", None, None), "shop/src/main.zig");
        assert_eq!(of("/a.c", None, None), "/a.c");
    }

    #[test]
    fn what_is_no_path_is_harmless() {
        assert_eq!(of("a\x1b[31m\n.c", None, None), "a\u{fffd}[31m\u{fffd}.c");
        let long = File {
            name: &[b'x'; MAX_PATH + 1],
            folder: None,
            compiled_in: None,
        };
        assert_eq!(shown(&long), None);
    }
}
