//! Which rows of a table are new.

use arrow::datatypes::Schema;
use tenon_database::{
    Bookmark as DatabaseBookmark, BookmarkOf, Bounds, Database, Description, Key, KeysBookmark, Order, Predicate,
    ReadConfig, Relation, Value,
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

/// Finds out what is new since a bookmark, up to the last row that is there now. A bookmark of something else than `of` is
/// refused: rows would be left out, and nobody would know.
pub(super) async fn since(
    bookmark: &Bookmark,
    of: BookmarkOf,
    database: &dyn Database,
    relation: &Relation,
    description: &Description,
    config: &ReadConfig,
) -> Result<News, Error> {
    let keys = keys(relation, description, config)?;
    let names: Vec<String> = keys.iter().map(|key| key.column.clone()).collect();
    let after = after(bookmark, &of, relation, &names)?;
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
        of: Some(of),
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

/// The last row that was read, if any was.
fn after(
    bookmark: &Bookmark,
    of: &BookmarkOf,
    relation: &Relation,
    names: &[String],
) -> Result<Option<Vec<Value>>, Error> {
    let foreign = |source_name: String| Error::ForeignBookmark { source_name };
    let saved = match bookmark {
        Bookmark::None => return Ok(None),
        Bookmark::Database(DatabaseBookmark::Keys(saved)) if saved.keys == names => saved,
        _ => {
            return Err(foreign(format!(
                "{relation} with the bookmark keys {}",
                names.join(", ")
            )));
        }
    };
    if let Some(before) = &saved.of {
        if before.relation != of.relation {
            let as_it_is = match relation {
                Relation::Table(_) => "",
                Relation::Query(_) => " as it is now",
            };
            return Err(foreign(format!("{relation}{as_it_is}")));
        }
        if before.order != of.order {
            let order = match of.order {
                Order::Ascending => "ascending",
                Order::Descending => "descending",
            };
            return Err(foreign(format!("{relation} with `bookmark_order = \"{order}\"`")));
        }
        if let (Some(before), Some(now)) = (&before.database, &of.database)
            && before != now
        {
            return Err(foreign(format!(
                "{relation} in the database {now}, but of one in {before}"
            )));
        }
    }
    Ok(Some(saved.last.clone()))
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

#[cfg(test)]
mod tests {
    use tenon_database::TableName;

    use super::*;

    #[test]
    fn a_bookmark_of_something_else_is_refused() {
        let table = |name: &str| Relation::Table(TableName::new(Some("s"), name));
        let query = |text: &str| Relation::Query(text.to_owned());
        let of = |relation: &Relation, order, database: Option<&str>| {
            BookmarkOf::new(relation, order, database.map(str::to_owned))
        };
        let names = ["id".to_owned()];
        let read = |saved: Option<BookmarkOf>, now: &Relation, order, database: Option<&str>| {
            let bookmark = Bookmark::Database(DatabaseBookmark::Keys(KeysBookmark {
                keys: names.to_vec(),
                last: vec![Value::Integer(3)],
                of: saved,
            }));
            after(&bookmark, &of(now, order, database), now, &names).map_err(|error| error.to_string())
        };
        let (orders, others, one, two) = (table("orders"), table("others"), query("select 1"), query("select 2"));
        let (up, down) = (Order::Ascending, Order::Descending);
        let last = Ok(Some(vec![Value::Integer(3)]));
        let saved = || Some(of(&orders, up, Some("host/a")));
        assert_eq!(read(saved(), &orders, up, Some("host/a")), last);
        assert_eq!(read(saved(), &orders, up, None), last);
        assert_eq!(read(Some(of(&one, down, None)), &one, down, Some("host/a")), last);
        // One that does not say.
        assert_eq!(read(None, &others, down, Some("host/b")), last);
        for (saved, now, order, database, expected) in [
            (saved(), &others, up, Some("host/a"), "s.others"),
            (saved(), &one, up, Some("host/a"), "as it is now"),
            (saved(), &orders, down, Some("host/a"), "descending"),
            (saved(), &orders, up, Some("host/b"), "host/b"),
            (Some(of(&one, up, None)), &two, up, None, "as it is now"),
        ] {
            let error = read(saved, now, order, database).expect_err(expected);
            assert!(
                error.contains(expected) && error.contains("tenon bookmark reset"),
                "{error}"
            );
        }
    }
}
