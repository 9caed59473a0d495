//! Which tables of a database are copied.

use tenon_database::{Discover, Found, FoundKind, TableName};

/// Which tables are chosen. In patterns `*` stands for any text and `?` for any character, and upper and lower case are the
/// same; one with a dot is of schema and table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only tables of this schema.
    pub schema: Option<String>,
    /// Only tables and views whose name fits one of these; all tables, and no views, if there are none.
    pub tables: Vec<String>,
    /// No table whose name fits one of these.
    pub exclude: Vec<String>,
}

impl Selection {
    /// Whether what was found is chosen.
    pub fn chooses(&self, found: &Found) -> bool {
        let is_named = || self.tables.iter().any(|pattern| fits(pattern, &found.name));
        let is_chosen = if self.tables.is_empty() {
            found.kind == FoundKind::Table
        } else {
            is_named()
        };
        is_chosen && self.is_in_schema(found) && !self.exclude.iter().any(|pattern| fits(pattern, &found.name))
    }

    /// The patterns of `tables` and `exclude` that nothing fits, which are probably misspelt.
    pub fn unused<'s>(&'s self, found: &[Found]) -> Vec<&'s str> {
        let patterns = self.tables.iter().chain(&self.exclude).map(String::as_str);
        let in_schema = || found.iter().filter(|found| self.is_in_schema(found));
        patterns
            .filter(|pattern| !in_schema().any(|found| fits(pattern, &found.name)))
            .collect()
    }

    fn is_in_schema(&self, found: &Found) -> bool {
        self.schema.is_none() || self.schema == found.name.schema
    }
}

fn fits(pattern: &str, name: &TableName) -> bool {
    let fits_text = |pattern: &str, text: &str| {
        let discover = Discover {
            table: Some(pattern.to_owned()),
            ..Discover::default()
        };
        discover.fits(&TableName::new(None, text))
    };
    let with_schema = name.schema.as_ref().zip(pattern.split_once('.'));
    fits_text(pattern, &name.table)
        || with_schema.is_some_and(|(schema, (schema_pattern, table_pattern))| {
            fits_text(schema_pattern, schema) && fits_text(table_pattern, &name.table)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(schema: &str, table: &str, kind: FoundKind) -> Found {
        Found {
            name: TableName::new(Some(schema), table),
            kind,
            rows: None,
            bytes: None,
            comment: None,
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
            columns: Vec::new(),
        }
    }

    #[test]
    fn tables_are_chosen_by_patterns() {
        let all = [
            found("sales", "orders", FoundKind::Table),
            found("sales", "order_log", FoundKind::Table),
            found("hr", "orders", FoundKind::Table),
            found("sales", "totals", FoundKind::View),
        ];
        let chosen = |selection: &Selection| -> Vec<String> {
            let chosen = all.iter().filter(|found| selection.chooses(found));
            chosen.map(|found| found.name.to_string()).collect()
        };
        let of = |schema: Option<&str>, tables: &[&str], exclude: &[&str]| Selection {
            schema: schema.map(str::to_owned),
            tables: tables.iter().map(|&table| table.to_owned()).collect(),
            exclude: exclude.iter().map(|&table| table.to_owned()).collect(),
        };
        assert_eq!(
            chosen(&of(None, &[], &[])),
            ["sales.orders", "sales.order_log", "hr.orders"]
        );
        assert_eq!(chosen(&of(Some("sales"), &["ORD*"], &["*_log"])), ["sales.orders"]);
        assert_eq!(
            chosen(&of(None, &["hr.*", "total?"], &[])),
            ["hr.orders", "sales.totals"]
        );
        assert_eq!(of(None, &["ord*", "oops"], &["hr.x"]).unused(&all), ["oops", "hr.x"]);
    }
}
