//! Which column of a source goes to which of a target.

use std::collections::{HashMap, HashSet};

use crate::Column;

/// How a column was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// By its name.
    Exact,
    /// By its name without regard to case.
    Case,
    /// By the letters and digits of its name: `order_id` for `OrderID`.
    Letters,
}

/// For each column of the target, in its order, the place of the source's column, and how it was found. A column is found
/// less than exactly only if nothing else could be meant.
pub(crate) fn matched(source: &[Column], target: &[Column]) -> Vec<Option<(usize, Match)>> {
    let mut found: Vec<Option<(usize, Match)>> = vec![None; target.len()];
    let mut used: HashSet<usize> = HashSet::new();
    for how in [Match::Exact, Match::Case, Match::Letters] {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, column) in source.iter().enumerate().filter(|(place, _)| !used.contains(place)) {
            by_name.entry(how.fold(&column.name)).or_default().push(place);
        }
        let mut wanted: HashMap<String, usize> = HashMap::new();
        for (_, column) in found.iter().zip(target).filter(|(found, _)| found.is_none()) {
            *wanted.entry(how.fold(&column.name)).or_default() += 1;
        }
        for (found, column) in found.iter_mut().zip(target).filter(|(found, _)| found.is_none()) {
            let name = how.fold(&column.name);
            if let Some([only]) = by_name.get(&name).map(Vec::as_slice)
                && wanted.get(&name) == Some(&1)
                && !name.is_empty()
            {
                used.insert(*only);
                *found = Some((*only, how));
            }
        }
    }
    found
}

impl Match {
    /// What names have in common that are found so.
    fn fold(self, name: &str) -> String {
        match self {
            Self::Exact => name.to_owned(),
            Self::Case => name.to_lowercase(),
            Self::Letters => letters(name),
        }
    }
}

fn letters(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    fn places(source: &[&str], target: &[&str]) -> Vec<Option<(usize, Match)>> {
        let columns =
            |names: &[&str]| -> Vec<Column> { names.iter().map(|name| Column::new(*name, DataType::Int32)).collect() };
        matched(&columns(source), &columns(target))
    }

    #[test]
    fn columns_are_found_if_nothing_else_could_be_meant() {
        assert_eq!(
            places(&["id", "OrderID", "Amount", "x"], &["amount", "order_id", "id", "y"]),
            [
                Some((2, Match::Case)),
                Some((1, Match::Letters)),
                Some((0, Match::Exact)),
                None
            ]
        );
        assert_eq!(places(&["ID", "Id"], &["id"]), [None]);
        assert_eq!(places(&["id"], &["ID", "Id"]), [None, None]);
        assert_eq!(places(&["id", "ID"], &["ID"]), [Some((1, Match::Exact))]);
        assert_eq!(places(&["!"], &["?"]), [None]);
    }
}
