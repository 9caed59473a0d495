//! A script, ready to be called.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rhai::{
    AST, Caches, Dynamic, Engine, EvalAltResult, EvalContext, GlobalRuntimeState, ImmutableString, Map, Module, Scope,
};
use tenon::{Error, Result, Schema};

use crate::config::Config;
use crate::engine;
use crate::fault::Source;
use crate::types;

/// What stands in for a script that is only looked at.
const PASSES: &str = "fn row(row) { row }";

/// Constants of a script, by their names.
type Constants = BTreeMap<ImmutableString, Dynamic>;

/// What a script's function is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Each row.
    Row,
    /// Each batch.
    Batch,
}

/// A script's text with the values of its constants.
pub struct Parsed {
    source: Source,
    ast: AST,
    form: Form,
    function: String,
    takes_config: bool,
    constants: Constants,
}

/// A script with what its functions are called in.
pub struct Script {
    source: Source,
    engine: Engine,
    function: String,
    config: Option<Dynamic>,
    global: GlobalRuntimeState,
    caches: Caches,
    scope: Scope<'static>,
}

/// Parses a script that is only looked at; in its place is one that passes rows as they are.
pub fn checked(config: Config) -> Result<Config> {
    let source = Source::new(config.file.clone(), config.script);
    let parsed = engine::engine().compile(source.text());
    parsed.map_err(|error| source.misspelled(&error))?;
    Ok(Config {
        script: PASSES.to_owned(),
        function: None,
        check: false,
        ..config
    })
}

impl Parsed {
    /// Parses a script and runs it, without its functions, for its constants.
    pub fn new(engine: &mut Engine, config: Config, input: &Schema) -> Result<Self> {
        let source = Source::new(config.file, config.script);
        let given = engine::map(&config.config);
        let mut scope = Scope::new();
        scope.push_constant("config", shared(given.into()));
        scope.push_constant("schema", shared(schema(input).into()));
        // Functions may name constants, and so the script is parsed again when these are known.
        engine.set_strict_variables(false);
        let ast = engine
            .compile(source.text())
            .map_err(|error| source.misspelled(&error))?;
        engine
            .run_ast_with_scope(&mut scope, &ast)
            .map_err(|error| source.failure(*error))?;
        let constants = constants(&scope);
        engine.set_strict_variables(true);
        let mut named = Scope::new();
        let mut module = Module::new();
        for (name, value) in &constants {
            named.push(name.as_str(), ());
            module.set_var(name.as_str(), value.clone());
        }
        let ast = engine
            .compile_with_scope(&named, source.text())
            .map_err(|error| source.misspelled(&error))?;
        engine.register_global_module(module.into());
        let (form, function, takes_config) = chosen(&ast, config.function.as_deref(), source.file())?;
        Ok(Self {
            source,
            ast,
            form,
            function,
            takes_config,
            constants,
        })
    }

    pub fn form(&self) -> Form {
        self.form
    }

    pub fn constant(&self, name: &str) -> Option<Dynamic> {
        self.constants.get(name).cloned().map(Dynamic::flatten)
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Readies it to be called.
    pub fn ready(self, engine: Engine) -> Script {
        let mut global = engine.new_global_runtime_state();
        global.lib.push(self.ast.shared_lib().clone());
        let config = self
            .takes_config
            .then(|| self.constants.get("config").cloned())
            .flatten();
        // For `global::NAME`.
        global.constants = Some(Rc::new(RefCell::new(self.constants)));
        Script {
            source: self.source,
            engine,
            function: self.function,
            config,
            global,
            caches: Caches::new(),
            scope: Scope::new(),
        }
    }
}

impl Script {
    /// Calls the function.
    pub fn call(&mut self, mut argument: Dynamic) -> std::result::Result<Dynamic, Box<EvalAltResult>> {
        let mut config = self.config.clone();
        let mut arguments = [&mut argument]
            .into_iter()
            .chain(&mut config)
            .collect::<rhai::FnArgsVec<_>>();
        let mut context = EvalContext::new(&self.engine, &mut self.global, &mut self.caches, &mut self.scope, None);
        let answer = context.call_fn_raw(&self.function, false, false, &mut arguments);
        answer.or_else(|error| {
            self.scope.clear();
            match *error {
                EvalAltResult::Exit(answer, _) => Ok(answer),
                error => Err(error.into()),
            }
        })
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// An error in what the function answered with.
    pub fn at_function(&self, error: Error) -> Error {
        let (file, function) = (self.source.file(), &self.function);
        error.within(format!("{file}, what `{function}` returned"))
    }
}

/// A value that is not copied where it is used, and can't be changed.
fn shared(value: Dynamic) -> Dynamic {
    value.into_read_only().into_shared()
}

fn schema(input: &Schema) -> Map {
    let columns = input.fields.iter();
    columns
        .map(|field| (field.name.as_str().into(), types::name(field).into()))
        .collect()
}

/// The constants of a scope.
fn constants(scope: &Scope<'_>) -> Constants {
    let mut constants = Constants::new();
    // From the last to the first, which it hides.
    for (name, is_constant, value) in scope.iter_raw() {
        let is_large = value.is_map() || value.is_array();
        let value = || {
            if is_large && !value.is_shared() {
                shared(value.clone())
            } else {
                value.clone()
            }
        };
        if is_constant {
            constants.entry(name.into()).or_insert_with(value);
        }
    }
    constants
}

/// The function to call: its form, its name, and whether it takes the configuration.
fn chosen(ast: &AST, wanted: Option<&str>, file: &str) -> Result<(Form, String, bool)> {
    let named = |name: &str| {
        ast.iter_functions()
            .find(|function| function.name == name && function.params.len() < 3)
    };
    let function = match wanted {
        Some(name) => named(name).ok_or_else(|| nameless(ast, &format!("{file} has no function `{name}`")))?,
        None => match (named("row"), named("batch")) {
            (Some(_), Some(_)) => {
                let message = format!("{file} has a function `row` and a function `batch`; say which with `function`");
                return Err(Error::bad_config(message));
            }
            (Some(row), None) => row,
            (None, Some(batch)) => batch,
            (None, None) => {
                return Err(nameless(
                    ast,
                    &format!("{file} has neither a function `row` nor a function `batch`"),
                ));
            }
        },
    };
    let name = function.name;
    let first = function.params.first().copied();
    let form = match (first, name) {
        (Some("row"), _) | (Some(_), "row") => Form::Row,
        (Some("batch"), _) | (Some(_), "batch") => Form::Batch,
        _ => {
            let message = format!(
                "{file}: function `{name}` must take `row` or `batch` first, to say what it is called with: fn {name}(row, config)"
            );
            return Err(Error::bad_config(message));
        }
    };
    Ok((form, name.to_owned(), function.params.len() == 2))
}

fn nameless(ast: &AST, message: &str) -> Error {
    let functions: Vec<_> = ast.iter_functions().map(|function| function.to_string()).collect();
    let there = match functions.as_slice() {
        [] => "it has none".to_owned(),
        functions => format!("it has {}", functions.join(", ")),
    };
    Error::bad_config(format!(
        "{message} of one or two parameters: fn row(row, config) or fn batch(batch, config); {there}"
    ))
}
