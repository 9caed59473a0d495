//! Names of sources, steps and sinks.

use std::collections::HashSet;

use crate::keywords::is_reserved;

/// Characters of a name that is made of a table's; job files take 128, and something may follow.
const LONGEST: usize = 100;

/// What follows the name of a source in that of the step that lists its columns.
const COLUMNS: &str = "_columns";

/// Names that are taken, without regard to case.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A name made of a table's, that nothing has yet.
    pub fn take(&mut self, word: &str) -> String {
        let name = identifier(word);
        self.first_free(&name, |_| true)
    }

    /// The names of a source and of its step: the step's is the source's with something behind it.
    pub fn take_pair(&mut self, word: &str) -> (String, String) {
        let name = identifier(word);
        let taken = self.taken.clone();
        let source = self.first_free(&name, |name| !taken.contains(&format!("{name}{COLUMNS}")));
        let step = format!("{source}{COLUMNS}");
        self.taken.insert(step.to_lowercase());
        (source, step)
    }

    fn first_free(&mut self, name: &str, is_fine: impl Fn(&str) -> bool) -> String {
        let numbered = (2_usize..).map(|number| format!("{name}_{number}"));
        let candidates = std::iter::once(name.to_owned()).chain(numbered);
        for candidate in candidates {
            let folded = candidate.to_lowercase();
            if !self.taken.contains(&folded) && is_fine(&folded) {
                self.taken.insert(folded);
                return candidate;
            }
        }
        unreachable!("there are more numbers than names")
    }
}

/// A letter or `_`, then letters, digits and `_`; no word that SQL reserves.
pub(crate) fn identifier(word: &str) -> String {
    let mut name = String::new();
    for character in word.chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.ends_with('_') {
            name.push('_');
        }
        if name.len() == LONGEST {
            break;
        }
    }
    if !word.ends_with('_') && name.len() > 1 {
        name.truncate(name.trim_end_matches('_').len());
    }
    if name.chars().all(|c| c == '_') {
        return "table_1".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert_str(0, "t_");
    }
    if is_reserved(&name) {
        name.push_str("_table");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_any_text() {
        for (word, name) in [
            ("orders", "orders"),
            ("Order Lines 2024", "Order_Lines_2024"),
            ("2024", "t_2024"),
            ("order", "order_table"),
            ("_hidden", "_hidden"),
            ("a  --  b!", "a_b"),
            ("😀", "table_1"),
            ("", "table_1"),
            ("Größe", "Gr_e"),
        ] {
            assert_eq!(identifier(word), name, "{word}");
        }
        assert!(identifier(&"x".repeat(500)).len() == LONGEST);
    }

    #[test]
    fn names_are_unique_without_regard_to_case() {
        let mut names = Names::default();
        assert_eq!(
            names.take_pair("orders"),
            ("orders".to_owned(), "orders_columns".to_owned())
        );
        assert_eq!(
            names.take_pair("Orders"),
            ("Orders_2".to_owned(), "Orders_2_columns".to_owned())
        );
        assert_eq!(names.take_pair("orders_columns").0, "orders_columns_2");
        let mut names = Names::default();
        assert_eq!(names.take_pair("a_columns").0, "a_columns");
        assert_eq!(names.take_pair("A").0, "A_2");
    }
}
