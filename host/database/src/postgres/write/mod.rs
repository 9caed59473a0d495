//! Writing tables.
//!
//! Rows are copied, in the binary format, to a staging table beside the table; one transaction makes them the table's and
//! notes the run's token in the ledger. Who writes to a staging table holds a lock of its session for as long as it lives,
//! so that others can tell what the dead have left.

mod apply;
mod catalog;
mod compact;
pub(super) mod encode;
mod fit;
pub(super) mod given;
mod ledger;
mod load;
mod marks;
mod moving;
mod natural;
mod permission;
mod plan;
mod rejects;
mod session;
mod token;
mod widen;
mod writer;

use std::sync::Arc;

use self::apply::{Refused, apply};
use self::catalog::{NAME_BYTES, Table, find, quoted, schema_of};
use self::given::{Given, probe};
use self::ledger::{Ledger, State};
use self::load::PostgresLoad;
use self::plan::{Plan, plan};
use self::session::set_owner;
use self::token::Token;
use self::writer::Shared;
use super::{Connection, Postgres};
use crate::misfits::Misfits;
use crate::{Begun, Committed, Driver, Error, LoadRequest, Mode, Prepared, TableName};

/// Begins to write to a table.
pub(super) async fn begin(database: &Postgres, request: LoadRequest) -> Result<Begun, Error> {
    check_request(database, &request)?;
    let keeper = database.connect().await?;
    let (schema, can_create) = schema_of(&keeper, &request.table).await?;
    let table = find(&keeper, &request.table).await?;
    let name = match &table {
        Some(table) => table.name.clone(),
        None => TableName::new(Some(&schema), &request.table.table),
    };
    if let Some(table) = &table {
        match request.config.mode {
            Mode::Ignore => return Ok(Begun::Ignored),
            Mode::Error => {
                return Err(Error::Exists {
                    table: name.to_string(),
                });
            }
            _ => permission::check_kind(table)?,
        }
    }
    permission::check_schema(&name, can_create)?;
    set_owner(&keeper).await?;
    let given = match &table {
        None => given(&keeper, &request, &name).await?,
        Some(_) => Given::new(),
    };
    let plan = plan(&request, &name, table.as_ref(), &given)?;
    if let Some(table) = &table {
        permission::check_table(table, &request, &plan)?;
    }
    let token = Token::new(&request.run, &request.sink);
    let ledger = Ledger::beside(&name);
    own(&keeper, &ledger, &token, &name).await?;
    make_staging(&keeper, &ledger, &token, &name, &plan).await?;
    let shared = Shared::new(
        database.clone(),
        name,
        token.staging.clone(),
        plan,
        Misfits::of(&request),
    );
    Ok(Begun::Ready(Box::new(PostgresLoad::new(
        request,
        keeper,
        ledger,
        token,
        Arc::new(shared),
    ))))
}

/// Makes visible what was prepared, unless it is already.
pub(super) async fn commit(database: &Postgres, prepared: &Prepared) -> Result<Committed, Error> {
    let (connection, ledger, token) = taken_over(database, prepared).await?;
    let gone = || Error::Gone {
        table: prepared.table.to_string(),
        run: prepared.run.clone(),
    };
    if !ledger.is_there(&connection).await? {
        return Err(gone());
    }
    let entry = ledger.entry(&connection, &token).await?;
    match entry {
        Some(entry) if entry.state == State::Committed => Ok(entry.committed),
        Some(entry) if entry.state == State::Prepared => {
            set_owner(&connection).await?;
            apply(&connection, prepared, &ledger, Refused::Fail).await?;
            connection
                .run(&format!("committing to {}", prepared.table), "commit")
                .await?;
            Ok(apply::committed(prepared))
        }
        _ => Err(gone()),
    }
}

/// Gives up what was prepared.
pub(super) async fn abort(database: &Postgres, prepared: &Prepared) -> Result<(), Error> {
    let (connection, ledger, token) = taken_over(database, prepared).await?;
    if !ledger.is_there(&connection).await? {
        return Ok(());
    }
    let entry = ledger.entry(&connection, &token).await?;
    match entry {
        Some(entry) if entry.state == State::Committed => Err(Error::Decided {
            table: prepared.table.to_string(),
            run: prepared.run.clone(),
        }),
        Some(_) => ledger.forget(&connection, &token).await,
        None => Ok(()),
    }
}

/// A session that owns a staging table, after whoever has owned it before.
async fn taken_over(database: &Postgres, prepared: &Prepared) -> Result<(Connection, Ledger, Token), Error> {
    let connection = database.connect().await?;
    let token = Token::new(&prepared.run, &prepared.sink);
    let doing = format!("waiting for the session that prepared run {}", prepared.run);
    connection
        .run(&doing, &format!("select pg_advisory_lock({})", token.lock()))
        .await?;
    Ok((connection, Ledger::beside(&prepared.table), token))
}

fn check_request(database: &Postgres, request: &LoadRequest) -> Result<(), Error> {
    let config = |subject: String, reason: &str| {
        Err(Error::Config {
            subject,
            reason: reason.to_owned(),
        })
    };
    if database.driver() == Driver::Redshift {
        return config(
            request.table.to_string(),
            "this build of Tenon does not write to Redshift; build with `--features redshift`",
        );
    }
    let name = &request.table;
    if name.table.len() > NAME_BYTES || name.schema.as_ref().is_some_and(|schema| schema.len() > NAME_BYTES) {
        return config(
            name.to_string(),
            "its name is longer than the 63 bytes that Postgres keeps",
        );
    }
    if name.table.starts_with(token::OWN) {
        return config(
            name.to_string(),
            "tables whose names begin with `_tenon_` are Tenon's own",
        );
    }
    Ok(())
}

/// Makes this session the owner of the run's staging table, and sweeps what others have left.
async fn own(keeper: &Connection, ledger: &Ledger, token: &Token, table: &TableName) -> Result<(), Error> {
    ledger.make(keeper).await?;
    let doing = format!("locking the staging table of {table}");
    let row = keeper
        .query_one(&doing, "select pg_try_advisory_lock($1)", &[&token.lock()])
        .await?;
    if !row.get::<_, bool>(0) {
        return Err(Error::Config {
            subject: table.to_string(),
            reason: format!(
                "another attempt at `{}` is writing to it; wait until it has ended",
                token.text
            ),
        });
    }
    let entry = ledger.entry(keeper, token).await?;
    if entry.is_some_and(|entry| entry.state == State::Committed) {
        return Err(Error::Decided {
            table: table.to_string(),
            run: token.text.clone(),
        });
    }
    ledger.sweep(keeper).await
}

/// Makes the staging table and notes it, both or neither.
async fn make_staging(
    keeper: &Connection,
    ledger: &Ledger,
    token: &Token,
    table: &TableName,
    plan: &Plan,
) -> Result<(), Error> {
    let staging = quoted(&table.beside(&token.staging));
    let statements = format!(
        "begin; {}; drop table if exists {staging}; create table {staging} ({}); commit",
        ledger.begun(token, table),
        plan.definitions.join(", ")
    );
    let doing = format!("creating a staging table for {table}");
    let made = keeper.run(&doing, &statements).await;
    if made.is_err() && keeper.is_idle() {
        keeper.run(&doing, "rollback").await?;
    }
    made
}

/// Columns that are to get a type that the configuration gives, as the server understands it.
async fn given(keeper: &Connection, request: &LoadRequest, name: &TableName) -> Result<Given, Error> {
    let Some(probe) = probe(request, name)? else {
        return Ok(Given::new());
    };
    let doing = format!("looking at the `types` for {name}");
    let probed: Result<Option<Table>, Error> = async {
        keeper.run(&doing, &format!("begin; {probe}")).await?;
        find(keeper, name).await
    }
    .await;
    if keeper.is_idle() {
        keeper.run(&doing, "rollback").await?;
    }
    let columns = probed?.map(|table| table.columns).unwrap_or_default();
    Ok(columns
        .into_iter()
        .map(|column| (column.name.clone(), column))
        .collect())
}
