//! Sending rows while more of them are encoded.
//!
//! The server reads a piece of what it loads while the next one is made, and neither waits for the other: a task of its own
//! has the connection. What is loaded in one statement is bounded, since the server keeps a statement's changes until it
//! ends, and clusters refuse those that are too large.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::DataType;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use mysql_async::Error as Failure;
use mysql_async::prelude::Queryable;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::Error;
use crate::mysql::dialect::MySqlDialect;
use crate::mysql::failure::{during, is_of_rows};
use crate::mysql::session::{Session, number, text};
use crate::mysql::write::encode::Form;
use crate::mysql::write::writer::Destination;
use crate::sql::Dialect;

/// Bytes that are handed to the connection at once: some packets, and little memory.
const PIECE: usize = 256 << 10;

/// Pieces that wait for the connection, so that whoever encodes rows and the server do not wait for each other.
const AHEAD: usize = 8;

/// Bytes to a statement that inserts rows by their literals: enough for it to be worth its cost.
const INSERT: usize = 4 << 20;

/// Bytes to a statement that loads rows, about. Clusters refuse transactions of some 100 MB.
const STATEMENT: usize = 32 << 20;

/// How long a statement waits for more rows before it ends without them. Those that wait longer hold back what the server
/// could clean up, and are stopped by `statement_timeout`.
const PATIENCE: Duration = Duration::from_secs(1);

/// The server or this user may not take rows from the client: `local_infile` is off.
const NO_INFILE: [u16; 4] = [1148, 3948, 3950, 4166];

/// What is read of a statement's rows.
type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// A connection that takes rows.
pub(crate) struct Sending {
    /// How rows are written.
    pub(crate) form: Form,
    /// Bytes to hand over at once.
    pub(crate) piece: usize,
    /// None once it has ended.
    pieces: Option<mpsc::Sender<Bytes>>,
    task: Option<JoinHandle<Result<(), Error>>>,
}

impl Sending {
    /// Connects, and finds out how this server takes rows.
    pub(crate) async fn begin(destination: &Arc<Destination>) -> Result<Self, Error> {
        let mut session = Session::open(&destination.target).await?;
        let (form, piece) = match load(&mut session, destination, || stream::empty().boxed()).await {
            Ok(()) => (Form::Lines, PIECE),
            Err(Failure::Server(error)) if NO_INFILE.contains(&error.code) => {
                let doing = "to say how large statements may be";
                let limit = session.rows("select @@max_allowed_packet", doing).await?;
                let limit = limit.first().and_then(|row| number(row, 0)).unwrap_or(1 << 20);
                (Form::Literals, INSERT.min(limit as usize / 4))
            }
            Err(failure) => return Err(failed(destination, failure)),
        };
        let (pieces, rows) = mpsc::channel(if form == Form::Lines { AHEAD } else { 1 });
        Ok(Self {
            form,
            piece,
            pieces: Some(pieces),
            task: Some(tokio::spawn(fill(session, Arc::clone(destination), form, rows))),
        })
    }

    /// Hands over whole rows, and waits where there are too many that the server has not taken.
    pub(crate) async fn send(&mut self, rows: Vec<u8>) -> Result<(), Error> {
        if let Some(pieces) = &self.pieces
            && pieces.send(Bytes::from(rows)).await.is_ok()
        {
            return Ok(());
        }
        self.end().await
    }

    /// Waits until the server has all rows.
    pub(crate) async fn end(&mut self) -> Result<(), Error> {
        self.pieces = None;
        let ended = match self.task.take() {
            Some(task) => task.await.map_err(|panicked| panicked.to_string()),
            None => Err("it has ended before".to_owned()),
        };
        ended.unwrap_or_else(|reason| {
            Err(Error::Config {
                subject: "a connection that rows are sent to".to_owned(),
                reason,
            })
        })
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        // With the connection the statement ends that nobody waits for any more.
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Fills the staging table until no more rows come.
async fn fill(
    mut session: Session,
    destination: Arc<Destination>,
    form: Form,
    rows: mpsc::Receiver<Bytes>,
) -> Result<(), Error> {
    let rows = Arc::new(Mutex::new(rows));
    loop {
        // Not in the condition of a loop, which would keep it locked.
        let next = rows.lock().await.recv().await;
        let Some(first) = next else {
            return Ok(());
        };
        let done = match form {
            Form::Lines => {
                let rows = Arc::clone(&rows);
                load(&mut session, &destination, move || pieces(first, rows)).await
            }
            Form::Literals => insert(&mut session, &destination, &first).await,
        };
        done.map_err(|failure| failed(&destination, failure))?;
        warned(&mut session, &destination).await?;
    }
}

/// A piece and those that follow it, as far as they belong to the same statement.
fn pieces(first: Bytes, rows: Arc<Mutex<mpsc::Receiver<Bytes>>>) -> Pieces {
    let state = (Some(first), STATEMENT, rows);
    stream::unfold(state, |(first, left, rows)| async move {
        let piece = match first {
            Some(first) => first,
            None if left == 0 => return None,
            None => timeout(PATIENCE, async { rows.lock().await.recv().await })
                .await
                .ok()??,
        };
        let left = left.saturating_sub(piece.len());
        Some((Ok(piece), (None, left, rows)))
    })
    .boxed()
}

fn failed(destination: &Destination, failure: Failure) -> Error {
    match failure {
        Failure::Server(error) if is_of_rows(error.code) => Error::Constraint {
            table: destination.table.to_string(),
            message: error.message,
        },
        other => during(
            &destination.target,
            &format!("to write to {}", destination.table),
            other,
        ),
    }
}

/// A file that the client sends takes no values but what it warns of, which here is an error.
async fn warned(session: &mut Session, destination: &Destination) -> Result<(), Error> {
    if session.connection.get_warnings() == 0 {
        return Ok(());
    }
    let warnings = session.rows("show warnings limit 1", "to say what it warns of").await?;
    let message = warnings.first().and_then(|row| text(row, 2)).unwrap_or_default();
    Err(Error::Constraint {
        table: destination.table.to_string(),
        message,
    })
}

async fn load(
    session: &mut Session,
    destination: &Destination,
    rows: impl FnOnce() -> Pieces + Send + Sync + 'static,
) -> Result<(), Failure> {
    let (mut fields, mut set) = (Vec::new(), Vec::new());
    for (index, (column, field)) in destination.staged.iter().zip(destination.schema.fields()).enumerate() {
        let name = MySqlDialect.quote(&column.name);
        let conversion = if is_binary(field.data_type()) {
            "unhex"
        } else if column.definition.starts_with("bit") {
            // Text would be taken for the bits themselves.
            "0 + "
        } else {
            fields.push(name);
            continue;
        };
        fields.push(format!("@v{index}"));
        set.push(format!("{name} = {conversion}(@v{index})"));
    }
    let set = if set.is_empty() {
        String::new()
    } else {
        format!(" set {}", set.join(", "))
    };
    let sql = format!(
        "load data local infile 'rows' into table {} character set utf8mb4 \
         fields terminated by '\\t' escaped by '\\\\' lines terminated by '\\n' ({}){set}",
        MySqlDialect.table(&destination.staging),
        fields.join(", ")
    );
    session.connection.set_infile_handler(async move { Ok(rows()) });
    session.attempt(&sql).await
}

async fn insert(session: &mut Session, destination: &Destination, rows: &[u8]) -> Result<(), Failure> {
    let names = MySqlDialect.quote_all(destination.staged.iter().map(|column| &column.name));
    let mut sql = format!(
        "insert into {} ({names}) values ",
        MySqlDialect.table(&destination.staging)
    )
    .into_bytes();
    sql.extend_from_slice(rows);
    session.connection.query_drop(sql).await
}

fn is_binary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_binary(values),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => true,
        _ => false,
    }
}
