//! The functions of a component, and the one that is open in this sandbox.

use std::any::TypeId;
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use schemars::JsonSchema;
use serde_json::Value;

use crate::batch::Batch;
use crate::boundary::Handle;
use crate::config::{self, Held};
use crate::error::{Error, Result};
use crate::reject;
use crate::schema::Schema;
use crate::transform::{IntoBatches, Transform};

/// One function, as the attribute macro describes it.
pub struct Function {
    /// Name by which jobs call it.
    pub name: &'static str,
    /// The type of the Rust function or transform.
    pub id: TypeId,
    /// Its doc comment.
    pub doc: &'static str,
    /// One value per row, usable in SQL.
    pub scalar: bool,
    /// Whether batches may go to several sandboxes in any order.
    pub stateless: bool,
    /// Columns that it reads, where it says so.
    pub reads: Option<&'static [&'static str]>,
    /// JSON Schema of its configuration.
    pub config: fn() -> String,
    /// Starts it.
    pub open: fn(Value, &Rc<Schema>) -> Result<Opened>,
}

inventory::collect!(Function);

/// The type of a Rust function, which has no name in Rust.
pub const fn id_of<F: 'static>(_: &F) -> TypeId {
    TypeId::of::<F>()
}

/// A function that has been started.
pub struct Opened {
    running: Box<dyn Running>,
    output: Schema,
}

/// Something that takes batches.
trait Running {
    fn process(&mut self, batch: Batch) -> Result<Vec<Batch>>;
    fn finish(&mut self) -> Result<Vec<Batch>>;
}

/// What came of one call.
pub(crate) struct Output {
    pub(crate) batches: Vec<Batch>,
    pub(crate) rejected: Vec<(u32, Cow<'static, str>)>,
}

/// How a plain function is called: its batch and the configuration as it is held.
pub type Call<H> = fn(Batch, &H) -> Result<Vec<Batch>>;

/// Starts a plain function. Its output's schema is what it makes of a batch without rows.
///
/// # Errors
/// `bad-config` if the configuration doesn't fit; else what the function fails with.
pub fn open_function<H: Held>(config: Value, input: &Rc<Schema>, call: Call<H>) -> Result<Opened> {
    start(
        Box::new(Plain {
            config: H::hold(config)?,
            call,
        }),
        input,
    )
}

/// The part that is the same for all functions, and so only once in a component.
fn start(mut running: Box<dyn Running>, input: &Rc<Schema>) -> Result<Opened> {
    reject::begin(None);
    let batches = running.process(Batch::empty(input)?);
    reject::take();
    let output = batches?
        .first()
        .map_or_else(|| Schema::clone(input), |batch| batch.schema().clone());
    Ok(Opened { running, output })
}

/// Starts a stateful function.
///
/// # Errors
/// As [`open_function`].
#[expect(clippy::needless_pass_by_value, reason = "has the type of `Function::open`")]
pub fn open_transform<T: Transform>(config: Value, input: &Rc<Schema>) -> Result<Opened> {
    let transform = T::open(config::fit(&config)?, input)?;
    let output = transform.output_schema(input)?;
    Ok(Opened {
        running: Box::new(Stateful(transform)),
        output,
    })
}

/// The JSON Schema of a configuration.
pub fn schema_of<C: JsonSchema>() -> String {
    config::schema_of::<C>()
}

struct Plain<H> {
    config: H,
    call: Call<H>,
}

impl<H: Held> Running for Plain<H> {
    fn process(&mut self, batch: Batch) -> Result<Vec<Batch>> {
        (self.call)(batch, &self.config)
    }

    fn finish(&mut self) -> Result<Vec<Batch>> {
        Ok(Vec::new())
    }
}

struct Stateful<T>(T);

impl<T: Transform> Running for Stateful<T> {
    fn process(&mut self, batch: Batch) -> Result<Vec<Batch>> {
        self.0.process(batch).into_batches()
    }

    fn finish(&mut self) -> Result<Vec<Batch>> {
        self.0.finish().into_batches()
    }
}

/// All functions of this component, by name.
pub(crate) fn all() -> Vec<&'static Function> {
    // Sorting by hand: the standard library's sort would be 5 KB of every component.
    let mut functions: Vec<&'static Function> = Vec::new();
    for function in inventory::iter::<Function> {
        let position = functions
            .iter()
            .position(|other| other.name > function.name)
            .unwrap_or(functions.len());
        functions.insert(position, function);
    }
    functions
}

/// One function of this component, bound to its configuration and input.
pub(crate) struct Session {
    function: &'static Function,
    input: Rc<Schema>,
    opened: Opened,
}

impl Session {
    pub(crate) fn open(name: &str, config: &str, input: Schema) -> Result<Self> {
        let functions = all();
        let Some(function) = functions.iter().find(|function| function.name == name) else {
            let names: Vec<_> = functions.iter().map(|function| function.name).collect();
            let names = names.join(", ");
            return Err(Error::bad_config(format!(
                "there is no function `{name}`; the functions are {names}"
            )));
        };
        for column in function.reads.unwrap_or_default() {
            input
                .position(column)
                .map_err(|error| error.within(format!("function `{name}`")))?;
        }
        let input = Rc::new(input);
        let opened = (function.open)(config::parse(config)?, &input)?;
        if function.scalar && opened.output.fields.len() != 1 {
            let count = opened.output.fields.len();
            let message = format!("scalar function `{name}` must answer with one column, not {count}");
            return Err(Error::bad_config(message));
        }
        Ok(Self {
            function,
            input,
            opened,
        })
    }

    pub(crate) fn output(&self) -> &Schema {
        &self.opened.output
    }

    pub(crate) fn process(&mut self, batch: Handle) -> Result<Output> {
        let batch = Batch::known(batch, self.input.clone());
        // Asking for the rows is a call to the host.
        let expected = self.function.scalar.then(|| batch.rows());
        reject::begin(Some(&batch));
        let output = output_of(self.opened.running.process(batch))?;
        if let Some(rows) = expected
            && (output.batches.len() != 1 || output.batches[0].rows() != rows)
        {
            let found: usize = output.batches.iter().map(Batch::rows).sum();
            let name = self.function.name;
            return Err(Error::bad_data(format!(
                "scalar function `{name}` made {found} values for {rows} rows"
            )));
        }
        Ok(output)
    }

    pub(crate) fn finish(&mut self) -> Result<Output> {
        reject::begin(None);
        output_of(self.opened.running.finish())
    }
}

/// What was rejected belongs to this call, also if it failed.
fn output_of(batches: Result<Vec<Batch>>) -> Result<Output> {
    let rejected = reject::take();
    Ok(Output {
        batches: batches?,
        rejected,
    })
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Opens the session of this sandbox.
#[cfg_attr(
    not(target_family = "wasm"),
    expect(dead_code, reason = "tests hold their sessions themselves")
)]
pub(crate) fn open_session(name: &str, config: &str, input: Schema) -> Result<Schema> {
    let session = Session::open(name, config, input)?;
    let output = session.output().clone();
    SESSION.set(Some(session));
    Ok(output)
}

/// Calls the session of this sandbox.
#[cfg_attr(
    not(target_family = "wasm"),
    expect(dead_code, reason = "tests hold their sessions themselves")
)]
pub(crate) fn in_session<R>(call: impl FnOnce(&mut Session) -> Result<R>) -> Result<R> {
    SESSION.with_borrow_mut(|session| match session {
        Some(session) => call(session),
        None => Err(Error::internal("no function is open")),
    })
}
