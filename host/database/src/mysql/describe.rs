//! What there is to read, and what its columns are in Arrow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use mysql_async::consts::ColumnFlags;
use mysql_async::prelude::Queryable;

use crate::mysql::catalog::{self, CatalogColumn, OWN, SYSTEM};
use crate::mysql::dialect::{MySqlDialect, text_literal};
use crate::mysql::failure::during;
use crate::mysql::kind::{Kind, cast_type};
use crate::mysql::session::{Session, number, text};
use crate::mysql::statement::{self, AS_TEXT, CAST};
use crate::sql::Dialect;
use crate::{
    DescribedColumn, Description, Discover, Error, Found, FoundColumn, FoundForeignKey, FoundKind, ReadConfig,
    Relation, TableName,
};

/// Tables and views.
pub(crate) async fn discover(session: &mut Session, what: &Discover) -> Result<Vec<Found>, Error> {
    let within = match &what.schema {
        Some(schema) => format!("= {}", text_literal(schema)),
        None => format!("not in ({SYSTEM})"),
    };
    let sql = format!(
        "select table_schema, table_name, table_type, table_rows, data_length, table_comment \
         from information_schema.tables where table_schema {within} order by 1, 2"
    );
    let mut found = Vec::new();
    for row in session.rows(&sql, "to list its tables").await? {
        let (Some(schema), Some(table), Some(kind)) = (text(&row, 0), text(&row, 1), text(&row, 2)) else {
            continue;
        };
        let name = TableName::new(Some(&schema), &table);
        if table.starts_with(OWN) || kind == "SEQUENCE" || !what.fits(&name) {
            continue;
        }
        let is_view = kind.contains("VIEW");
        found.push(Found {
            name,
            kind: if is_view { FoundKind::View } else { FoundKind::Table },
            rows: number(&row, 3),
            bytes: number(&row, 4),
            // Views have no comments, and say so there.
            comment: text(&row, 5).filter(|comment| !comment.is_empty() && !is_view),
            primary_key: Vec::new(),
            unique_keys: Vec::new(),
            foreign_keys: Vec::new(),
            columns: Vec::new(),
        });
    }
    let mut keys = primary_keys(session, &within).await?;
    let mut unique_keys = unique_keys(session, &within).await?;
    let mut foreign_keys = foreign_keys(session, &within).await?;
    let mut columns = if what.columns {
        all_columns(session, &within).await?
    } else {
        HashMap::new()
    };
    for found in &mut found {
        found.primary_key = keys.remove(&found.name).unwrap_or_default();
        found.unique_keys = unique_keys.remove(&found.name).unwrap_or_default();
        found.foreign_keys = foreign_keys.remove(&found.name).unwrap_or_default();
        found.columns = columns.remove(&found.name).unwrap_or_default();
    }
    Ok(found)
}

async fn primary_keys(session: &mut Session, within: &str) -> Result<HashMap<TableName, Vec<String>>, Error> {
    let sql = format!(
        "select table_schema, table_name, column_name from information_schema.statistics \
         where index_name = 'PRIMARY' and table_schema {within} order by seq_in_index"
    );
    let mut keys: HashMap<TableName, Vec<String>> = HashMap::new();
    for row in session.rows(&sql, "to list its keys").await? {
        let table = TableName::new(text(&row, 0).as_deref(), &text(&row, 1).unwrap_or_default());
        keys.entry(table).or_default().extend(text(&row, 2));
    }
    Ok(keys)
}

/// The unique keys that are not the primary key. One on an expression or on a column's beginning is none.
async fn unique_keys(session: &mut Session, within: &str) -> Result<HashMap<TableName, Vec<Vec<String>>>, Error> {
    let sql = format!(
        "select table_schema, table_name, index_name, column_name, sub_part from information_schema.statistics \
         where non_unique = 0 and index_name <> 'PRIMARY' and table_schema {within} \
         order by table_schema, table_name, index_name, seq_in_index"
    );
    let mut found: Vec<(TableName, String, Vec<Option<String>>)> = Vec::new();
    for row in session.rows(&sql, "to list its unique keys").await? {
        let table = TableName::new(text(&row, 0).as_deref(), &text(&row, 1).unwrap_or_default());
        let index = text(&row, 2).unwrap_or_default();
        if found.last().is_none_or(|last| last.0 != table || last.1 != index) {
            found.push((table, index, Vec::new()));
        }
        if let Some((_, _, key)) = found.last_mut() {
            key.push(text(&row, 3).filter(|_| text(&row, 4).is_none()));
        }
    }
    let mut keys: HashMap<TableName, Vec<Vec<String>>> = HashMap::new();
    for (table, _, key) in found {
        let key: Option<Vec<String>> = key.into_iter().collect();
        keys.entry(table).or_default().extend(key);
    }
    Ok(keys)
}

async fn foreign_keys(session: &mut Session, within: &str) -> Result<HashMap<TableName, Vec<FoundForeignKey>>, Error> {
    let sql = format!(
        "select table_schema, table_name, constraint_name, column_name, \
           referenced_table_schema, referenced_table_name, referenced_column_name \
         from information_schema.key_column_usage \
         where referenced_table_name is not null and table_schema {within} \
         order by table_schema, table_name, constraint_name, ordinal_position"
    );
    let mut keys: HashMap<TableName, Vec<FoundForeignKey>> = HashMap::new();
    let mut last = None;
    for row in session.rows(&sql, "to list its foreign keys").await? {
        let table = TableName::new(text(&row, 0).as_deref(), &text(&row, 1).unwrap_or_default());
        let constraint = Some((table.clone(), text(&row, 2)));
        let of_table = keys.entry(table).or_default();
        if last != constraint {
            of_table.push(FoundForeignKey {
                columns: Vec::new(),
                table: TableName::new(text(&row, 4).as_deref(), &text(&row, 5).unwrap_or_default()),
                referenced: Vec::new(),
            });
            last = constraint;
        }
        if let Some(key) = of_table.last_mut() {
            key.columns.extend(text(&row, 3));
            key.referenced.extend(text(&row, 6));
        }
    }
    Ok(keys)
}

/// Databases that are not the server's.
pub(crate) async fn schemas(session: &mut Session) -> Result<Vec<String>, Error> {
    let sql =
        format!("select schema_name from information_schema.schemata where schema_name not in ({SYSTEM}) order by 1");
    let rows = session.rows(&sql, "to list its databases").await?;
    Ok(rows.iter().filter_map(|row| text(row, 0)).collect())
}

async fn all_columns(session: &mut Session, within: &str) -> Result<HashMap<TableName, Vec<FoundColumn>>, Error> {
    let sql = format!(
        "select table_schema, table_name, {} from information_schema.columns \
         where table_schema {within} order by ordinal_position",
        catalog::COLUMNS
    );
    let mut columns: HashMap<TableName, Vec<FoundColumn>> = HashMap::new();
    for row in session.rows(&sql, "to list its columns").await? {
        let table = TableName::new(text(&row, 0).as_deref(), &text(&row, 1).unwrap_or_default());
        let column = catalog::column(&row, 2);
        columns.entry(table).or_default().push(FoundColumn {
            arrow_type: column.kind().arrow().to_string(),
            name: column.name,
            database_type: column.column_type,
            nullable: column.nullable,
            comment: column.comment,
        });
    }
    Ok(columns)
}

/// A relation's columns and size.
pub(crate) async fn describe(
    session: &mut Session,
    relation: &Relation,
    config: &ReadConfig,
) -> Result<Description, Error> {
    let mut description = match relation {
        Relation::Table(name) => table(session, name).await?,
        Relation::Query(_) => query(session, relation).await?,
    };
    cast(session, relation, &config.schema, &mut description).await?;
    Ok(description)
}

async fn table(session: &mut Session, name: &TableName) -> Result<Description, Error> {
    let Some(table) = catalog::table(session, name).await? else {
        return Err(catalog::no_table(session, name).await);
    };
    let columns = catalog::columns(session, name).await?;
    let primary_key = catalog::primary_key(session, name).await?;
    let fields: Vec<Field> = columns.iter().map(field).collect();
    let described = columns.iter().map(|column| DescribedColumn {
        name: column.name.clone(),
        database_type: column.column_type.clone(),
        note: column.kind().note(&column.column_type),
    });
    Ok(Description {
        schema: Arc::new(Schema::new(fields)),
        columns: described.collect(),
        primary_key,
        rows: table.rows,
        bytes: table.bytes,
    })
}

fn field(column: &CatalogColumn) -> Field {
    let field = Field::new(&column.name, column.kind().arrow(), column.nullable);
    let field = match &column.comment {
        Some(comment) => field.with_metadata(HashMap::from([("comment".to_owned(), comment.clone())])),
        None => field,
    };
    statement::marked(field, column.kind())
}

/// The server says what columns a query has without running it.
async fn query(session: &mut Session, relation: &Relation) -> Result<Description, Error> {
    let columns = prepared(session, relation, &statement::all(relation)).await?;
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| statement::marked(Field::new(&column.name, column.kind.arrow(), true), column.kind))
        .collect();
    let described = columns.iter().map(|column| {
        let database_type = column.kind.database_type();
        DescribedColumn {
            name: column.name.clone(),
            note: column.kind.note(&database_type),
            database_type,
        }
    });
    Ok(Description {
        columns: described.collect(),
        schema: Arc::new(Schema::new(fields)),
        primary_key: Vec::new(),
        rows: None,
        bytes: None,
    })
}

/// A column of a statement that was prepared.
struct PreparedColumn {
    name: String,
    kind: Kind,
    nullable: bool,
}

async fn prepared(session: &mut Session, relation: &Relation, sql: &str) -> Result<Vec<PreparedColumn>, Error> {
    let failed = |session: &Session, failure| during(&session.target, &format!("to prepare {relation}"), failure);
    let statement = match session.connection.prep(sql).await {
        Ok(statement) => statement,
        Err(failure) => return Err(failed(session, failure)),
    };
    let sent = statement.columns();
    let columns = sent.iter().map(|column| PreparedColumn {
        name: column.name_str().into_owned(),
        kind: Kind::of_column(column),
        nullable: !column.flags().contains(ColumnFlags::NOT_NULL_FLAG),
    });
    let columns = columns.collect();
    match session.connection.close(statement).await {
        Ok(()) => Ok(columns),
        Err(failure) => Err(failed(session, failure)),
    }
}

/// Gives columns the types that the configuration asks for: the database converts, and says what that makes of them.
async fn cast(
    session: &mut Session,
    relation: &Relation,
    types: &BTreeMap<String, String>,
    description: &mut Description,
) -> Result<(), Error> {
    let mut casts = Vec::new();
    for (column, written) in types {
        let Some((index, _)) = description.schema.column_with_name(column) else {
            let names: Vec<&str> = description.columns.iter().map(|column| column.name.as_str()).collect();
            return Err(Error::NoColumn {
                relation: relation.to_string(),
                column: column.clone(),
                columns: names.join(", "),
            });
        };
        let Some(target) = cast_type(written) else {
            return Err(Error::Config {
                subject: format!("`schema` of the column `{column}`"),
                reason: format!(
                    "`{written}` is no type that MySQL casts to; there are `text`, `binary`, `signed`, `unsigned`, \
                     `decimal(p,s)`, `float`, `double`, `date`, `time` and `datetime`"
                ),
            });
        };
        casts.push((index, target));
    }
    if casts.is_empty() {
        return Ok(());
    }
    let expressions = casts.iter().map(|(index, target)| {
        let name = MySqlDialect.quote(description.schema.field(*index).name());
        format!("cast({name} as {target}) as {name}")
    });
    let expressions: Vec<String> = expressions.collect();
    let sql = statement::select(relation, &expressions.join(", "));
    let columns = prepared(session, relation, &sql).await?;
    let mut fields: Vec<Field> = description
        .schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    for ((index, target), column) in casts.into_iter().zip(columns) {
        let mut metadata = fields[index].metadata().clone();
        metadata.insert(CAST.to_owned(), target.clone());
        metadata.remove(AS_TEXT);
        let nullable = fields[index].is_nullable() || column.nullable;
        fields[index] = Field::new(&column.name, column.kind.arrow(), nullable).with_metadata(metadata);
        description.columns[index].note = Some(format!("converted to {target} by the database, as `schema` says"));
    }
    description.schema = Arc::new(Schema::new(fields));
    Ok(())
}
