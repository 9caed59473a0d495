//! Which rows of a table are new.

use arrow::datatypes::Schema;
use tenon_database::{
    Bookmark as DatabaseBookmark, Bounds, Database, Description, Key, KeysBookmark, Predicate, ReadConfig, Relation,
};

use super::overlap::back;
use crate::{Bookmark, Error};

/// What is new in a relation.
#[derive(Debug)]
pub(super) struct News {
    /// Which rows; all where there is none.
    pub predicate: Option<Predicate>,
    /// Whether there are certainly none.
    pub is_none: bool,
    /// How far the relation will have been read.
    pub next: Bookmark,
}

/// Finds out what is new since a bookmark, up to the last row that is there now.
pub(super) async fn since(
    bookmark: &Bookmark,
    database: &dyn Database,
    relation: &Relation,
    description: &Description,
    config: &ReadConfig,
) -> Result<News, Error> {
    let keys = keys(relation, description, config)?;
    let names: Vec<String> = keys.iter().map(|key| key.column.clone()).collect();
    let after = match bookmark {
        Bookmark::None => None,
        Bookmark::Database(DatabaseBookmark::Keys(bookmark)) if bookmark.keys == names => Some(bookmark.last.clone()),
        _ => {
            return Err(Error::ForeignBookmark {
                source_name: format!("{relation} with the bookmark keys {}", names.join(", ")),
            });
        }
    };
    let Some(last) = database.last(relation, &keys, description).await? else {
        // No rows: what was read before stays read.
        return Ok(News {
            predicate: None,
            is_none: true,
            next: bookmark.clone(),
        });
    };
    let next = Bookmark::Database(DatabaseBookmark::Keys(KeysBookmark {
        keys: names,
        last: last.clone(),
    }));
    let is_none = config.bookmark_overlap.is_none() && after.as_ref() == Some(&last);
    let upto = Bounds {
        keys: keys.clone(),
        after: None,
        inclusive: false,
        upto: Some(last),
    };
    let from = match (after, &config.bookmark_overlap) {
        (None, _) => None,
        (Some(after), None) => Some(Bounds {
            keys,
            after: Some(after),
            inclusive: false,
            upto: None,
        }),
        (Some(after), Some(overlap)) => {
            let first = after.first().zip(keys.first());
            let moved = first.map(|(value, key)| back(value, overlap, key.order)).transpose();
            let moved = moved.map_err(|reason| Error::Config {
                subject: relation.to_string(),
                reason,
            })?;
            Some(Bounds {
                keys: keys.into_iter().take(1).collect(),
                after: moved.map(|value| vec![value]),
                inclusive: true,
                upto: None,
            })
        }
    };
    let bounds = from.iter().chain([&upto]).filter_map(Bounds::predicate);
    Ok(News {
        predicate: Predicate::all(bounds),
        is_none,
        next,
    })
}

/// The columns by which rows are new.
fn keys(relation: &Relation, description: &Description, config: &ReadConfig) -> Result<Vec<Key>, Error> {
    let schema: &Schema = &description.schema;
    let names = if config.bookmark_keys.is_empty() {
        let grows = |column: &String| {
            let field = schema.field_with_name(column);
            field.is_ok_and(|field| field.data_type().is_integer())
        };
        match description.primary_key.as_slice() {
            [column] if grows(column) => vec![column.clone()],
            _ => {
                return Err(Error::Config {
                    subject: relation.to_string(),
                    reason: "with bookmarks it needs `bookmark_keys`: columns that grow with every new row, such as a \
                             number or the time of the last change"
                        .to_owned(),
                });
            }
        }
    } else {
        config.bookmark_keys.clone()
    };
    let known = |column: &String| schema.field_with_name(column).is_ok();
    if let Some(column) = names.iter().find(|column| !known(column)) {
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(Error::from(tenon_database::Error::NoColumn {
            relation: relation.to_string(),
            column: column.clone(),
            columns: columns.join(", "),
        }));
    }
    let key = |column: String| Key {
        column,
        order: config.bookmark_order,
    };
    Ok(names.into_iter().map(key).collect())
}
