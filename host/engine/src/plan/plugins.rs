//! Loads the plugins of a job and finds their functions.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use tenon_runtime::{Function, Plugin, Run, Runtime, Shape};

use crate::error::Error;
use crate::job::Job;
use crate::node::{Call, Passage};
use crate::rejects;
use crate::report::PluginUsed;
use crate::scalar::Functions;
use crate::step::{Emits, PluginStep, Step};

/// The plugins of a job.
pub(crate) struct Loaded {
    /// Plugins and functions by step.
    steps: BTreeMap<String, (Plugin, Function)>,
    /// What queries may call.
    pub functions: Functions,
}

/// Loads each plugin once.
pub(super) async fn load(runtime: &Runtime, job: &Job) -> Result<Loaded, Error> {
    let mut files = Files {
        runtime,
        job,
        loaded: HashMap::new(),
    };
    let mut steps = BTreeMap::new();
    for (name, step) in &job.steps {
        let Step::Plugin(step) = step else { continue };
        let plugin = files.load(&step.plugin).await?;
        let function = choose(&job.shown(&step.plugin), &plugin, step.function.as_deref())?.clone();
        batchwise(&function)?;
        steps.insert(name.clone(), (plugin, function));
    }
    let functions = functions_of(&mut files).await?;
    Ok(Loaded { steps, functions })
}

/// Refuses a function that no step can call.
pub(crate) fn batchwise(function: &Function) -> Result<(), Error> {
    match function.shape {
        Shape::Batchwise => Ok(()),
        Shape::Scalar => Err(Error::Scalar {
            function: function.name.clone(),
        }),
    }
}

/// What a job's queries may call.
pub(crate) async fn functions(runtime: &Runtime, job: &Job) -> Result<Functions, Error> {
    let mut files = Files {
        runtime,
        job,
        loaded: HashMap::new(),
    };
    functions_of(&mut files).await
}

async fn functions_of(files: &mut Files<'_>) -> Result<Functions, Error> {
    let job = files.job;
    let mut functions = Functions::default();
    for (name, wanted) in &job.functions {
        let plugin = files.load(&wanted.plugin).await?;
        let of_that_name = plugin.functions().iter().find(|function| function.name == *name);
        let chosen = match (&wanted.function, of_that_name) {
            (None, Some(function)) => function,
            (chosen, _) => choose(&job.shown(&wanted.plugin), &plugin, chosen.as_deref())?,
        };
        let chosen = chosen.clone();
        functions.add(name, wanted, plugin, chosen)?;
    }
    Ok(functions)
}

struct Files<'a> {
    runtime: &'a Runtime,
    job: &'a Job,
    loaded: HashMap<&'a Path, Plugin>,
}

impl<'a> Files<'a> {
    async fn load(&mut self, file: &'a Path) -> Result<Plugin, Error> {
        if let Some(plugin) = self.loaded.get(file) {
            return Ok(plugin.clone());
        }
        let plugin = load_as(self.runtime, file, self.job.shown(file)).await?;
        self.loaded.insert(file, plugin.clone());
        Ok(plugin)
    }
}

/// Loads the plugin in a file.
pub(crate) async fn load_one(runtime: &Runtime, file: &Path) -> Result<Plugin, Error> {
    load_as(runtime, file, file.display().to_string()).await
}

/// Loads it under the name that messages call it by.
async fn load_as(runtime: &Runtime, file: &Path, named: String) -> Result<Plugin, Error> {
    runtime.load(file).await.map_err(|source| Error::Plugin {
        plugin: named,
        source: Box::new(source),
    })
}

impl Loaded {
    /// Functions that were loaded before, by step.
    pub fn of(steps: BTreeMap<String, (Plugin, Function)>, functions: Functions) -> Self {
        Self { steps, functions }
    }

    /// Whether a function has to see all rows in one sandbox.
    pub fn keeps_state(&self) -> bool {
        self.steps.values().any(|(_, function)| !function.stateless)
    }

    /// Whether this step's function has to.
    pub fn is_stateful(&self, step: &str) -> bool {
        self.steps.get(step).is_some_and(|(_, function)| !function.stateless)
    }

    /// The plugins and their functions, by step.
    pub fn used(&self, job: &Job) -> Vec<PluginUsed> {
        let used = self.steps.iter().filter_map(|(name, (plugin, function))| {
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
        let plugins = self.steps.values().map(|(plugin, _)| plugin);
        plugins
            .chain(self.functions.plugins())
            .map(|plugin| (plugin.digest().to_owned(), plugin.clone()))
            .collect()
    }

    /// The plugin and function of a step.
    pub fn of_step(&self, step: &str) -> Result<&(Plugin, Function), Error> {
        let missing = || Error::Internal(format!("the plugin of the step {step} was not loaded"));
        self.steps.get(step).ok_or_else(missing)
    }

    /// Opens the function of a step once, to learn its columns, and again without those that it says it does not read, to
    /// learn which of them pass by it. `keeps_rejects` says whether what it rejects matters to anybody.
    pub async fn open(
        &self,
        name: &str,
        step: &PluginStep,
        input: &SchemaRef,
        run: &Arc<Run>,
        keeps_rejects: bool,
    ) -> Result<Opened, Error> {
        let (plugin, function) = self.of_step(name)?;
        let mut call = Call {
            step: name.to_owned(),
            plugin: plugin.digest().to_owned(),
            function: function.name.clone(),
            config: step.config.to_string(),
            emits: step.emits.clone(),
            stateless: function.stateless,
            memory: 0,
        };
        let failed = |source| Error::Open {
            step: name.to_owned(),
            source: Box::new(source),
        };
        let mut sandbox = plugin.checkout(run).await.map_err(failed)?;
        sandbox.work_for(name);
        let output = sandbox
            .open(&call.function, &call.config, input)
            .await
            .map_err(failed)?;
        call.memory = sandbox.statistics().memory;
        drop(sandbox);
        if let Emits::RejectedBy(_) = step.emits {
            return Ok(Opened {
                call,
                output: rejects::schema_of(input),
                passage: Passage::default(),
            });
        }
        let mut passage = Passage::default();
        if let Some(reads) = function.reads.as_ref().filter(|_| function.stateless)
            && let Some(narrow) = without_unread(input, reads)
        {
            let mut sandbox = plugin.checkout(run).await.map_err(failed)?;
            sandbox.work_for(name);
            // A function that fails without the columns that it doesn't read does read them.
            if let Ok(made) = sandbox.open(&call.function, &call.config, &narrow).await {
                passage = Passage::between(input, reads, &output, &made, !keeps_rejects);
            }
        }
        Ok(Opened { call, output, passage })
    }
}

/// What is known of a step's function once it was open.
pub(crate) struct Opened {
    pub call: Call,
    pub output: SchemaRef,
    pub passage: Passage,
}

/// The columns that are read, where there are others.
fn without_unread(input: &SchemaRef, reads: &[String]) -> Option<SchemaRef> {
    let fields = input.fields().iter().filter(|field| reads.contains(field.name()));
    let fields: Vec<Arc<Field>> = fields.cloned().collect();
    (fields.len() < input.fields().len()).then(|| Arc::new(Schema::new_with_metadata(fields, input.metadata().clone())))
}

/// The function that is wanted, or the only one. `named` is what messages call the plugin.
pub(crate) fn choose<'a>(named: &str, plugin: &'a Plugin, wanted: Option<&str>) -> Result<&'a Function, Error> {
    let functions = plugin.functions();
    let known = || functions.iter().map(|function| function.name.clone()).collect();
    match (wanted, functions) {
        (Some(wanted), _) => functions
            .iter()
            .find(|function| function.name == wanted)
            .ok_or_else(|| Error::UnknownFunction {
                plugin: named.to_owned(),
                function: wanted.to_owned(),
                known: known(),
            }),
        (None, [only]) => Ok(only),
        (None, _) => Err(Error::ChooseFunction {
            plugin: named.to_owned(),
            known: known(),
        }),
    }
}
