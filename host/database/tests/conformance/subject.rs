//! The databases that the suite is run against.

use std::any::Any;
use std::sync::Arc;

use tenon_database::{ConnectionConfig, Database, Driver, open};

/// A database, and what the cases need to know of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing that a database has or has not"
)]
pub(crate) struct Subject {
    pub name: &'static str,
    pub driver: Driver,
    pub url: String,
    /// Columns that a table may have.
    pub most_columns: usize,
    /// Whether names may have characters beyond the first 65,536, such as emoji.
    pub has_emoji: bool,
    /// Whether the driver tells the types that columns were declared with.
    pub tells_types: bool,
    /// Whether a table's types are more than advice, so that columns of another type are refused.
    pub has_types: bool,
    /// Whether dates and times are compared in the database; where they are texts they are not.
    pub compares_moments: bool,
    /// Whether bytes of several lengths are written; where a driver would pad them they are refused.
    pub exact_bytes: bool,
    /// Whether all digits of floating-point numbers are read.
    pub exact_floats: bool,
    /// Whether it is known that a run is dead; where it is not, what it has left is swept after a day.
    pub knows_dead_runs: bool,
    /// Whether parts that are read side by side see the same moment.
    pub shares_snapshot: bool,
    /// Runs SQL by other means than the driver.
    pub run: Box<dyn Fn(&str)>,
    /// How many staging tables there are.
    pub leftovers: Box<dyn Fn() -> usize>,
    /// The server or the folder, which lives as long as this.
    #[allow(dead_code, reason = "it is only held")]
    pub held: Arc<dyn Any>,
}

impl Subject {
    /// The database, as another process would open it.
    pub fn database(&self) -> Arc<dyn Database> {
        open(self.driver, &ConnectionConfig::new(self.url.clone())).unwrap()
    }

    /// A name as it may be here.
    pub fn name_of(&self, name: &str) -> String {
        let may_be = |character: &char| self.has_emoji || *character <= '\u{ffff}';
        let name: String = name.chars().filter(may_be).collect();
        name.trim_end().to_owned()
    }

    /// Says that a case, or a part of it, is not for this database, and why.
    pub fn lacks(&self, what: &str) {
        println!("{}: not so here, {what}", self.name);
    }

    /// Runs SQL by other means than the driver.
    pub fn run(&self, sql: &str) {
        (self.run)(sql);
    }

    /// How many staging tables there are.
    pub fn leftovers(&self) -> usize {
        (self.leftovers)()
    }
}
