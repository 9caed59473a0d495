//! Reading a part: a statement's rows as batches.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt, stream};
use tokio_postgres::Statement;

use super::copy::Decoder;
use super::copying::Copying;
use super::cursor::Cursor;
use super::describe::{changed, is_change};
use super::scan::{Plan, retyped};
use super::session::Session;
use super::wire::Wire;
use super::{Connection, Postgres, Running};
use crate::{Batches, Driver, Error};

/// Rows of a batch of those that are few.
const FEW: usize = 1024;

/// The batches of a part.
pub(super) fn read(plan: Arc<Plan>, part: usize) -> Batches {
    #[cfg(feature = "redshift")]
    if plan.unload.is_some() {
        return super::redshift::read(plan, part);
    }
    let first = async move {
        let session = plan.snapshot.begin().await?;
        let statement = plan.statements.get(part).cloned().unwrap_or_default();
        let doing = format!("reading {}", plan.relation);
        if plan.wires.is_empty() {
            let batches = count(&session, &doing, &statement, &plan).await?;
            finish(session).await;
            return Ok(stream::iter(batches.into_iter().map(Ok)).boxed());
        }
        check(&session, &plan, &doing, &statement).await?;
        let rows = Rows::begin(&plan, &session, doing, &statement).await?;
        let reading = Some(Reader { rows, session });
        Ok(stream::try_unfold(reading, Reader::next).boxed())
    };
    stream::once(first).try_flatten().boxed()
}

/// That the columns are still what they were. From now on nobody can change them.
pub(super) async fn check(session: &Session, plan: &Plan, doing: &str, statement: &str) -> Result<(), Error> {
    let running = session.running();
    let prepared = session.client().prepare(statement).await;
    running.end();
    let prepared: Statement = prepared.map_err(|error| match session.failed(doing, &error) {
        Error::Refused { message, code, .. } if code.as_deref().is_some_and(is_change) => {
            changed(&plan.relation, &message)
        }
        other => other,
    })?;
    for (index, column) in prepared.columns().iter().enumerate() {
        let found = plan.database.reading(column.type_(), column.type_modifier());
        let wire = plan.wires.get(index);
        // Bytes that Redshift has written as text.
        let is_written = wire == Some(&Wire::Binary) && found.wire == Wire::Text;
        if (wire != Some(&found.wire) && !is_written) || found.cast.is_some() {
            let expected = plan
                .wires
                .get(index)
                .map(|wire| wire.arrow().to_string())
                .unwrap_or_default();
            return Err(retyped(
                &plan.relation,
                column.name(),
                column.type_(),
                &found.wire,
                &expected,
            ));
        }
    }
    Ok(())
}

/// Ends the transaction, so that the connection can be used for something else.
async fn finish(mut session: Session) {
    if session.run("ending a transaction", "commit").await.is_ok() {
        session.set_in_transaction(false);
    }
}

struct Reader {
    rows: Rows,
    session: Session,
}

impl Reader {
    async fn next(reader: Option<Self>) -> Result<Option<(RecordBatch, Option<Self>)>, Error> {
        let Some(mut reader) = reader else { return Ok(None) };
        if let Some(batch) = reader.rows.next(&reader.session).await? {
            return Ok(Some((batch, Some(reader))));
        }
        finish(reader.session).await;
        Ok(None)
    }
}

/// The rows of a statement, in the way that the database has.
enum Rows {
    Copied(Box<Copy>),
    Fetched(Cursor),
}

impl Rows {
    async fn begin(plan: &Plan, connection: &Connection, doing: String, statement: &str) -> Result<Self, Error> {
        let (relation, schema) = (plan.relation.clone(), Arc::clone(&plan.schema));
        if plan.database.driver() == Driver::Redshift {
            let cursor = Cursor::begin(connection, relation, statement, schema, plan.batch_rows).await?;
            return Ok(Self::Fetched(cursor));
        }
        let decoder = Decoder::new(relation, schema, plan.wires.clone(), plan.batch_rows);
        Ok(Self::Copied(Box::new(
            Copy::begin(connection, doing, statement, decoder).await?,
        )))
    }

    async fn next(&mut self, connection: &Connection) -> Result<Option<RecordBatch>, Error> {
        match self {
            Self::Copied(copy) => copy.next(connection).await,
            Self::Fetched(cursor) => cursor.next(connection).await,
        }
    }
}

/// A statement whose rows are being copied from the server.
pub(super) struct Copy {
    doing: String,
    decoder: Decoder,
    /// None once the statement has ended, so that the driver has the socket again.
    copying: Option<(Copying, Running)>,
}

impl Copy {
    /// Begins. That the statement is a single one, its caller has let the server see.
    pub async fn begin(
        connection: &Connection,
        doing: String,
        statement: &str,
        decoder: Decoder,
    ) -> Result<Self, Error> {
        let running = connection.running();
        let socket = match connection.socket().await {
            Ok(socket) => socket,
            Err(error) => {
                running.end();
                return Err(connection.failed(&doing, &error));
            }
        };
        let statement = format!("copy ({statement}) to stdout (format binary)");
        match Copying::begin(socket, &statement).await {
            Ok(copying) => Ok(Self {
                doing,
                decoder,
                copying: Some((copying, running)),
            }),
            Err(error) => Err(connection.lost(&doing, error.to_string())),
        }
    }

    /// The next rows; none at the end.
    pub async fn next(&mut self, connection: &Connection) -> Result<Option<RecordBatch>, Error> {
        while let Some((copying, _)) = &mut self.copying {
            if let Some(batch) = self.decoder.full()? {
                return Ok(Some(batch));
            }
            match copying.read(connection, &self.doing, &mut self.decoder).await {
                Ok(true) => {}
                Ok(false) => self.end(),
                Err(error) => {
                    // A connection that is lost, or not understood, is not to be used for anything else.
                    if !matches!(error, Error::Lost { .. }) {
                        self.end();
                    }
                    return Err(error);
                }
            }
        }
        self.decoder.rest()
    }

    fn end(&mut self) {
        if let Some((copying, running)) = self.copying.take() {
            drop(copying);
            running.end();
        }
    }
}

/// Batches without columns, of as many rows as there are.
async fn count(session: &Session, doing: &str, statement: &str, plan: &Plan) -> Result<Vec<RecordBatch>, Error> {
    let statement = format!("select count(*) from ({statement}) as rows");
    let count = session.text(doing, &statement).await?;
    let mut left: usize = count.parse().unwrap_or(0);
    let mut batches = Vec::with_capacity(left.div_ceil(plan.batch_rows));
    while left > 0 {
        let rows = left.min(plan.batch_rows);
        batches.push(without_columns(&plan.schema, rows)?);
        left -= rows;
    }
    Ok(batches)
}

fn without_columns(schema: &SchemaRef, rows: usize) -> Result<RecordBatch, Error> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), Vec::new(), &options).map_err(|error| Error::Mismatch {
        table: "rows without columns".to_owned(),
        reason: error.to_string(),
    })
}

/// The first rows of a statement that has few.
pub(super) async fn few(
    database: &Postgres,
    session: &mut Session,
    relation: String,
    statement: &str,
    schema: SchemaRef,
    wires: Vec<Wire>,
) -> Result<Option<RecordBatch>, Error> {
    let doing = format!("reading {relation}");
    if database.driver() != Driver::Redshift {
        return Ok(all(session, doing, statement, schema, wires).await?.into_iter().next());
    }
    session.set_in_transaction(true);
    session.run(&doing, "begin read only").await?;
    let mut cursor = Cursor::begin(session, relation, statement, schema, FEW).await?;
    let rows = cursor.next(session).await?;
    session.run(&doing, "commit").await?;
    session.set_in_transaction(false);
    Ok(rows)
}

/// All rows of a statement that is copied and has few.
pub(super) async fn all(
    connection: &Connection,
    doing: String,
    statement: &str,
    schema: SchemaRef,
    wires: Vec<Wire>,
) -> Result<Vec<RecordBatch>, Error> {
    let decoder = Decoder::new(doing.clone(), schema, wires, FEW);
    let mut copy = Copy::begin(connection, doing, statement, decoder).await?;
    let mut batches = Vec::new();
    while let Some(batch) = copy.next(connection).await? {
        batches.push(batch);
    }
    Ok(batches)
}
