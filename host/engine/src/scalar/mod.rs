//! Functions of plugins in SQL: planned as functions, then taken out of the expressions and run by an operator of their
//! own, in sandboxes, where they can be cancelled and measured like steps.

mod exec;
mod extract;
mod node;
mod placeholder;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;
use parking_lot::Mutex;
use tenon_runtime::{Function, Plugin, Run, Shape};

use crate::error::Error;
use crate::function::{OnRefusal, ScalarFunction};

pub(crate) use exec::{PlannedCall, ScalarExec};
pub(crate) use extract::extract;
pub(crate) use node::{ScalarCall, ScalarNode};
use placeholder::Placeholder;

/// The functions that the queries of a job may call.
#[derive(Default, Clone)]
pub(crate) struct Functions(BTreeMap<String, Arc<Known>>);

/// A function, and what it makes of the types that it is called with.
#[derive(Debug)]
struct Known {
    name: String,
    plugin: Plugin,
    /// The plugin's file.
    file: PathBuf,
    function: Function,
    /// JSON.
    config: String,
    on_refusal: OnRefusal,
    types: Mutex<Types>,
}

#[derive(Debug, Default)]
struct Types {
    opened: HashMap<Vec<DataType>, Arc<Opened>>,
    /// Types that a plan has come across and that the function has not been asked about.
    unknown: Vec<Vec<DataType>>,
}

/// A function that was opened with certain types.
#[derive(Debug)]
struct Opened {
    /// Its input, as it was opened with.
    arguments: SchemaRef,
    /// The column that it announced.
    output: FieldRef,
    /// What a sandbox takes then, in bytes.
    memory: usize,
}

impl Functions {
    /// Adds a function.
    pub fn add(
        &mut self,
        name: &str,
        wanted: &ScalarFunction,
        plugin: Plugin,
        function: Function,
    ) -> Result<(), Error> {
        let names = || (name.to_owned(), function.name.clone());
        if function.shape == Shape::Batchwise {
            let (name, function) = names();
            return Err(Error::Batchwise { name, function });
        }
        if !function.stateless {
            let (name, function) = names();
            return Err(Error::KeepsState { name, function });
        }
        let known = Known {
            name: name.to_owned(),
            plugin,
            file: wanted.plugin.clone(),
            function,
            config: wanted.config.to_string(),
            on_refusal: wanted.on_error,
            types: Mutex::default(),
        };
        self.0.insert(name.to_owned(), Arc::new(known));
        Ok(())
    }

    /// The plugins that they are of.
    pub fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        self.0.values().map(|known| &known.plugin)
    }

    /// Makes them known to the planner.
    pub fn register(&self, session: &SessionContext) -> Result<(), Error> {
        for (name, known) in &self.0 {
            let state = session.state();
            let lower = name.to_lowercase();
            let is_taken = state.scalar_functions().contains_key(&lower)
                || state.aggregate_functions().contains_key(&lower)
                || state.window_functions().contains_key(&lower);
            if is_taken {
                return Err(Error::FunctionTaken { name: name.clone() });
            }
            session.register_udf(ScalarUDF::from(Placeholder::new(Arc::clone(known))));
        }
        Ok(())
    }

    /// Asks functions about the types that plans have come across. Says whether there were any: then what was planned
    /// before may be planned now.
    pub async fn learn(&self, run: &Arc<Run>) -> Result<bool, Error> {
        let mut learned = false;
        for known in self.0.values() {
            let unknown = std::mem::take(&mut known.types.lock().unknown);
            for types in unknown {
                let opened = known.open(&types, run).await?;
                known.types.lock().opened.insert(types, Arc::new(opened));
                learned = true;
            }
        }
        Ok(learned)
    }
}

impl Known {
    async fn open(&self, types: &[DataType], run: &Arc<Run>) -> Result<Opened, Error> {
        if let Some(expected) = &self.function.reads
            && expected.len() != types.len()
        {
            return Err(Error::Arguments {
                name: self.name.clone(),
                expected: expected.clone(),
                found: types.len(),
            });
        }
        let name = |at: usize| match &self.function.reads {
            Some(reads) => reads[at].clone(),
            None => format!("arg_{}", at + 1),
        };
        let fields = types.iter().enumerate();
        let fields = fields.map(|(at, data_type)| Field::new(name(at), data_type.clone(), true));
        let arguments: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let failed = |source| Error::FunctionTypes {
            name: self.name.clone(),
            types: shown(&arguments),
            source: Box::new(source),
        };
        let mut sandbox = self.plugin.checkout(run).await.map_err(failed)?;
        let announced = sandbox.open(&self.function.name, &self.config, &arguments).await;
        let announced = announced.map_err(failed)?;
        let memory = sandbox.statistics().memory;
        match announced.fields().as_ref() {
            [output] => Ok(Opened {
                output: Arc::clone(output),
                arguments,
                memory,
            }),
            other => Err(Error::NotOneColumn {
                name: self.name.clone(),
                found: other.len(),
            }),
        }
    }
}

fn shown(arguments: &Schema) -> String {
    let fields = arguments.fields().iter();
    let fields: Vec<String> = fields
        .map(|field| format!("{}: {}", field.name(), field.data_type()))
        .collect();
    fields.join(", ")
}
