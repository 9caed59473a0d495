//! A loaded plugin.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;
use tenon_component::Interfaces;

use crate::bindings::exports::tenon::etl::transform as wire;
use crate::error::{Error, clip};
use crate::lines::Lines;
use crate::pool::{Idle, Permit, Pool, Queue, Waited};
use crate::run::{Run, add};
use crate::sandbox::Sandbox;
use crate::script::{JobSandbox, Pipeline};
use crate::stats::PluginStatistics;

/// Functions that one plugin may describe.
const MAX_FUNCTIONS: usize = 1_000;
/// Bytes of a function's name.
const MAX_NAME: usize = 128;
/// Columns that a function may say it reads; one that reads more says nothing, which means all.
const MAX_READS: usize = 1_024;
/// Bytes of such a column's name.
const MAX_COLUMN: usize = 1_024;
/// Bytes of a function's documentation.
const MAX_DOC: usize = 64 << 10;
/// Bytes of a function's configuration schema.
const MAX_SCHEMA: usize = 1 << 20;

/// A component that is compiled, linked and has a warm pool. Cheap to clone; the pool goes with the last clone.
#[derive(Clone)]
pub struct Plugin(pub(crate) Arc<Loaded>);

pub(crate) struct Loaded {
    pub name: Arc<str>,
    pub digest: String,
    pub bytes: u64,
    pub interfaces: Interfaces,
    /// Whether it imports WASI, and can therefore wait.
    pub wasi: bool,
    pub functions: Vec<Function>,
    /// What tells where in its sources a trap was.
    pub lines: Arc<Lines>,
    /// None if the component exports neither functions nor a script.
    pub pool: Option<Arc<Pool>>,
    pub queue: Arc<Queue>,
    /// Turns of scripts.
    pub scripts: Arc<Queue>,
    pub wait: std::time::Duration,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Batches in, batches out.
    Batchwise,
    /// One value per row, usable in SQL.
    Scalar,
}

/// One function of a plugin, as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Name by which jobs call it.
    pub name: String,
    /// What it does, in Markdown; the first line is its summary.
    pub doc: String,
    /// How it is called.
    pub shape: Shape,
    /// JSON Schema of its configuration.
    pub config: String,
    /// Columns that it reads; none means all.
    pub reads: Option<Vec<String>>,
    /// Whether batches may go to several sandboxes in any order.
    pub stateless: bool,
}

impl Plugin {
    /// Name of the plugin: its file's name without the extension.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// SHA-256 of the plugin's file, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// Size of the plugin's file in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Which interfaces of the contract it exports.
    pub fn interfaces(&self) -> &Interfaces {
        &self.0.interfaces
    }

    /// Its functions.
    pub fn functions(&self) -> &[Function] {
        &self.0.functions
    }

    /// What its pool did so far.
    pub fn statistics(&self) -> PluginStatistics {
        self.0.pool.as_ref().map(|pool| pool.statistics()).unwrap_or_default()
    }

    /// A sandbox for a run, from the warm pool.
    ///
    /// # Errors
    /// [`Error::Saturated`] when no turn came in time, [`Error::Limit`] when the run's limits are below what the
    /// plugin needs to start, [`Error::Refused`] when it exports no transform.
    pub async fn checkout(&self, run: &Arc<Run>) -> Result<Sandbox, Error> {
        let pool = self.pool_of("transform", self.0.interfaces.transform)?;
        let (idle, permit) = self.take(pool, run, &self.0.queue, "pool.in_use").await?;
        let Some(warm) = idle.for_function() else {
            pool.gone(false);
            return Err(self.exports_no("transform"));
        };
        Sandbox::bind(self.clone(), Arc::clone(pool), warm, permit, run)
    }

    /// A sandbox for the script of a run, from the warm pool; `pipeline` makes and runs the script's frames.
    ///
    /// # Errors
    /// As for [`Plugin::checkout`]; [`Error::Refused`] when it exports no job.
    pub async fn checkout_job(&self, run: &Arc<Run>, pipeline: Arc<dyn Pipeline>) -> Result<JobSandbox, Error> {
        let pool = self.pool_of("job", self.0.interfaces.job)?;
        let (idle, permit) = self.take(pool, run, &self.0.scripts, "pool.scripts").await?;
        let script = pool.blueprint.for_script(idle);
        let script = script.and_then(|script| script.ok_or_else(|| self.exports_no("job")));
        let script = script.inspect_err(|_| pool.gone(false))?;
        JobSandbox::bind(script, self.clone(), Arc::clone(pool), permit, run, pipeline)
    }

    /// An instance from the pool, and the turn to use it.
    async fn take(
        &self,
        pool: &Arc<Pool>,
        run: &Arc<Run>,
        queue: &Arc<Queue>,
        setting: &'static str,
    ) -> Result<(Idle, Permit), Error> {
        let permit = queue.acquire(run.tenant(), self.0.wait).await;
        let permit = permit.map_err(|Waited(waited)| Error::Saturated {
            plugin: self.name().to_owned(),
            waited,
            ceiling: queue.ceiling(),
            setting,
        })?;
        let idle = pool.take().await?;
        add(&run.usage.sandboxes, 1);
        Ok((idle, permit))
    }

    fn pool_of(&self, interface: &str, exported: bool) -> Result<&Arc<Pool>, Error> {
        let pool = self.0.pool.as_ref().filter(|_| exported);
        pool.ok_or_else(|| self.exports_no(interface))
    }

    fn exports_no(&self, interface: &str) -> Error {
        let lacks = match interface {
            "transform" => "functions to call",
            _ => "script to run",
        };
        Error::Refused {
            plugin: self.name().to_owned(),
            reason: format!("it exports no `{interface}`, so it has no {lacks}"),
        }
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name())
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// What a plugin says about its functions, checked.
pub(crate) fn described(plugin: &str, functions: Vec<wire::Function>) -> Result<Vec<Function>, Error> {
    let contract = |reason: String| Error::Contract {
        plugin: plugin.to_owned(),
        function: None,
        reason,
    };
    if functions.len() > MAX_FUNCTIONS {
        return Err(contract(format!(
            "it describes {} functions; {MAX_FUNCTIONS} are allowed",
            functions.len()
        )));
    }
    let mut names = HashSet::new();
    let mut checked = Vec::with_capacity(functions.len());
    for function in functions {
        let name = function.name;
        if !is_name(&name) {
            let name = clip(&name, MAX_NAME);
            return Err(contract(format!(
                "it describes a function `{name}`; names have 1 to {MAX_NAME} letters, digits, `_`, `-` or `.`"
            )));
        }
        if !names.insert(name.clone()) {
            return Err(contract(format!("it describes two functions named `{name}`")));
        }
        if function.config.len() > MAX_SCHEMA {
            return Err(contract(format!(
                "the configuration schema of `{name}` is over {MAX_SCHEMA} bytes"
            )));
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&function.config) {
            return Err(contract(format!(
                "the configuration schema of `{name}` is not JSON: {error}"
            )));
        }
        let reads = function.reads.as_deref().unwrap_or_default();
        if reads.len() > MAX_READS || reads.iter().any(|column| column.len() > MAX_COLUMN) {
            return Err(contract(format!(
                "`{name}` says it reads {} columns; {MAX_READS} are allowed, with names of up to {MAX_COLUMN} bytes",
                reads.len()
            )));
        }
        checked.push(Function {
            doc: clip(&function.doc, MAX_DOC),
            shape: match function.shape {
                wire::Shape::Batchwise => Shape::Batchwise,
                wire::Shape::Scalar => Shape::Scalar,
            },
            config: function.config,
            reads: function.reads,
            stateless: function.stateless,
            name,
        });
    }
    Ok(checked)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain)
}
