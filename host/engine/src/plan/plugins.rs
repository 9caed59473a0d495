//! Loads the plugins of a job and finds their functions.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use arrow::datatypes::SchemaRef;
use tenon_runtime::{Function, Plugin, Run, Runtime, Shape};

use crate::error::Error;
use crate::job::Job;
use crate::node::Call;
use crate::rejects;
use crate::report::PluginUsed;
use crate::step::{Emits, PluginStep, Step};

/// Plugins and functions by step.
pub(crate) struct Loaded(BTreeMap<String, (Plugin, Function)>);

/// Loads each plugin once.
pub(super) async fn load(runtime: &Runtime, job: &Job) -> Result<Loaded, Error> {
    let mut files: HashMap<&Path, Plugin> = HashMap::new();
    let mut loaded = BTreeMap::new();
    for (name, step) in &job.steps {
        let Step::Plugin(step) = step else { continue };
        let shown = step.plugin.display().to_string();
        let plugin = if let Some(plugin) = files.get(step.plugin.as_path()) {
            plugin.clone()
        } else {
            let plugin = load_one(runtime, &step.plugin).await?;
            files.insert(&step.plugin, plugin.clone());
            plugin
        };
        let function = choose(&shown, &plugin, step.function.as_deref())?.clone();
        loaded.insert(name.clone(), (plugin, function));
    }
    Ok(Loaded(loaded))
}

/// Loads the plugin in a file.
pub(crate) async fn load_one(runtime: &Runtime, file: &Path) -> Result<Plugin, Error> {
    runtime.load(file).await.map_err(|source| Error::Plugin {
        plugin: file.display().to_string(),
        source: Box::new(source),
    })
}

impl Loaded {
    /// Functions that were loaded before, by step.
    pub fn of(functions: BTreeMap<String, (Plugin, Function)>) -> Self {
        Self(functions)
    }

    /// Whether a function has to see all rows in one sandbox.
    pub fn keeps_state(&self) -> bool {
        self.0.values().any(|(_, function)| !function.stateless)
    }

    /// The plugins and their functions, by step.
    pub fn used(&self, job: &Job) -> Vec<PluginUsed> {
        let used = self.0.iter().filter_map(|(name, (plugin, function))| {
            let Some(Step::Plugin(step)) = job.steps.get(name) else {
                return None;
            };
            Some(PluginUsed {
                step: name.clone(),
                plugin: plugin.name().to_owned(),
                file: step.plugin.clone(),
                digest: plugin.digest().to_owned(),
                function: function.name.clone(),
            })
        });
        used.collect()
    }

    pub fn by_digest(&self) -> HashMap<String, Plugin> {
        let plugins = self.0.values();
        plugins
            .map(|(plugin, _)| (plugin.digest().to_owned(), plugin.clone()))
            .collect()
    }

    /// The plugin and function of a step.
    pub fn of_step(&self, step: &str) -> Result<&(Plugin, Function), Error> {
        let missing = || Error::Internal(format!("the plugin of the step {step} was not loaded"));
        self.0.get(step).ok_or_else(missing)
    }

    /// Opens the function of a step once, to learn its columns.
    pub async fn open(
        &self,
        name: &str,
        step: &PluginStep,
        input: &SchemaRef,
        run: &std::sync::Arc<Run>,
    ) -> Result<(Call, SchemaRef), Error> {
        let (plugin, function) = self.of_step(name)?;
        let call = Call {
            step: name.to_owned(),
            plugin: plugin.digest().to_owned(),
            function: function.name.clone(),
            config: step.config.to_string(),
            emits: step.emits.clone(),
            stateless: function.stateless,
        };
        let failed = |source| Error::Open {
            step: name.to_owned(),
            source: Box::new(source),
        };
        let mut sandbox = plugin.checkout(run).await.map_err(failed)?;
        let output = sandbox
            .open(&call.function, &call.config, input)
            .await
            .map_err(failed)?;
        let output = match step.emits {
            Emits::Rows => output,
            Emits::RejectedBy(_) => rejects::schema_of(input),
        };
        Ok((call, output))
    }
}

/// The function of this name, or the only one. `shown` is the plugin in messages.
pub(crate) fn choose<'a>(shown: &str, plugin: &'a Plugin, wanted: Option<&str>) -> Result<&'a Function, Error> {
    let functions = plugin.functions();
    let known = || functions.iter().map(|function| function.name.clone()).collect();
    let function = match (wanted, functions) {
        (Some(wanted), _) => functions
            .iter()
            .find(|function| function.name == wanted)
            .ok_or_else(|| Error::UnknownFunction {
                plugin: shown.to_owned(),
                function: wanted.to_owned(),
                known: known(),
            })?,
        (None, [only]) => only,
        (None, _) => {
            return Err(Error::ChooseFunction {
                plugin: shown.to_owned(),
                known: known(),
            });
        }
    };
    match function.shape {
        Shape::Batchwise => Ok(function),
        Shape::Scalar => Err(Error::Scalar {
            function: function.name.clone(),
        }),
    }
}
