//! Opens a table, a query, or the changes of a table.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use tenon_database::{
    Bookmark as DatabaseBookmark, BookmarkOf, ChangesConfig, ChangesRequest, Description, ReadConfig, Relation,
};

use super::bookmark;
use super::config::SourceConfig;
use super::table::{DatabaseTable, Rows};
use crate::{Bookmark, Error, ReadOptions};

/// Rows in a batch, where a source does not say.
const BATCH_ROWS: u32 = 8_192;

/// A table, a query, or the changes of a table, ready to be read.
#[derive(Debug, Clone)]
pub struct Source {
    table: Arc<DatabaseTable>,
    next: Bookmark,
    has_nothing_new: bool,
}

/// Connects, learns the columns, and finds out what is new where that is asked.
///
/// # Errors
/// When the database can't be reached or refuses, and when the configuration does not fit what is there.
pub async fn open(config: &SourceConfig, options: &ReadOptions<'_>) -> Result<Source, Error> {
    let database = config.database()?;
    let relation = config.relation()?;
    if let Some(changes) = &config.read.changes {
        return open_changes(config, changes, relation, options).await;
    }
    let description = database.describe(&relation, &config.read).await?;
    let news = match options.bookmark {
        None => None,
        Some(bookmark) => {
            let of = BookmarkOf::new(&relation, config.read.bookmark_order, config.identity());
            let news = bookmark::since(bookmark, of, database.as_ref(), &relation, &description, &config.read);
            Some(news.await?)
        }
    };
    let (predicate, has_nothing_new, next) = match news {
        Some(news) => (news.predicate, news.is_none, news.next),
        None => (None, false, Bookmark::None),
    };
    let table = DatabaseTable {
        rows: Rows::Relation {
            database,
            relation,
            predicate,
        },
        description,
        read: config.read.clone(),
        batch_rows: batch_rows(&config.read),
    };
    Ok(Source {
        table: Arc::new(table),
        next,
        has_nothing_new,
    })
}

async fn open_changes(
    config: &SourceConfig,
    changes: &ChangesConfig,
    relation: Relation,
    options: &ReadOptions<'_>,
) -> Result<Source, Error> {
    let refused = |reason: &str| Error::Config {
        subject: config.place(),
        reason: reason.to_owned(),
    };
    let Relation::Table(table) = relation else {
        return Err(refused("`changes` are those of a `table`, not of a `query`"));
    };
    let since = match options.bookmark {
        Some(Bookmark::None) => None,
        Some(Bookmark::Database(DatabaseBookmark::Changes(bookmark))) => Some(bookmark.clone()),
        Some(_) => {
            return Err(Error::ForeignBookmark {
                source_name: config.place(),
            });
        }
        None if options.dry => None,
        None => {
            return Err(refused(
                "`changes` need bookmarks, which say how far they have been read: say `bookmark = true`",
            ));
        }
    };
    let before = since.clone();
    let slot = changes.slot.clone().unwrap_or_else(|| config.slot.clone());
    let request = ChangesRequest {
        table,
        config: ChangesConfig {
            publication: changes.publication.clone().or_else(|| Some(slot.clone())),
            slot: Some(slot),
            snapshot: changes.snapshot,
        },
        read: config.read.clone(),
        since,
        dry: options.dry,
        parts: config.read.parts.map_or(1, |parts| parts.max(1) as usize),
        batch_rows: batch_rows(&config.read),
    };
    let changes = config.database()?.changes(request).await?;
    let table = DatabaseTable {
        rows: Rows::Scan(changes.scan),
        description: changes.description,
        read: config.read.clone(),
        batch_rows: batch_rows(&config.read),
    };
    // The log may have grown by other tables: then only reading it tells.
    let has_nothing_new = before.as_ref() == Some(&changes.next);
    Ok(Source {
        table: Arc::new(table),
        next: Bookmark::Database(DatabaseBookmark::Changes(changes.next)),
        has_nothing_new,
    })
}

fn batch_rows(read: &ReadConfig) -> usize {
    read.batch_rows.unwrap_or(BATCH_ROWS).max(1) as usize
}

impl Source {
    /// The rows as a table for DataFusion.
    pub fn table(&self) -> Arc<dyn TableProvider> {
        Arc::clone(&self.table) as _
    }

    /// The columns, with what they are in the database.
    pub fn description(&self) -> &Description {
        &self.table.description
    }

    /// Whether a bookmark says that everything has been read.
    pub fn has_nothing_new(&self) -> bool {
        self.has_nothing_new
    }

    /// Rows that there are, as the database estimates them.
    pub fn rows(&self) -> Option<u64> {
        self.table.description.rows
    }

    /// Columns that are not quite what they are in the database, and why.
    pub fn remarks(&self) -> Vec<(String, String)> {
        let columns = self.table.description.columns.iter();
        let remarked = columns.filter_map(|column| {
            let note = column.note.as_ref()?;
            Some((column.name.clone(), format!("{}: {note}", column.database_type)))
        });
        remarked.collect()
    }

    /// What to save once everything that was made of these rows has been committed.
    pub fn next_bookmark(&self) -> Bookmark {
        self.next.clone()
    }
}
