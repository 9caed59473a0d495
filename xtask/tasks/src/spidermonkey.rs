use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::{step, succeed};
use crate::workspace::root;

/// Builds the conformance guest in JavaScript on SpiderMonkey, with the packages that the repository names, which are
/// installed into a folder in `results`; the component.
pub(crate) fn build(results: &Path) -> Result<PathBuf> {
    let (peer, folder) = (root().join("tests/peers/spidermonkey"), results.join("spidermonkey"));
    install(&peer, &folder)?;
    let component = folder.join("conformance-js.wasm");
    step("building the guest in JavaScript on SpiderMonkey", || {
        let mut node = Command::new("node");
        node.arg(peer.join("componentize.js"))
            .arg(root().join("tests/conformance/js"))
            .arg("src/index.js")
            .arg(&component)
            .arg(folder.join("node_modules"));
        succeed(&mut node)
    })?;
    Ok(component)
}

fn install(peer: &Path, folder: &Path) -> Result<()> {
    let manifest = peer.join("package.json");
    let wanted = fs::read_to_string(&manifest).with_context(|| format!("could not read {}", manifest.display()))?;
    // Written last, so that what was cut short is done again.
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step("installing componentize-js into target/bench/spidermonkey", || {
        fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
        let copy = folder.join("package.json");
        fs::write(&copy, &wanted).with_context(|| format!("could not write {}", copy.display()))?;
        let mut npm = Command::new("npm");
        npm.current_dir(folder)
            .args(["install", "--no-audit", "--no-fund", "--loglevel=error"]);
        succeed(&mut npm).context("Node.js 20 or newer, with npm, is needed for the peer of JavaScript")
    })?;
    fs::write(&installed, wanted).with_context(|| format!("could not write {}", installed.display()))
}
