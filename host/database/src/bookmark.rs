//! How far a database has been read.

use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};

use crate::{Order, Relation, Value};

/// How far a source has been read: saved with what a run commits, and handed to the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bookmark {
    /// By columns that grow.
    Keys(KeysBookmark),
    /// By the database's own log of changes.
    Changes(ChangesBookmark),
}

/// The last row that was read, by its keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeysBookmark {
    /// The columns. A bookmark of other columns than a source's is refused.
    pub keys: Vec<String>,
    /// Their values in the last row.
    pub last: Vec<Value>,
    /// What was read, and which way. A bookmark of something else than a source's is refused; bookmarks of earlier versions
    /// do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<BookmarkOf>,
}

/// What a bookmark is one of. Holds no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookmarkOf {
    /// The table's name, or a digest of the query: its text may hold what nobody should see.
    pub relation: String,
    /// Which way new rows went.
    pub order: Order,
    /// The database, as far as it is known: its host and its name, without user and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

impl BookmarkOf {
    /// What a bookmark of this relation is one of.
    pub fn new(relation: &Relation, order: Order, database: Option<String>) -> Self {
        let relation = match relation {
            Relation::Table(name) => format!("table {name}"),
            Relation::Query(query) => format!("query {}", hex::encode(Sha256::digest(query.trim().as_bytes()))),
        };
        Self {
            relation,
            order,
            database,
        }
    }
}

/// A place in a database's log of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesBookmark {
    /// What keeps the log for this source: in Postgres, a replication slot.
    pub slot: String,
    /// The table, with its schema. Bookmarks of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The database's own name of the place: in Postgres, a log sequence number (`16/B374D848`).
    pub position: String,
    /// What the initial copy has seen of transactions that the log has as well: in Postgres, a snapshot (`10:20:12,15`).
    /// Transactions that are visible in it are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableName;

    #[test]
    fn bookmarks_of_earlier_versions_are_read() {
        let keys: Bookmark = serde_json::from_str(r#"{"keys":{"keys":["id"],"last":[{"type":"integer","value":3}]}}"#)
            .expect("a bookmark");
        let expected = KeysBookmark {
            keys: vec!["id".to_owned()],
            last: vec![Value::Integer(3)],
            of: None,
        };
        assert_eq!(keys, Bookmark::Keys(expected));
        let changes: Bookmark =
            serde_json::from_str(r#"{"changes":{"slot":"s","position":"0/1"}}"#).expect("a bookmark");
        assert!(matches!(
            changes,
            Bookmark::Changes(ChangesBookmark { table: None, .. })
        ));
    }

    #[test]
    fn a_bookmark_keeps_what_it_is_of_and_no_text_of_queries() {
        let table = Relation::Table(TableName::new(Some("s"), "t"));
        let query = |text: &str| BookmarkOf::new(&Relation::Query(text.to_owned()), Order::Descending, None);
        assert_eq!(BookmarkOf::new(&table, Order::Ascending, None).relation, "table s.t");
        assert_eq!(query("select 1"), query(" select 1\n"));
        assert_ne!(query("select 1"), query("select 2"));
        let of = query("select 'secret'");
        let kept = serde_json::to_string(&of).expect("JSON");
        assert!(!kept.contains("secret"), "{kept}");
        assert_eq!(serde_json::from_str::<BookmarkOf>(&kept).expect("what it is of"), of);
    }
}
