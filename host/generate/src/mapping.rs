//! The columns of a target, each as an expression over those of the source.

use std::collections::BTreeSet;

use arrow::datatypes::DataType;

use crate::cast::{self, Conversion};
use crate::comment;
use crate::matching::{Match, matched};
use crate::{Column, Error, Flow, Format, Source, Target, TargetFiles, TargetTable, sql};

/// What a target's columns are made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    /// Its lines, in their order.
    pub lines: Vec<MappingLine>,
    /// The source's columns that are left out.
    pub unread: BTreeSet<String>,
}

/// A line of a mapping.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MappingLine {
    /// A column of the target.
    Column {
        /// The SQL expression, with the column's name unless that is the source's.
        expression: String,
        /// What there is to say of it.
        comment: Option<String>,
    },
    /// A column that is not taken.
    LeftOut {
        /// The SQL expression that it would be.
        expression: String,
        /// Why.
        comment: String,
    },
    /// Something else that a person should know.
    Remark(String),
}

impl Mapping {
    /// The mapping of a flow.
    pub fn of(flow: &Flow) -> Result<Self, Error> {
        let columns = flow.source.columns();
        if columns.is_empty() {
            return Err(Error::NoColumns {
                source_name: flow.source.shown(),
            });
        }
        match &flow.target {
            Target::Files(files) => to_files(&flow.source, files),
            Target::Table(TargetTable {
                columns: Some(there), ..
            }) => to_columns(flow, columns, there),
            Target::Table(_) => Ok(Self::taking(columns.iter().map(|column| MappingLine::Column {
                expression: sql::name(&column.name),
                comment: comment_of(column, None),
            }))),
        }
    }

    /// The expressions of the target's columns.
    pub fn expressions(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| match line {
            MappingLine::Column { expression, .. } => Some(expression.as_str()),
            _ => None,
        })
    }

    /// Its lines as a list in some language: `quote` makes a literal of an expression, and `marker` begins a comment.
    pub fn list(&self, indent: &str, marker: &str, quote: impl Fn(&str) -> String) -> String {
        /// Comments stand below one another, unless a line is longer than this.
        const WIDEST: usize = 44;
        let entry = |expression: &str| format!("{},", quote(expression));
        let entries = self.expressions().map(|expression| entry(expression).chars().count());
        let width = entries.filter(|width| *width <= WIDEST).max().unwrap_or(0);
        let mut list = String::new();
        for line in &self.lines {
            let line = match line {
                MappingLine::Column {
                    expression,
                    comment: Some(comment),
                } => format!("{:width$}  {marker} {comment}", entry(expression)),
                MappingLine::Column { expression, .. } => entry(expression),
                MappingLine::LeftOut { expression, comment } => {
                    format!("{marker} {}  {marker} {comment}", entry(expression))
                }
                MappingLine::Remark(remark) => format!("{marker} {remark}"),
            };
            list.push_str(indent);
            list.push_str(&line);
            list.push('\n');
        }
        list
    }

    fn taking(lines: impl Iterator<Item = MappingLine>) -> Self {
        Self {
            lines: lines.collect(),
            unread: BTreeSet::new(),
        }
    }
}

/// Every column as it is, or as text where the format has no such type.
fn to_files(source: &Source, files: &TargetFiles) -> Result<Mapping, Error> {
    for column in &files.partition_by {
        if !source.columns().iter().any(|known| known.name == *column) {
            return Err(Error::NoSuchColumn {
                source_name: source.shown(),
                column: column.clone(),
                purpose: "partition by",
            });
        }
    }
    let format = files.format.unwrap_or_else(|| Format::of_target(&files.url));
    let mut unread = BTreeSet::new();
    let lines = source.columns().iter().map(|column| {
        let name = sql::name(&column.name);
        if format.holds(&column.data_type) {
            return MappingLine::Column {
                expression: name,
                comment: comment_of(column, None),
            };
        }
        let lacks = format!("{format} has no such type");
        match cast::conversion(&column.data_type, &DataType::Utf8) {
            Conversion::Cast { to, .. } => MappingLine::Column {
                expression: sql::named(&to.of(&name), &column.name),
                comment: comment_of(column, Some(format!("{lacks}: written as text"))),
            },
            Conversion::None | Conversion::Impossible => {
                unread.insert(column.name.clone());
                MappingLine::LeftOut {
                    expression: name,
                    comment: comment_of(column, Some(lacks)).unwrap_or_default(),
                }
            }
        }
    });
    let lines = lines.collect();
    Ok(Mapping { lines, unread })
}

/// The columns of a table that is there, in its order; then those that it lacks.
fn to_columns(flow: &Flow, columns: &[Column], there: &[Column]) -> Result<Mapping, Error> {
    let found = matched(columns, there);
    if found.iter().all(Option::is_none) {
        return Err(Error::NothingInCommon {
            source_name: flow.source.shown(),
            target: flow.target.shown(),
        });
    }
    let mut lines: Vec<MappingLine> = there
        .iter()
        .zip(&found)
        .map(|(target, found)| match found {
            Some((place, how)) => to_column(&columns[*place], target, *how),
            None => missing(target),
        })
        .collect();
    let taken: BTreeSet<usize> = found.iter().flatten().map(|(place, _)| *place).collect();
    let mut unread = BTreeSet::new();
    for (_, column) in columns.iter().enumerate().filter(|(place, _)| !taken.contains(place)) {
        unread.insert(column.name.clone());
        let why = "the target has no such column, and gets one with `evolution = \"add\"`".to_owned();
        lines.push(MappingLine::LeftOut {
            expression: sql::name(&column.name),
            comment: comment_of(column, Some(why)).unwrap_or_default(),
        });
    }
    Ok(Mapping { lines, unread })
}

fn to_column(column: &Column, target: &Column, how: Match) -> MappingLine {
    let name = sql::name(&column.name);
    let mut remarks = Vec::new();
    let conversion = cast::conversion(&column.data_type, &target.data_type);
    let converted = match &conversion {
        Conversion::None => name.clone(),
        Conversion::Cast { to, remark } => {
            remarks.extend(remark.map(str::to_owned));
            to.of(&name)
        }
        Conversion::Impossible => {
            remarks.push("no cast leads there, so it takes an expression of yours".to_owned());
            name.clone()
        }
    };
    if how == Match::Letters {
        remarks.push("taken for the same by its letters".to_owned());
    }
    if column.nullable && !target.nullable {
        remarks.push("may be null, which the target refuses".to_owned());
    }
    let is_as_it_was = converted == name && column.name == target.name;
    let expression = if is_as_it_was {
        name
    } else {
        sql::named(&converted, &target.name)
    };
    let type_there = (conversion != Conversion::None).then(|| type_of(target));
    let types = match type_there {
        Some(there) => format!("{} -> {there}", typed(column)),
        None => typed(column),
    };
    let parts = [types]
        .into_iter()
        .chain(column.note.clone())
        .chain(remarks)
        .chain(column.comment.clone());
    MappingLine::Column {
        expression,
        comment: comment::joined(parts),
    }
}

/// A column of the target that nothing goes to.
fn missing(target: &Column) -> MappingLine {
    let advice = if target.nullable {
        "the target's default is used"
    } else {
        "the target's default is used if it has one; else add a line for it"
    };
    let quoted = sql::name(&target.name);
    MappingLine::Remark(comment::line(&format!(
        "nothing here is for the target's {quoted} ({}): {advice}",
        typed(target)
    )))
}

fn comment_of(column: &Column, remark: Option<String>) -> Option<String> {
    let parts = [typed(column)]
        .into_iter()
        .chain(column.note.clone())
        .chain(remark)
        .chain(column.comment.clone());
    comment::joined(parts)
}

fn typed(column: &Column) -> String {
    let required = if column.nullable { "" } else { ", not null" };
    format!("{}{required}", type_of(column))
}

fn type_of(column: &Column) -> String {
    column
        .database_type
        .clone()
        .unwrap_or_else(|| cast::shown(&column.data_type))
}
