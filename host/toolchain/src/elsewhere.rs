//! What a project takes from outside its folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::record::Record;

/// The files and folders outside a project's folder that its build reads, in full, as far as they are known: those that its
/// manifest names by their paths, and those that the last build in the project's `target` has found. Some are files in
/// parts of the folder that [`sources_in`](crate::sources_in) passes over.
pub fn sources_elsewhere(project: &Path) -> BTreeSet<PathBuf> {
    let Ok(project) = Project::new(project, None) else {
        return BTreeSet::new();
    };
    let mut sources = named(&project.folder);
    sources.extend(Record::read(&project.record()).elsewhere);
    sources
}

/// The files and folders outside a project's folder that its manifest names by their paths, and those that the manifests in
/// these name in turn. The folder has to be in full.
pub(crate) fn named(project: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![project.to_path_buf()];
    while let Some(folder) = ahead.pop() {
        for path in named_in(&folder) {
            if !path.starts_with(project) && found.insert(path.clone()) {
                ahead.push(path);
            }
        }
    }
    found
}

/// What the manifests in a folder name, as far as it is there.
fn named_in(folder: &Path) -> Vec<PathBuf> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
    let (cargo, python, go, npm) = (
        read("Cargo.toml"),
        read("pyproject.toml"),
        read("go.mod"),
        read("package.json"),
    );
    let names = [of_toml(&cargo), of_toml(&python), of_go(&go)].concat();
    let names = names.into_iter().map(str::to_owned).chain(of_npm(&npm));
    let paths = names.map(|name| folder.join(name)).chain(of_workspace(folder, &cargo));
    paths.filter_map(|path| path.canonicalize().ok()).collect()
}

/// What keys called `path` say, wherever they are: `shared = { path = "../shared" }` in a Cargo.toml, or under
/// `[tool.uv.sources]` in a pyproject.toml.
fn of_toml(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for (at, key) in line.match_indices("path") {
            let is_inside = |before: char| before.is_alphanumeric() || matches!(before, '-' | '_' | '"' | '\'');
            let value = line[at + key.len()..].trim_start().strip_prefix('=');
            if let Some(value) = value.filter(|_| !line[..at].ends_with(is_inside)) {
                let value = value.trim_start();
                let quoted = value.strip_prefix('"').and_then(|rest| rest.split('"').next());
                let quoted = quoted.or_else(|| value.strip_prefix('\'')?.split('\'').next());
                found.extend(quoted);
            }
        }
    }
    found
}

/// What `replace` directives put in the place of modules: `replace example.com/shared => ../shared`.
fn of_go(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .filter_map(|line| line.split("//").next()?.split_once("=>"));
    let targets = lines.map(|(_, target)| target.trim().trim_matches('"'));
    targets.filter(|target| target.starts_with(['.', '/'])).collect()
}

/// What packages have in the place of versions: `"shared": "file:../shared"`.
fn of_npm(text: &str) -> Vec<String> {
    let manifest: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let kinds = ["dependencies", "devDependencies", "optionalDependencies"];
    let packages = kinds.iter().filter_map(|kind| manifest.get(kind)?.as_object());
    let versions = packages
        .flat_map(serde_json::Map::values)
        .filter_map(serde_json::Value::as_str);
    let paths = versions.filter_map(|version| {
        let prefixes = ["file:", "link:", "portal:"];
        prefixes.iter().find_map(|prefix| version.strip_prefix(prefix))
    });
    paths.map(str::to_owned).collect()
}

/// What a crate takes as the Cargo.toml of its workspace has it: `shared = { workspace = true }`.
fn of_workspace(folder: &Path, manifest: &str) -> Vec<PathBuf> {
    if !manifest.contains("workspace") || manifest.contains("[workspace") {
        return Vec::new();
    }
    let workspace = folder.ancestors().skip(1).find_map(|above| {
        let text = fs::read_to_string(above.join("Cargo.toml")).ok()?;
        text.contains("[workspace").then_some((above, text))
    });
    let Some((root, text)) = workspace else {
        return Vec::new();
    };
    let is_taken = |line: &&str| {
        let in_name = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        let name = line.trim_start().split(|letter: char| !in_name(letter)).next();
        name.is_some_and(|name| !name.is_empty() && manifest.contains(name))
    };
    let paths = text.lines().filter(is_taken).flat_map(of_toml);
    paths.map(|path| root.join(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, in full.
    fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    /// What the project `shop` names, of a folder with these files.
    fn named_by_shop(files: &[(&str, &str)]) -> Vec<String> {
        let (_folder, path) = folder(files);
        let named = named(&path.join("shop"));
        let names = named.iter().map(|named| named.strip_prefix(&path).unwrap());
        names.map(|name| name.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn crates_name_their_dependencies() {
        let manifest = "[lib]\npath = \"src/lib.rs\"\n[dependencies]\nrates = { path = \"../rates\", version = \"1\" }\n\
                        # old = { path = \"../old\" }\ngone = { path = '../gone' }\nserde = \"1\"\n\
                        [dependencies.units]\npath='../units'\n";
        let files = [
            ("shop/Cargo.toml", manifest),
            ("shop/src/lib.rs", ""),
            ("old/Cargo.toml", ""),
            (
                "rates/Cargo.toml",
                "[dependencies]\nmoney.path = \"../money\"\nshop = { path = \"../shop\" }\n",
            ),
            ("money/Cargo.toml", "src-path = \"../old\""),
            ("units/Cargo.toml", ""),
        ];
        assert_eq!(named_by_shop(&files), ["money", "rates", "units"]);
    }

    #[test]
    fn crates_name_dependencies_of_their_workspace() {
        let workspace = "[workspace]\nmembers = [\"shop\"]\n[workspace.dependencies]\n\
                         rates = { path = \"rates\" }\nother = { path = \"other\" }\n";
        let files = [
            ("Cargo.toml", workspace),
            ("shop/Cargo.toml", "[dependencies]\nrates.workspace = true\n"),
            ("rates/Cargo.toml", ""),
            ("other/Cargo.toml", ""),
        ];
        assert_eq!(named_by_shop(&files), ["rates"]);
    }

    #[test]
    fn python_projects_name_their_sources() {
        let manifest = "[project]\ndependencies = [\"rates\", \"units\"]\n[tool.uv.sources]\n\
                        rates = { path = \"../rates\", editable = true }\n[tool.uv.sources.units]\npath = \"../units\"\n";
        let files = [
            ("shop/pyproject.toml", manifest),
            ("rates/rates.py", ""),
            ("units/src/units.py", ""),
        ];
        assert_eq!(named_by_shop(&files), ["rates", "units"]);
    }

    #[test]
    fn go_modules_name_their_replacements() {
        let manifest = "module shop\n\nreplace example.com/rates => ../rates // ours\n\nreplace (\n\
                        \texample.com/units v1.2.0 => ../units\n\texample.com/far => example.com/near v1.0.0\n)\n\
                        replace tenon => ./.tenon/sdk/go\n";
        let files = [
            ("shop/go.mod", manifest),
            ("shop/.tenon/sdk/go/go.mod", ""),
            ("rates/go.mod", ""),
            ("units/go.mod", ""),
        ];
        assert_eq!(named_by_shop(&files), ["rates", "units"]);
    }

    #[test]
    fn packages_name_files_and_links() {
        let manifest = r#"{ "dependencies": { "@tenon/sdk": "file:.tenon/sdk/js", "rates": "file:../rates", "left-pad": "^1" },
            "devDependencies": { "units": "link:../units" }, "scripts": { "test": "file:../scripts" } }"#;
        let files = [
            ("shop/package.json", manifest),
            ("rates/package.json", ""),
            ("units/package.json", ""),
            ("scripts/x", ""),
        ];
        assert_eq!(named_by_shop(&files), ["rates", "units"]);
    }

    #[test]
    fn what_the_last_build_has_found_is_known() {
        let (_folder, path) = folder(&[("shop/plugin.c", ""), ("shop/target/none", ""), ("inc/shared.h", "")]);
        let shop = path.join("shop");
        assert!(sources_elsewhere(&shop).is_empty());
        let record = Record {
            digests: String::new(),
            elsewhere: BTreeSet::from([path.join("inc/shared.h")]),
        };
        record.write(&Project::new(&shop, None).unwrap().record()).unwrap();
        assert_eq!(sources_elsewhere(&shop), record.elsewhere);
        assert!(sources_elsewhere(&path.join("nowhere")).is_empty());
    }
}
