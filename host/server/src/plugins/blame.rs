//! Whose fault it is that a run failed, of the versions that it used.

use std::path::Path;

use tenon_job::interpreter_of;
use tenon_versions::Resolved;

/// Whether a version is at fault, where the engine blames `plugin` and says why. What runs scripts is their interpreter, which
/// is all that the engine knows them by: where it ran several, the sentence names the file, or none of them is blamed.
pub(super) fn is_blamed(one: &Resolved, all: &[Resolved], plugin: &str, sentence: &str) -> bool {
    let scripts: Vec<&Resolved> = all.iter().filter(|used| runs_in(used, plugin)).collect();
    if scripts.is_empty() {
        return one.plugin == plugin;
    }
    // A component may have the interpreter's name.
    let alone = if all.iter().any(|used| used.plugin == plugin) {
        None
    } else {
        only(scripts.iter().copied())
    };
    let named = scripts.iter().copied().filter(|script| is_named(script, sentence));
    alone.or_else(|| only(named)) == Some(one)
}

/// The version that all of these are.
fn only<'a>(mut candidates: impl Iterator<Item = &'a Resolved>) -> Option<&'a Resolved> {
    let first = candidates.next()?;
    candidates.all(|other| other == first).then_some(first)
}

/// Whether a message is about this file: `late.js:3:9: ...`, or `late.js@2:3:9: ...` where the job says which version it wants.
fn is_named(script: &Resolved, sentence: &str) -> bool {
    [':', '@']
        .iter()
        .any(|end| sentence.contains(&format!("{}{end}", script.plugin)))
}

/// Whether it is a script that this interpreter runs.
fn runs_in(used: &Resolved, interpreter: &str) -> bool {
    interpreter_of(Path::new(&used.plugin)) == Some(interpreter)
}

#[cfg(test)]
mod tests {
    use tenon_versions::Digest;

    use super::*;

    fn used(plugin: &str, version: i64) -> Resolved {
        Resolved {
            plugin: plugin.to_owned(),
            version,
            digest: Digest::of(plugin.as_bytes()),
            is_canary: false,
        }
    }

    /// The names of those that are blamed.
    fn blamed<'a>(all: &'a [Resolved], plugin: &str, sentence: &str) -> Vec<&'a str> {
        let blamed = all.iter().filter(|one| is_blamed(one, all, plugin, sentence));
        blamed.map(|one| one.plugin.as_str()).collect()
    }

    #[test]
    fn a_component_is_blamed_by_its_name() {
        let all = [used("clean", 1), used("mask", 2)];
        assert_eq!(blamed(&all, "mask", "plugin `mask` trapped"), ["mask"]);
        assert!(blamed(&all, "javascript", "plugin `javascript` trapped").is_empty());
    }

    #[test]
    fn a_script_is_blamed_for_what_its_interpreter_says() {
        let one = [used("clean", 1), used("late.js", 1), used("early.py", 1)];
        assert_eq!(
            blamed(&one, "javascript", "plugin `javascript` met a limit"),
            ["late.js"]
        );
        assert_eq!(blamed(&one, "python", "early.py:3: no"), ["early.py"]);
    }

    #[test]
    fn of_several_scripts_the_one_that_is_named_is_blamed() {
        let two = [used("late.js", 1), used("mask.js", 1)];
        assert_eq!(blamed(&two, "javascript", "failed: mask.js:3:9: no"), ["mask.js"]);
        assert!(blamed(&two, "javascript", "plugin `javascript` met a limit").is_empty());
        assert!(blamed(&two, "javascript", "late.js:1 called mask.js:3").is_empty());
        // Nor can be told which version of a script it was.
        let versions = [used("late.js", 1), used("late.js", 2)];
        assert!(blamed(&versions, "javascript", "late.js:1: no").is_empty());
    }

    #[test]
    fn a_component_that_is_called_as_an_interpreter_is_not_blamed_for_scripts() {
        let all = [used("javascript", 1), used("late.js", 1)];
        assert_eq!(blamed(&all, "javascript", "failed: late.js:3:9: no"), ["late.js"]);
        assert!(blamed(&all, "javascript", "plugin `javascript` trapped").is_empty());
    }
}
