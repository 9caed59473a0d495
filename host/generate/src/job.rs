//! The text of a job file.

use std::fmt::Write as _;

use tenon_database::Mode;

use crate::comment;
use crate::declared::declared;
use crate::identifier::Names;
use crate::incremental::{Incremental, incremental};
use crate::mapping::Mapping;
use crate::toml::{self, Line};
use crate::{Error, Flow, Source, Table, Target, TargetFiles, TargetTable};

/// Sources, steps and sinks of a job, each, at most.
const MOST_FLOWS: usize = 1_000;
/// Bytes of a job file at most.
const MOST_BYTES: usize = 4 << 20;
/// Values of a job file at most.
const MOST_VALUES: usize = 100_000;
/// Values of a flow beside its columns, at most.
const VALUES_OF_A_FLOW: usize = 30;
/// Characters of a job's name at most.
const LONGEST_NAME: usize = 128;

/// A job that takes sources to targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name, in reports and in the history.
    pub name: String,
    /// What goes where.
    pub flows: Vec<Flow>,
    /// What the file says of what it leaves out.
    pub remarks: Vec<String>,
}

/// What a step of a generated job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepForm<'f> {
    /// The columns, in SQL.
    Select,
    /// A function of the plugin in the job's folder.
    Function(&'f str),
}

impl Job {
    /// A job of one flow or several.
    pub fn new(name: impl Into<String>, flows: Vec<Flow>) -> Self {
        Self {
            name: name.into(),
            flows,
            remarks: Vec::new(),
        }
    }

    /// The job file: TOML, with every column of every target written out.
    ///
    /// # Errors
    /// Where a password would be written, a mode or a key makes no sense, or the file would be larger than job files may be.
    pub fn text(&self) -> Result<String, Error> {
        let head = "Generated from what the source says of itself, and yours to edit.\n\
                    Every column is a line of SQL: `id`, `a as b`, `a * 2 as b`, `cast(a as bigint) as a`.";
        self.write(head, StepForm::Select)
    }

    pub(crate) fn write(&self, head: &str, form: StepForm<'_>) -> Result<String, Error> {
        match self.flows.len() {
            0 => return Err(Error::NoTables),
            tables if tables > MOST_FLOWS => {
                return Err(Error::TooManyTables {
                    tables,
                    most: MOST_FLOWS,
                });
            }
            _ => {}
        }
        let mut writer = Writer::default();
        for line in head.lines() {
            writer.line(&Line::comment(line));
        }
        for remark in &self.remarks {
            writer.line(&Line::comment(remark));
        }
        writer.line(&Line::text("name", &name(&self.name)));
        let mut names = JobNames::of(&self.flows);
        for flow in &self.flows {
            writer.flow(flow, &names.next(flow), form)?;
        }
        writer.finish()
    }
}

/// What a flow's parts are called.
struct FlowNames {
    source: String,
    step: String,
    sink: String,
}

/// The names that are taken.
struct JobNames {
    rows: Names,
    sinks: Names,
    with_schema: bool,
}

impl JobNames {
    fn of(flows: &[Flow]) -> Self {
        let mut schemas = flows.iter().map(|flow| flow.source.schema());
        let first = schemas.next();
        Self {
            rows: Names::default(),
            sinks: Names::default(),
            with_schema: schemas.any(|schema| Some(schema) != first),
        }
    }

    fn next(&mut self, flow: &Flow) -> FlowNames {
        let word = match flow.source.schema() {
            Some(schema) if self.with_schema => format!("{schema}_{}", flow.source.word()),
            _ => flow.source.word().to_owned(),
        };
        let (source, step) = self.rows.take_pair(&word);
        let sink = self.sinks.take(&source);
        FlowNames { source, step, sink }
    }
}

#[derive(Default)]
struct Writer {
    text: String,
    values: usize,
}

impl Writer {
    fn line(&mut self, line: &Line) {
        self.text.push_str(line.as_str());
        self.text.push('\n');
    }

    fn lines(&mut self, lines: &[Line]) {
        for line in lines {
            self.line(line);
        }
    }

    fn header(&mut self, section: &str, name: &str) {
        writeln!(self.text, "[{section}.{name}]").expect("a String takes all text");
    }

    fn flow(&mut self, flow: &Flow, names: &FlowNames, form: StepForm<'_>) -> Result<(), Error> {
        let mapping = Mapping::of(flow)?;
        self.values += mapping.lines.len() + VALUES_OF_A_FLOW;
        let hint = match &flow.source {
            Source::Table { table, .. } => incremental(table),
            Source::Files(_) => None,
        };
        let hint = hint.filter(|_| mode(&flow.target) != Mode::Ignore);
        self.text.push('\n');
        self.source(flow, names, hint.as_ref())?;
        self.text.push('\n');
        self.step(flow, names, &mapping, form);
        self.text.push('\n');
        self.sink(flow, names, hint.as_ref())
    }

    fn source(&mut self, flow: &Flow, names: &FlowNames, hint: Option<&Incremental<'_>>) -> Result<(), Error> {
        match &flow.source {
            Source::Table { at, table } => {
                self.line(&Line::comment(&about(table)));
                self.header("sources", &names.source);
                self.lines(&at.lines()?);
                self.line(&Line::text("table", &table.name.to_string()));
                if let Some(hint) = hint {
                    self.lines(&incremental_lines(hint));
                }
            }
            Source::Files(files) => {
                self.header("sources", &names.source);
                self.line(&Line::reference("url", &files.url));
            }
        }
        Ok(())
    }

    fn step(&mut self, flow: &Flow, names: &FlowNames, mapping: &Mapping, form: StepForm<'_>) {
        self.header("steps", &names.step);
        self.line(&Line::text("from", &names.source));
        match form {
            StepForm::Select => {
                let list = mapping.list("  ", "#", toml::plain);
                write!(self.text, "select = [\n{list}]\n").expect("a String takes all text");
            }
            StepForm::Function(function) => {
                self.line(&Line::text("plugin", ".").with("this folder's project, which is built first"));
                self.line(&Line::text("function", function));
                if !mapping.unread.is_empty() {
                    let columns = flow.source.columns().iter().map(|column| column.name.as_str());
                    let read: Vec<&str> = columns.filter(|column| !mapping.unread.contains(*column)).collect();
                    self.values += read.len();
                    self.line(&Line::list("reads", &read));
                }
            }
        }
    }

    fn sink(&mut self, flow: &Flow, names: &FlowNames, hint: Option<&Incremental<'_>>) -> Result<(), Error> {
        self.header("sinks", &names.sink);
        self.line(&Line::text("from", &names.step));
        match &flow.target {
            Target::Files(files) => self.files(files, hint),
            Target::Table(table) => self.table(flow, table, &names.sink, hint),
        }
    }

    fn files(&mut self, files: &TargetFiles, hint: Option<&Incremental<'_>>) -> Result<(), Error> {
        if files.mode == Mode::Upsert {
            return Err(Error::UpsertOfFiles);
        }
        self.line(&Line::reference("url", &files.url));
        if let Some(format) = files.format {
            self.line(&Line::text("format", format.name()));
        }
        if !files.partition_by.is_empty() {
            self.line(&Line::list("partition_by", &files.partition_by));
        }
        self.line(&mode_line(files.mode));
        if let Some(hint) = hint.filter(|_| files.mode != Mode::Append) {
            let twice = if hint.has_changes {
                "; a row that was changed is then there twice"
            } else {
                ""
            };
            self.line(&other_mode(Mode::Append, twice));
        }
        Ok(())
    }

    fn table(
        &mut self,
        flow: &Flow,
        table: &TargetTable,
        sink: &str,
        hint: Option<&Incremental<'_>>,
    ) -> Result<(), Error> {
        let keys = flow.keys()?;
        self.check_keys(flow, table, &keys)?;
        self.lines(&table.at.lines()?);
        self.line(&Line::text("table", &table.name.to_string()));
        self.line(&mode_line(table.mode));
        if let Some(hint) = hint.filter(|_| !matches!(table.mode, Mode::Append | Mode::Upsert)) {
            let has_keys = !keys.is_empty() || table.columns.is_some();
            let mode = if hint.has_changes && has_keys {
                Mode::Upsert
            } else {
                Mode::Append
            };
            self.line(&other_mode(mode, ""));
        }
        if !keys.is_empty() {
            self.line(&Line::list("keys", &keys));
        }
        let types = declared(&flow.source, table);
        if !types.is_empty() {
            self.values += types.len();
            self.types(sink, &types);
        }
        Ok(())
    }

    /// A few types in a line, more in a table of their own.
    fn types(&mut self, sink: &str, types: &[(String, String)]) {
        const FEW: usize = 3;
        if types.len() <= FEW {
            self.line(&Line::table("types", types));
            return;
        }
        self.text.push('\n');
        self.header("sinks", &format!("{sink}.types"));
        for (column, declared) in types {
            self.line(&Line::text(column, declared));
        }
    }

    /// Keys are columns that the step makes.
    fn check_keys(&mut self, flow: &Flow, table: &TargetTable, keys: &[String]) -> Result<(), Error> {
        self.values += keys.len();
        let columns = table.columns.as_deref().unwrap_or(flow.source.columns());
        match keys
            .iter()
            .find(|key| !columns.iter().any(|column| column.name == **key))
        {
            Some(key) => Err(Error::NoSuchColumn {
                source_name: flow.source.shown(),
                column: key.clone(),
                purpose: "tell rows apart by",
            }),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<String, Error> {
        if self.values > MOST_VALUES {
            return Err(Error::TooLarge {
                what: format!("about {} values", self.values),
                most: MOST_VALUES.to_string(),
            });
        }
        if self.text.len() > MOST_BYTES {
            return Err(Error::TooLarge {
                what: format!("{} bytes", self.text.len()),
                most: MOST_BYTES.to_string(),
            });
        }
        Ok(self.text)
    }
}

/// What is said of a table above its source.
fn about(table: &Table) -> String {
    let rows = table.rows.map(|rows| format!("about {} rows", thousands(rows)));
    let parts = [table.name.to_string()]
        .into_iter()
        .chain(rows)
        .chain(table.comment.clone());
    comment::joined(parts).unwrap_or_default()
}

fn incremental_lines(hint: &Incremental<'_>) -> Vec<Line> {
    let what = if hint.has_changes {
        "new and changed rows"
    } else {
        "new rows"
    };
    let first = hint.keys.first().copied().unwrap_or_default();
    let nulls = if hint.is_nullable {
        format!(" Rows without `{first}` are passed over.")
    } else {
        String::new()
    };
    vec![
        Line::comment(&format!(
            "From the second run on only {what}, with the sink's other mode.{nulls}"
        )),
        Line::comment("bookmark = true"),
        Line::list("bookmark_keys", &hint.keys).commented_out(),
    ]
}

fn mode_line(mode: Mode) -> Line {
    Line::text("mode", mode_name(mode))
}

fn other_mode(mode: Mode, remark: &str) -> Line {
    let comment = format!("in its place, with `bookmark = true` above{remark}");
    mode_line(mode).with(&comment).commented_out()
}

fn mode(target: &Target) -> Mode {
    match target {
        Target::Files(files) => files.mode,
        Target::Table(table) => table.mode,
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Error => "error",
        Mode::Overwrite => "overwrite",
        Mode::Append => "append",
        Mode::Ignore => "ignore",
        Mode::Upsert => "upsert",
    }
}

/// A name that a job may have.
fn name(given: &str) -> String {
    let allowed = |c: char| {
        if c == '/' || c == '\\' || !comment::is_plain(c) {
            '-'
        } else {
            c
        }
    };
    let name: String = given.chars().take(LONGEST_NAME).map(allowed).collect();
    if name.is_empty() { "job".to_owned() } else { name }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_readable() {
        assert_eq!(
            [0, 12, 1_234, 1_234_567].map(thousands),
            ["0", "12", "1,234", "1,234,567"]
        );
        assert_eq!(name("shop/orders\n"), "shop-orders-");
        assert_eq!(name(""), "job");
    }
}
