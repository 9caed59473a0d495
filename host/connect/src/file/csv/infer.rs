//! Infers the columns of a file from its first records.

use arrow::datatypes::{Field, Schema};

use super::super::read_config::CsvRead;
use super::super::text::Dialect;
use super::columns::Nulls;
use super::records::{Fault, Records};
use super::value::ColumnType;

/// How far beyond `infer_rows` a column without any value is looked for one.
const PATIENCE: usize = 100;

/// What a file's first records say about its columns.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inferred {
    /// Names and types. A column that has shown no value yet has none.
    pub columns: Vec<(String, Option<ColumnType>)>,
    /// Whether more of the file would tell more: rows were too few, or a column has shown no value.
    pub wants_more: bool,
}

impl Inferred {
    /// Names and types, text where no value was seen.
    pub fn into_columns(self) -> Vec<(String, ColumnType)> {
        self.columns
            .into_iter()
            .map(|(name, kind)| (name, kind.unwrap_or(ColumnType::Text)))
            .collect()
    }
}

/// Columns as an Arrow schema. Every column may lack values: only the first records were seen.
pub(super) fn schema_of(columns: &[(String, ColumnType)]) -> Schema {
    Schema::new(
        columns
            .iter()
            .map(|(name, kind)| Field::new(name, kind.data_type(), true))
            .collect::<Vec<_>>(),
    )
}

/// Infers from a text that begins at the file's start and ends at a record end. No columns: the text is empty.
pub(super) fn infer(text: &[u8], dialect: Dialect, options: &CsvRead) -> Result<Inferred, Fault> {
    let nulls = Nulls::new(&options.null);
    let mut records = Records::new(text, dialect, 1);
    let names = names(&mut records, text, dialect, options)?;
    let mut types: Vec<Option<ColumnType>> = vec![None; names.len()];
    let (mut rows, mut valueless) = (0, names.len());
    let patience = options.infer_rows.saturating_mul(PATIENCE);
    while rows < options.infer_rows || (valueless > 0 && rows < patience) {
        let next = records.next(|index, value| {
            if value.bytes.is_empty() || nulls.contain(value.bytes) {
                return Ok(());
            }
            // Surplus values are reported when the rows are read, together with the column count.
            let Some(kind) = types.get_mut(index) else {
                return Ok(());
            };
            *kind = Some(match *kind {
                Some(ColumnType::Text) => ColumnType::Text,
                Some(known) => known.or(ColumnType::of(value.bytes)),
                None => {
                    valueless -= 1;
                    ColumnType::of(value.bytes)
                }
            });
            Ok(())
        })?;
        if next.is_none() {
            break;
        }
        rows += 1;
    }
    let columns = names
        .into_iter()
        .zip(types)
        .map(|(name, inferred)| {
            let kind = options.types.get(&name).copied().or(inferred);
            (name, kind)
        })
        .collect();
    let wants_more = rows < options.infer_rows || (valueless > 0 && rows < patience);
    Ok(Inferred { columns, wants_more })
}

fn names(records: &mut Records<'_>, text: &[u8], dialect: Dialect, options: &CsvRead) -> Result<Vec<String>, Fault> {
    if options.header {
        return header(records);
    }
    let first = Records::new(text, dialect, 1).next(|_, _| Ok(()))?;
    Ok((1..=first.unwrap_or(0))
        .map(|position| format!("column_{position}"))
        .collect())
}

/// Reads one record as names of columns.
pub(super) fn header(records: &mut Records<'_>) -> Result<Vec<String>, Fault> {
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

    const CSV: Dialect = Dialect {
        delimiter: b',',
        quote: b'"',
    };

    fn types(text: &str, options: &CsvRead) -> Vec<(String, ColumnType)> {
        infer(text.as_bytes(), CSV, options)
            .expect("well formed")
            .into_columns()
    }

    fn column(name: &str, kind: ColumnType) -> (String, ColumnType) {
        (name.to_owned(), kind)
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
            infer_rows: 10,
            ..CsvRead::default()
        };
        assert_eq!(
            types(&text, &options),
            [
                column("id", ColumnType::Integer),
                column("late", ColumnType::Integer),
                column("never", ColumnType::Text)
            ]
        );
        assert!(infer(text.as_bytes(), CSV, &options).expect("well formed").wants_more);
    }

    #[test]
    fn types_widen() {
        let text = "a,b,c,d\n1,2013-01-01,x,true\n1.5,2013-01-01 00:00:00,1,no\n";
        assert_eq!(
            types(text, &CsvRead::default()),
            [
                column("a", ColumnType::Float),
                column("b", ColumnType::Timestamp),
                column("c", ColumnType::Text),
                column("d", ColumnType::Text)
            ]
        );
    }

    #[test]
    fn types_can_be_given_and_headers_left_out() {
        let mut options = CsvRead {
            header: false,
            ..CsvRead::default()
        };
        options.types.insert("column_2".to_owned(), ColumnType::Text);
        assert_eq!(
            types("1,2\n3,4\n", &options),
            [
                column("column_1", ColumnType::Integer),
                column("column_2", ColumnType::Text)
            ]
        );
    }

    #[test]
    fn twins_are_refused() {
        let fault = infer(b"a,b,a\n1,2,3\n", CSV, &CsvRead::default()).expect_err("two columns named a");
        assert_eq!(
            fault,
            Fault {
                line: 1,
                reason: "two columns are named `a`".to_owned()
            }
        );
    }
}
