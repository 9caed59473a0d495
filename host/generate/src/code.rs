//! The mapping as a function in each language.
//!
//! Nothing that a database says becomes a name here: its names and notes stand in texts and comments only.

use std::fmt::Write as _;

use crate::comment::is_plain;
use crate::mapping::Mapping;
use crate::{Language, comment};

/// The function's name in the plugin.
pub(crate) const FUNCTION: &str = "map_columns";

/// What `tenon inspect` says of the function.
const DOC: &str = "Makes the target's columns of the source's.";

/// What is said of the list.
const LIST: &str =
    "One SQL expression per column of the target, in its order. The host computes them: no byte crosses.";

/// The text of the plugin's source file.
pub(crate) fn source(language: Language, mapping: &Mapping, from: &str, to: &str) -> String {
    let flow = comment::line(&format!("{from} -> {to}"));
    let list = |indent: &str| {
        let marker = if language == Language::Python { "#" } else { "//" };
        mapping.list(indent, marker, |expression| quoted(language, expression))
    };
    match language {
        Language::Rust => format!(
            "//! {DOC}\n\n// {flow}\n\nuse tenon::{{Batch, Result}};\n\n/// {LIST}\nconst COLUMNS: &[&str] = &[\n{}];\n\n\
             /// {DOC}\n#[tenon::transform]\nfn {FUNCTION}(batch: Batch) -> Result<Batch> {{\n    batch.project(COLUMNS)\n}}\n",
            list("    ")
        ),
        Language::Python => format!(
            "\"\"\"{DOC}\"\"\"\n\n# {flow}\n\nfrom tenon import Batch, transform\n\n# {LIST}\nCOLUMNS = [\n{}]\n\n\n\
             @transform\ndef {FUNCTION}(batch: Batch) -> Batch:\n    \"\"\"{DOC}\"\"\"\n    return batch.project(COLUMNS)\n",
            list("    ")
        ),
        Language::Js | Language::Ts => format!(
            "// {DOC} `tenon run job.toml` builds and runs it.\n// {flow}\n\nimport {{ transform }} from \"@tenon/sdk\";\n\n\
             // {LIST}\nconst columns = [\n{}];\n\nexport const {FUNCTION} = transform({{\n  doc: \"{DOC}\",\n  \
             process: (batch) => batch.project(...columns),\n}});\n",
            list("  ")
        ),
        Language::Go => format!(
            "// A plugin of one function: it makes the target's columns of the source's.\npackage main\n\n// {flow}\n\n\
             import \"tenon\"\n\n// {LIST}\nvar columns = []string{{\n{}}}\n\n\
             // Functions are offered by init; main is never called.\nfunc init() {{\n\
             \ttenon.Transform(\"{FUNCTION}\", \"{DOC}\", mapColumns)\n}}\n\n\
             func mapColumns(batch tenon.Batch, _ tenon.NoConfig) (tenon.Batch, error) {{\n\
             \treturn batch.Project(columns...)\n}}\n\nfunc main() {{}}\n",
            list("\t")
        ),
        Language::C => format!(
            "// {DOC}\n// {flow}\n#include <tenon.h>\n\n// {LIST}\nstatic const char *const columns[] = {{\n{}}};\n\n\
             static tenon_batch *{FUNCTION}(tenon_batch *batch, const tenon_no_config *config)\n{{\n    (void)config;\n    \
             return tenon_eval(batch, (tenon_text_list){{columns, sizeof columns / sizeof *columns}});\n}}\n\n\
             TENON_TRANSFORM({FUNCTION}, tenon_no_config, .doc = \"{DOC}\")\n",
            list("    ")
        ),
        Language::Cpp => format!(
            "// {DOC}\n// {flow}\n#include <tenon.hpp>\n\n\
             static tenon::Batch {FUNCTION}(tenon::Batch batch, const tenon_no_config *)\n{{\n    // {LIST}\n    \
             return batch.eval({{\n{}    }});\n}}\n\nTENON_TRANSFORM({FUNCTION}, tenon_no_config, .doc = \"{DOC}\")\n",
            list("        ")
        ),
        Language::Zig => format!(
            "//! {DOC}\n\n// {flow}\n\nconst tenon = @import(\"tenon\");\n\n/// {LIST}\n\
             const columns: []const [:0]const u8 = &.{{\n{}}};\n\n\
             fn mapColumns(batch: tenon.Batch) !tenon.Batch {{\n    return batch.eval(columns);\n}}\n\n\
             comptime {{\n    tenon.register(.{{\n        \
             tenon.transform(\"{FUNCTION}\", mapColumns, .{{ .doc = \"{DOC}\" }}),\n    }});\n}}\n",
            list("    ")
        ),
    }
}

/// A text as a literal of a language.
fn quoted(language: Language, text: &str) -> String {
    let takes_single = matches!(language, Language::Python | Language::Js | Language::Ts);
    let quote = if takes_single && text.contains('"') && !text.contains('\'') {
        '\''
    } else {
        '"'
    };
    let is_c = matches!(language, Language::C | Language::Cpp);
    let mut literal = String::from(quote);
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            // Two in a row may begin a trigraph.
            '?' if is_c && before == '?' => literal.push_str("\\?"),
            other if other == quote => literal.extend(['\\', other]),
            other if is_plain(other) => literal.push(other),
            other => literal.push_str(&escaped(language, other)),
        }
        before = character;
    }
    literal.push(quote);
    literal
}

/// A character that would not show as what it is.
fn escaped(language: Language, character: char) -> String {
    let code = u32::from(character);
    match language {
        Language::Rust | Language::Js | Language::Ts | Language::Zig => format!("\\u{{{code:x}}}"),
        Language::Python | Language::Go if code <= 0xffff => format!("\\u{code:04x}"),
        Language::Python | Language::Go => format!("\\U{code:08x}"),
        // Byte by byte, in three digits each: what follows can't become a part of it.
        Language::C | Language::Cpp => {
            let mut bytes = String::new();
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                write!(bytes, "\\{byte:03o}").expect("a String takes all text");
            }
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = "a\"b'c\\d\n\u{202e}e\0f😀 ???/ */ exit(1) //";

    #[test]
    fn literals_end_where_they_should() {
        for (language, expected) in [
            (Language::Rust, r#""a\"b'c\\d\n\u{202e}e\u{0}f😀 ???/ */ exit(1) //""#),
            (Language::Zig, r#""a\"b'c\\d\n\u{202e}e\u{0}f😀 ???/ */ exit(1) //""#),
            (Language::Js, r#""a\"b'c\\d\n\u{202e}e\u{0}f😀 ???/ */ exit(1) //""#),
            (Language::Python, r#""a\"b'c\\d\n\u202ee\u0000f😀 ???/ */ exit(1) //""#),
            (Language::Go, r#""a\"b'c\\d\n\u202ee\u0000f😀 ???/ */ exit(1) //""#),
            (Language::C, r#""a\"b'c\\d\n\342\200\256e\000f😀 ?\?\?/ */ exit(1) //""#),
            (
                Language::Cpp,
                r#""a\"b'c\\d\n\342\200\256e\000f😀 ?\?\?/ */ exit(1) //""#,
            ),
        ] {
            assert_eq!(quoted(language, ODD), expected, "{language}");
        }
        assert_eq!(quoted(Language::Python, "\"Amount\""), "'\"Amount\"'");
        assert_eq!(quoted(Language::Go, "\u{e0001}"), "\"\\U000e0001\"");
    }
}
