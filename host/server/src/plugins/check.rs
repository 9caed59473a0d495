//! Whether what was uploaded is a plugin: it is compiled, started once and asked what it can do, before anything uses it.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use serde_json::{Value, json};
use tenon_engine::SCRIPT_FUNCTION;
use tenon_job::interpreter_of;
use tenon_runtime::{Error, Limits, Plugin, Run, Runtime};
use tokio::sync::Semaphore;

use super::effort;

/// Bytes of a script at most.
const LONGEST_SCRIPT: usize = 1 << 20;
/// How long an interpreter may take to read one, in milliseconds of its own and by the clock.
const READING: (u64, u64) = (10_000, 60_000);

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
    /// Compiles a component and describes it, or has a script read by its interpreter, where there is one.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub async fn check(
        &self,
        runtime: &Runtime,
        name: &str,
        bytes: Vec<u8>,
        interpreter: Option<&Path>,
    ) -> Result<Checked, String> {
        if let Some(language) = interpreter_of(Path::new(name)) {
            let checked = script(language, &bytes)?;
            if let Some(interpreter) = interpreter {
                let turn = self.turn.acquire().await;
                let read = read(runtime, interpreter, name, &String::from_utf8_lossy(&bytes)).await;
                drop(turn);
                judged(name, read)?;
            }
            return Ok(checked);
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

/// Has an interpreter read a script, in a sandbox in which it may do nothing else. Nothing of the script runs.
async fn read(runtime: &Runtime, interpreter: &Path, name: &str, script: &str) -> Result<(), Error> {
    let plugin = runtime.load(interpreter).await?;
    if !only_looks(&plugin) {
        return Ok(());
    }
    let limits = Limits {
        cpu_per_call_ms: READING.0,
        wall_per_call_ms: READING.1,
        ..Limits::default()
    };
    let run = Run::builder("server", "upload").limits(limits).build();
    let mut sandbox = plugin.checkout(&run).await?;
    let config = json!({ "script": script, "file": name, "check": true });
    let columns = Schema::new(vec![Field::new("column", DataType::Utf8, true)]);
    sandbox
        .open(SCRIPT_FUNCTION, &config.to_string(), &Arc::new(columns))
        .await?;
    Ok(())
}

/// Whether an interpreter can look at a script without running it: an operator may have put others in their place.
fn only_looks(interpreter: &Plugin) -> bool {
    let functions = interpreter.functions();
    let function = functions.iter().find(|function| function.name == SCRIPT_FUNCTION);
    function
        .and_then(|function| serde_json::from_str::<Value>(&function.config).ok())
        .is_some_and(|config| config["properties"]["check"].is_object())
}

/// What is the script's own fault is a reason to refuse it, and nothing else.
fn judged(name: &str, read: Result<(), Error>) -> Result<(), String> {
    match read {
        Ok(()) => Ok(()),
        Err(Error::Guest { message, .. }) => Err(format!("the script `{name}` cannot be read: {message}")),
        Err(error @ (Error::Limit { .. } | Error::Trapped { .. })) => {
            Err(format!("the script `{name}` cannot be read: {error}"))
        }
        Err(error) => {
            tracing::warn!(script = name, %error, "a script is taken without its interpreter having read it");
            Ok(())
        }
    }
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
