//! All chosen tables of a database, in one job.

use std::collections::{BTreeMap, HashMap};

use tenon_database::{Mode, TableName};

use crate::folder::Folders;
use crate::{Column, Endpoint, Error, Flow, Format, Job, Source, Table, Target, TargetFiles, TargetTable};

/// A copy of tables of a database.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// The job's name.
    pub name: String,
    /// Where the tables are.
    pub source: Endpoint,
    /// Where they go.
    pub target: CopyTarget,
}

/// Where tables are copied to.
#[derive(Debug, Clone, PartialEq)]
pub enum CopyTarget {
    /// A folder with a folder for each table: `lake/sales/orders/`.
    Folder {
        /// The folder, as it is to stand in the job file: `${env:NAME}` in it is a reference.
        url: String,
        /// The format of the files.
        format: Format,
        /// What to do with data that are there.
        mode: Mode,
    },
    /// A database, with a table for each.
    Database {
        /// The database.
        at: Endpoint,
        /// The schema of the tables; the connection's own by default.
        schema: Option<String>,
        /// What to do with rows that are there.
        mode: Mode,
        /// The columns of those of [`Copy::targets`] that are there.
        existing: BTreeMap<TableName, Vec<Column>>,
    },
}

impl CopyTarget {
    /// A folder of Parquet files, which a copy replaces.
    pub fn folder(url: impl Into<String>) -> Self {
        Self::Folder {
            url: url.into(),
            format: Format::Parquet,
            mode: Mode::Overwrite,
        }
    }

    /// A database, in which a copy makes tables or replaces their rows.
    pub fn database(at: Endpoint) -> Self {
        Self::Database {
            at,
            schema: None,
            mode: Mode::Overwrite,
            existing: BTreeMap::new(),
        }
    }
}

impl Copy {
    /// A copy.
    pub fn new(name: impl Into<String>, source: Endpoint, target: CopyTarget) -> Self {
        Self {
            name: name.into(),
            source,
            target,
        }
    }

    /// The tables that these go to, in their order; none for a folder. Those of one name in several schemas get names with
    /// the schema.
    pub fn targets(&self, tables: &[TableName]) -> Vec<TableName> {
        let CopyTarget::Database { schema, .. } = &self.target else {
            return Vec::new();
        };
        let mut uses: HashMap<String, usize> = HashMap::new();
        for table in tables {
            *uses.entry(table.table.to_lowercase()).or_default() += 1;
        }
        let mut taken = std::collections::HashSet::new();
        let target = |name: &TableName| {
            let is_alone = uses.get(&name.table.to_lowercase()) == Some(&1);
            let plain = match &name.schema {
                Some(schema) if !is_alone => format!("{schema}_{}", name.table),
                _ => name.table.clone(),
            };
            let numbered = (2_usize..).map(|number| format!("{plain}_{number}"));
            let mut candidates = std::iter::once(plain.clone()).chain(numbered);
            let free = candidates.find(|candidate| taken.insert(candidate.to_lowercase()));
            TableName::new(schema.as_deref(), &free.unwrap_or(plain))
        };
        tables.iter().map(target).collect()
    }

    /// The job. Tables without columns are left out, which the job file says.
    ///
    /// # Errors
    /// [`Error::NoTables`] if there is nothing to copy.
    pub fn job(&self, tables: Vec<Table>) -> Result<Job, Error> {
        let (tables, empty): (Vec<Table>, Vec<Table>) = tables.into_iter().partition(|table| !table.columns.is_empty());
        if tables.is_empty() {
            return Err(Error::NoTables);
        }
        let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
        let mut targets = self.targets(&names).into_iter();
        let mut folders = Folders::default();
        let flow = |table: Table| {
            let target = match &self.target {
                CopyTarget::Folder { url, format, mode } => Target::Files(TargetFiles {
                    url: inside(url, &folders.take(table.name.schema.as_deref(), &table.name.table)),
                    format: Some(*format),
                    partition_by: Vec::new(),
                    mode: *mode,
                }),
                CopyTarget::Database { at, mode, existing, .. } => {
                    let name = targets.next().unwrap_or_else(|| table.name.clone());
                    Target::Table(TargetTable {
                        at: at.clone(),
                        columns: existing.get(&name).cloned(),
                        name,
                        mode: *mode,
                        keys: Vec::new(),
                    })
                }
            };
            let at = self.source.clone();
            let source = Source::Table { at, table };
            Flow { source, target }
        };
        let flows = tables.into_iter().map(flow).collect();
        let remarks = empty
            .iter()
            .map(|table| format!("left out, since it has no columns: {}", table.name));
        Ok(Job {
            remarks: remarks.collect(),
            ..Job::new(self.name.clone(), flows)
        })
    }
}

/// A folder within another.
fn inside(url: &str, folder: &str) -> String {
    match url {
        "" => format!("./{folder}"),
        url if url.ends_with(['/', '\\']) => format!("{url}{folder}"),
        url => format!("{url}/{folder}"),
    }
}
