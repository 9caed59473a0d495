//! What `tenon new` writes.
//!
//! Templates are in `template/LANGUAGE/KIND/`, with what both kinds share in `template/LANGUAGE/all/`, and what all languages
//! share likewise in `template/common/`. `{name}` in a file, or in its name, is the project's name, and `{module}` the same
//! as an identifier. A last `.txt` of a file's name is dropped: it keeps tools from taking a template for a project of this
//! repository.

use crate::args::{Kind, Language};

/// The templates' files, by their names in the folder.
const TEMPLATES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));
/// The Rust SDK's sources, by their names in its folder.
const SDK: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));
/// The versions that plugins in Rust are tested with.
const LOCKFILE: &str = include_str!("../../../plugins/Cargo.lock");

/// The files of a project, by name. None where the language has no such template.
pub fn files(language: Language, kind: Kind, name: &str) -> Option<Vec<(String, String)>> {
    let kind = match kind {
        Kind::Transform => "transform",
        Kind::Job => "job",
    };
    let language_folder = folder(language);
    let mut files = of(&format!("{language_folder}/{kind}/"), name);
    if files.is_empty() {
        return None;
    }
    for shared in [
        format!("{language_folder}/all/"),
        format!("common/{kind}/"),
        "common/all/".to_owned(),
    ] {
        for (file, content) in of(&shared, name) {
            // A language's own comes first.
            if !files.iter().any(|(there, _)| *there == file) {
                files.push((file, content));
            }
        }
    }
    if language == Language::Rust {
        files.push(("Cargo.lock".to_owned(), LOCKFILE.to_owned()));
        let sdk = SDK.iter();
        files.extend(sdk.map(|(name, content)| (format!(".tenon/sdk/{name}"), (*content).to_owned())));
    }
    Some(files)
}

/// The folder of a language's templates.
fn folder(language: Language) -> &'static str {
    match language {
        Language::Rust => "rust",
        Language::Python => "python",
        Language::Js => "js",
        Language::Ts => "ts",
        Language::Go => "go",
        Language::C => "c",
        Language::Cpp => "cpp",
        Language::Zig => "zig",
    }
}

/// The files of one template.
fn of(folder: &str, project: &str) -> Vec<(String, String)> {
    // What has to be an identifier.
    let module = project.replace('-', "_");
    let named = |text: &str| text.replace("{name}", project).replace("{module}", &module);
    let files = TEMPLATES.iter();
    let files = files.filter_map(|(file, content)| Some((file.strip_prefix(folder)?, content)));
    let files = files.map(|(file, content)| (named(file.strip_suffix(".txt").unwrap_or(file)), named(content)));
    files.collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn the_sdk_is_whole_and_refers_to_nothing_outside() {
        let names: Vec<&str> = SDK.iter().map(|(name, _)| *name).collect();
        for name in [
            "Cargo.toml",
            "rust/src/lib.rs",
            "rust/macros/src/lib.rs",
            "layout/src/lib.rs",
        ] {
            assert!(names.contains(&name), "{name}");
        }
        for (name, content) in SDK.iter().filter(|(name, _)| name.ends_with("Cargo.toml")) {
            assert!(
                !content.contains("host/") && !content.contains("tenon-kernels"),
                "{name}: {content}"
            );
        }
    }

    #[test]
    fn every_language_has_a_transform_with_data_and_a_job_file() {
        for language in Language::value_variants() {
            let files = files(*language, Kind::Transform, "shop-1").expect("a template");
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            for name in ["job.toml", "data/orders.csv", ".gitignore"] {
                assert!(names.contains(&name), "{language:?}: {names:?}");
            }
            for (name, content) in files.iter().filter(|(name, _)| !name.starts_with(".tenon")) {
                let is_whole = !name.contains("{name}") && !content.contains("{name}") && !content.contains("{module}");
                assert!(is_whole, "{language:?}: {name}");
            }
        }
    }
}
