//! Folders for tables.

use std::collections::HashSet;

/// Characters of a folder's name at most.
const LONGEST: usize = 100;

/// Folders that are taken, without regard to case: not every file system tells `Orders` from `orders`.
#[derive(Debug, Default)]
pub(crate) struct Folders {
    taken: HashSet<String>,
}

impl Folders {
    /// The folder of a table, with `/` at its end.
    pub fn take(&mut self, schema: Option<&str>, table: &str) -> String {
        let schema = schema.map(|schema| format!("{}/", folder(schema))).unwrap_or_default();
        let name = format!("{schema}{}", folder(table));
        let numbered = (2_usize..).map(|number| format!("{name}-{number}"));
        let mut candidates = std::iter::once(name.clone()).chain(numbered);
        let free = candidates.find(|candidate| self.taken.insert(candidate.to_lowercase()));
        format!("{}/", free.unwrap_or(name))
    }
}

/// A name without what means something in paths, URLs and patterns, and not hidden: what begins with `.` or `_` is passed
/// over by those who read the folder above.
fn folder(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || c == '-' || c == '_' || c == '.' {
            c
        } else {
            '_'
        }
    };
    let mut folder: String = name.chars().take(LONGEST).map(plain).collect();
    if folder.starts_with(['.', '_']) || folder.is_empty() {
        folder.insert(0, 't');
    }
    while folder.ends_with('.') {
        folder.pop();
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_lead_nowhere_else() {
        let mut folders = Folders::default();
        assert_eq!(folders.take(Some("public"), "orders"), "public/orders/");
        assert_eq!(folders.take(Some("public"), "Orders"), "public/Orders-2/");
        assert_eq!(folders.take(None, "../../etc"), "t.._.._etc/");
        assert_eq!(folders.take(None, "_secret"), "t_secret/");
        assert_eq!(folders.take(None, "a=b*?[c]{d}%23#${x}"), "a_b___c__d__23___x_/");
        assert_eq!(folders.take(Some(""), ".."), "t/t/");
    }
}
