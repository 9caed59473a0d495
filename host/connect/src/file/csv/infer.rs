//! Infers the columns of a file from its first records.

use super::super::read_config::CsvRead;
use super::super::schema::{SeenColumn, name_of};
use super::super::text::Dialect;
use super::columns::{Nulls, shown};
use super::records::{Fault, Records};
use super::value::ColumnType;

/// How far beyond `infer_rows` a column without any value is looked for one.
const PATIENCE: usize = 100;

/// What a file's first records say about its columns.
#[derive(Debug)]
pub(in super::super) struct Inferred {
    columns: Vec<Column>,
    /// Whether more of the file would tell more: rows were too few, or a column has shown no value.
    pub wants_more: bool,
    /// Rows looked at.
    pub rows: u64,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// None: it has shown no value yet.
    kind: Option<ColumnType>,
    /// The value that made the type what it is, and its line.
    evidence: Option<(String, u64)>,
}

impl Inferred {
    /// The columns; `file` is for what is said about them.
    pub fn into_columns(self, file: &str) -> Vec<SeenColumn> {
        let seen = |column: Column| SeenColumn {
            because: column.evidence.map(|(value, line)| {
                let kind = column.kind.map_or_else(String::new, |kind| name_of(&kind.data_type()));
                format!("{value} in line {line} of {file} makes it {kind}")
            }),
            name: column.name,
            data_type: column.kind.map(ColumnType::data_type),
        };
        self.columns.into_iter().map(seen).collect()
    }
}

/// Infers from a text that begins at line `line` of a file and ends at a record end. No columns: the text is empty.
/// Records with faults are passed over if `lenient`.
pub(in super::super) fn infer(
    text: &[u8],
    line: u64,
    dialect: Dialect,
    options: &CsvRead,
    infer_rows: usize,
    lenient: bool,
) -> Result<Inferred, Fault> {
    let nulls = Nulls::new(&options.null);
    let mut records = Records::new(text, dialect, line);
    let names = names(&mut records, text, dialect, options)?;
    let mut columns: Vec<Column> = names
        .into_iter()
        .map(|name| Column {
            name,
            kind: None,
            evidence: None,
        })
        .collect();
    let (mut rows, mut valueless) = (0, columns.len());
    let patience = infer_rows.saturating_mul(PATIENCE);
    while rows < infer_rows || (valueless > 0 && rows < patience) {
        let line = records.line();
        let next = records.next(|index, value| {
            if value.bytes.is_empty() || nulls.contain(value.bytes) {
                return Ok(());
            }
            // Surplus values are reported when the rows are read, together with the column count.
            let Some(column) = columns.get_mut(index) else {
                return Ok(());
            };
            let wider = match column.kind {
                Some(ColumnType::Text) => return Ok(()),
                Some(known) => known.or(ColumnType::of(value.bytes)),
                None => {
                    valueless -= 1;
                    ColumnType::of(value.bytes)
                }
            };
            if column.kind != Some(wider) {
                // A first value needs no explanation, except that nothing narrower than text was possible.
                if column.kind.is_some() || wider == ColumnType::Text {
                    column.evidence = Some((shown(value.bytes), line));
                }
                column.kind = Some(wider);
            }
            Ok(())
        });
        match next {
            Ok(None) => break,
            Ok(Some(_)) => rows += 1,
            Err(_) if lenient => records.recover(),
            Err(fault) => return Err(fault),
        }
    }
    let wants_more = rows < infer_rows || (valueless > 0 && rows < patience);
    Ok(Inferred {
        columns,
        wants_more,
        rows: rows as u64,
    })
}

fn names(records: &mut Records<'_>, text: &[u8], dialect: Dialect, options: &CsvRead) -> Result<Vec<String>, Fault> {
    if options.header {
        return header(records);
    }
    let first = Records::new(text, dialect, 1).next(|_, _| Ok(()))?;
    Ok(numbered_names(first.unwrap_or(0)))
}

/// Names for the columns of a file that has none.
pub(in super::super) fn numbered_names(columns: usize) -> Vec<String> {
    (1..=columns).map(|position| format!("column_{position}")).collect()
}

/// Reads one record as names of columns.
pub(in super::super) fn header(records: &mut Records<'_>) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    let line = records.line();
    records.next(|index, value| {
        let name = std::str::from_utf8(value.bytes).map_err(|_| "a column's name is not UTF-8".to_owned())?;
        names.push(if name.is_empty() {
            format!("column_{}", index + 1)
        } else {
            name.to_owned()
        });
        Ok(())
    })?;
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twins) => Err(Fault {
            line,
            reason: format!("two columns are named `{}`", twins[0]),
        }),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect::new(b',', b'"');

    fn inferred(text: &str, options: &CsvRead, rows: usize) -> Inferred {
        infer(text.as_bytes(), 1, CSV, options, rows, false).expect("well formed")
    }

    fn types(text: &str, options: &CsvRead, rows: usize) -> Vec<(String, Option<String>)> {
        let columns = inferred(text, options, rows).into_columns("x.csv");
        let name = |column: SeenColumn| (column.name, column.data_type.as_ref().map(name_of));
        columns.into_iter().map(name).collect()
    }

    fn column(name: &str, kind: &str) -> (String, Option<String>) {
        (name.to_owned(), Some(kind.to_owned()))
    }

    #[test]
    fn a_column_that_begins_without_values_gets_the_type_of_its_first_value() {
        let mut text = "id,late,never\n".to_owned();
        for row in 0..50 {
            let late = if row < 40 { "NA".to_owned() } else { row.to_string() };
            text.push_str(&[row.to_string(), late, "NA\n".to_owned()].join(","));
        }
        let options = CsvRead {
            null: vec!["NA".to_owned()],
            ..CsvRead::default()
        };
        assert_eq!(
            types(&text, &options, 10),
            [
                column("id", "bigint"),
                column("late", "bigint"),
                ("never".to_owned(), None)
            ]
        );
        assert!(inferred(&text, &options, 10).wants_more);
    }

    #[test]
    fn types_widen_and_say_why() {
        let text = "a,b,c,d\n1,2013-01-01,x,true\n1.5,2013-01-01 00:00:00,1,no\n";
        let expected = [
            column("a", "double"),
            column("b", "timestamp"),
            column("c", "text"),
            column("d", "text"),
        ];
        assert_eq!(types(text, &CsvRead::default(), 10), expected);
        let columns = inferred(text, &CsvRead::default(), 10).into_columns("x.csv");
        let because = |index: usize| columns[index].because.as_deref().unwrap_or_default();
        assert_eq!(because(0), "`1.5` in line 3 of x.csv makes it double");
        assert_eq!(because(2), "`x` in line 2 of x.csv makes it text");
    }

    #[test]
    fn headers_can_be_left_out() {
        let options = CsvRead {
            header: false,
            ..CsvRead::default()
        };
        let expected = [column("column_1", "bigint"), column("column_2", "bigint")];
        assert_eq!(types("1,2\n3,4\n", &options, 10), expected);
    }

    #[test]
    fn twins_are_refused() {
        let fault = infer(b"a,b,a\n1,2,3\n", 1, CSV, &CsvRead::default(), 10, false).expect_err("two columns named a");
        assert_eq!(
            fault,
            Fault {
                line: 1,
                reason: "two columns are named `a`".to_owned()
            }
        );
    }
}
