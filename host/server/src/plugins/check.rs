//! Whether what was uploaded is a plugin: it is compiled, started once and asked what it can do, before anything uses it.

use serde_json::{Value, json};
use tenon_job::interpreter_of;
use tenon_runtime::{Plugin, Runtime};
use tokio::sync::Semaphore;

use super::effort;

/// Bytes of a script at most.
const LONGEST_SCRIPT: usize = 1 << 20;

/// Looks at uploads, one at a time: compiling takes all cores.
#[derive(Debug)]
pub(crate) struct Checker {
    turn: Semaphore,
}

/// What an upload turned out to be.
#[derive(Debug)]
pub(crate) struct Checked {
    /// Kept loaded, so that its first run finds it warm; none of a script.
    pub plugin: Option<Plugin>,
    /// What it can do, for people and programs.
    pub described: Value,
}

impl Default for Checker {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
        }
    }
}

impl Checker {
    /// Compiles a component and describes it, or reads a script.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub async fn check(&self, runtime: &Runtime, name: &str, bytes: Vec<u8>) -> Result<Checked, String> {
        if let Some(interpreter) = interpreter_of(std::path::Path::new(name)) {
            return script(interpreter, &bytes);
        }
        effort::check(&bytes).map_err(|reason| format!("the component `{name}` is refused: {reason}"))?;
        let turn = self.turn.acquire().await;
        let loaded = runtime.load_bytes(name, bytes).await.map_err(|error| error.to_string());
        drop(turn);
        let plugin = loaded?;
        if plugin.functions().is_empty() && !plugin.interfaces().job {
            return Err(format!(
                "the component `{name}` has neither functions nor a job: it exports none of the interfaces of `tenon:etl` \
                 that a plugin needs"
            ));
        }
        let described = describe(&plugin);
        let plugin = Some(plugin);
        Ok(Checked { plugin, described })
    }
}

fn script(interpreter: &str, bytes: &[u8]) -> Result<Checked, String> {
    if bytes.len() > LONGEST_SCRIPT {
        return Err(format!(
            "the script has {} bytes, and at most {LONGEST_SCRIPT} are run",
            bytes.len()
        ));
    }
    std::str::from_utf8(bytes).map_err(|error| format!("the script is not UTF-8: {error}"))?;
    let described = json!({ "script": interpreter });
    Ok(Checked {
        plugin: None,
        described,
    })
}

fn describe(plugin: &Plugin) -> Value {
    let functions = plugin.functions().iter().map(|function| {
        json!({
            "name": function.name,
            "doc": function.doc,
            "shape": function.shape,
            "stateless": function.stateless,
            "reads": function.reads,
            "config": serde_json::from_str(&function.config).unwrap_or(Value::Null),
        })
    });
    json!({
        "interfaces": plugin.interfaces(),
        "functions": functions.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_text() {
        let checked = script("javascript", b"export default rows => rows").expect("a script");
        assert_eq!(checked.described["script"], "javascript");
        assert!(script("javascript", &[0xff, 0xfe]).is_err());
        assert!(script("javascript", &vec![b' '; LONGEST_SCRIPT + 1]).is_err());
    }
}
