//! Jobs that a component drives itself: it reads, transforms and writes through frames, which are planned and run here.

mod again;
mod attempt;
mod fault;
mod frame;
mod grants;
mod pipeline;
mod places;
mod query;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) use attempt::{Attempt, attempt};
pub use places::Place;
use tenon_database::{ConnectionConfig, Driver};

/// A component that drives a job through its own `job` interface, and what it may use besides the job's own sources.
///
/// What it writes becomes visible when it has ended well, all at once: a script that fails, is stopped or is tried again
/// has written nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// The component's file.
    pub component: PathBuf,
    /// Plugins whose functions it may apply, by the name that it uses. Any other name stands for a file `NAME.wasm` beside
    /// the component.
    pub plugins: BTreeMap<String, PathBuf>,
    /// Where it may read and write; nowhere by default.
    pub places: Vec<Place>,
    /// Databases that it may read and write, by the name of their connection; none by default.
    pub connections: BTreeMap<String, (Driver, ConnectionConfig)>,
    /// Where its relative paths begin; the working folder by default.
    pub folder: Option<PathBuf>,
    /// Whether it is somebody's who may not reach all that this machine can, as a server's tenant: the stores of what it
    /// reads and writes by URL are confined then, so that no link in its places leads out of them. False by default.
    pub confined: bool,
}

impl Script {
    /// A script that may use nothing but what the job names.
    pub fn new(component: impl Into<PathBuf>) -> Self {
        Self {
            component: component.into(),
            plugins: BTreeMap::new(),
            places: Vec::new(),
            connections: BTreeMap::new(),
            folder: None,
            confined: false,
        }
    }
}
