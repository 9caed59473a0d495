//! A connection through the proxy.

use anyhow::{Context, Result};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use super::frames::{Column, Frame, Frames, columns, query, send};
use super::refusals::lacking;
use super::{Shared, copy, unload};

const CANCEL: u32 = 80_877_102;
const ENCRYPT: u32 = 80_877_103;
const VERSION: &str = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 \
                       (Red Hat 3.4.2-6.fc3), Redshift 1.0.77467";

/// A connection, with the server's side of it.
pub(super) struct Session<'a> {
    pub shared: &'a Shared,
    pub server: Frames,
    pub to_server: OwnedWriteHalf,
    to_client: OwnedWriteHalf,
    /// Rows of the last unload.
    pub unloaded: u64,
}

/// Serves a client until it goes.
pub(super) async fn serve(client: TcpStream, shared: &Shared) -> Result<()> {
    client.set_nodelay(true)?;
    let (from_client, mut to_client) = client.into_split();
    let mut client = Frames::new(from_client);
    let mut first = client.first().await?;
    if code(&first) == Some(ENCRYPT) {
        to_client.write_all(b"N").await?;
        first = client.first().await?;
    }
    let backend = TcpStream::connect(("127.0.0.1", shared.backend)).await?;
    backend.set_nodelay(true)?;
    let (from_server, mut to_server) = backend.into_split();
    let is_cancel = code(&first) == Some(CANCEL);
    let first = if is_cancel { first } else { with_options(&first) };
    to_server.write_u32(u32::try_from(first.len() + 4)?).await?;
    to_server.write_all(&first).await?;
    if is_cancel {
        return Ok(());
    }
    let mut session = Session {
        shared,
        server: Frames::new(from_server),
        to_server,
        to_client,
        unloaded: 0,
    };
    loop {
        tokio::select! {
            frame = client.next() => match frame? {
                Some(frame) => session.take(frame).await?,
                None => return Ok(()),
            },
            frame = session.server.next() => match frame? {
                Some(frame) => send(&mut session.to_client, &frame).await?,
                None => return Ok(()),
            },
        }
    }
}

fn code(first: &Bytes) -> Option<u32> {
    first.first_chunk::<4>().map(|code| u32::from_be_bytes(*code))
}

/// Has the server read backslashes in texts as Redshift does.
fn with_options(first: &Bytes) -> Bytes {
    let mut options = BytesMut::from(first.strip_suffix(&[0]).unwrap_or(first));
    options.put_slice(b"options\0-c standard_conforming_strings=off -c escape_string_warning=off\0\0");
    options.freeze()
}

impl Session<'_> {
    async fn take(&mut self, (tag, body): Frame) -> Result<()> {
        let frame = match tag {
            b'Q' => {
                let statement = String::from_utf8_lossy(body.strip_suffix(&[0]).unwrap_or(&body)).into_owned();
                let lower = statement.trim_start().to_lowercase();
                if lower.starts_with("unload") {
                    return self.answer(unload::Statement::parse(&statement)).await;
                }
                if lower.starts_with("copy") && lower.contains("'s3://") {
                    return self.answer(copy::Statement::parse(&statement)).await;
                }
                query(&self.rewritten(&statement))
            }
            b'P' => {
                // The statement's name, the statement, and the types of its parameters.
                let mut parts = body.splitn(3, |byte| *byte == 0);
                let name = parts.next().context("no name")?;
                let statement = String::from_utf8_lossy(parts.next().context("no statement")?).into_owned();
                let rest = parts.next().unwrap_or_default();
                let mut parse = BytesMut::from(name);
                parse.put_u8(0);
                parse.put_slice(self.rewritten(&statement).as_bytes());
                parse.put_u8(0);
                parse.put_slice(rest);
                (b'P', parse.freeze())
            }
            _ => (tag, body),
        };
        send(&mut self.to_server, &frame).await
    }

    /// A statement as PostgreSQL understands it; one that it does not understand, where Redshift would not.
    fn rewritten(&self, statement: &str) -> String {
        if let Some(word) = lacking(statement) {
            return format!("redshift_has_no \"{word}\"");
        }
        match statement.trim() {
            "select version()" => format!("select '{VERSION}'::text as version"),
            "select pg_last_unload_count()" => format!("select {}::bigint", self.unloaded),
            other => other.to_owned(),
        }
    }

    /// Carries out a statement of Redshift's own, and answers the client.
    async fn answer(&mut self, statement: Result<impl Own>) -> Result<()> {
        let done = match statement {
            Ok(statement) => statement.run(self).await,
            Err(error) => Err(error),
        };
        let frames = match done {
            Ok(frames) => frames,
            // The server says it, so that a transaction fails.
            Err(error) => {
                let message = format!("{error:#}").replace("$m$", "");
                let raise =
                    format!("do $r$ begin raise exception using message = $m${message}$m$, errcode = 'XX000'; end $r$");
                self.run(&raise).await?
            }
        };
        for frame in frames.iter().filter(|(tag, _)| matches!(tag, b'C' | b'E' | b'Z')) {
            send(&mut self.to_client, frame).await?;
        }
        Ok(())
    }

    /// What the server answers to a statement.
    pub async fn run(&mut self, statement: &str) -> Result<Vec<Frame>> {
        send(&mut self.to_server, &query(statement)).await?;
        self.rest().await
    }

    /// What the server sends until it is ready.
    pub async fn rest(&mut self) -> Result<Vec<Frame>> {
        let mut frames = Vec::new();
        loop {
            let frame = self.server.next().await?.context("the server is gone")?;
            let is_last = frame.0 == b'Z';
            frames.push(frame);
            if is_last {
                return Ok(frames);
            }
        }
    }

    /// The columns of a query; what the server says where it fails.
    pub async fn columns(&mut self, from: &str) -> Result<std::result::Result<Vec<Column>, Vec<Frame>>> {
        let frames = self.run(&format!("select * from {from} limit 0")).await?;
        let found = frames.iter().find(|(tag, _)| *tag == b'T');
        Ok(match found {
            Some((_, body)) => Ok(columns(body.clone())),
            None => Err(frames),
        })
    }
}

/// A statement that only Redshift has.
pub(super) trait Own {
    /// Carries it out. Answers with the messages of which the client is to see the end, or says why it fails.
    async fn run(self, session: &mut Session<'_>) -> Result<Vec<Frame>>;
}

/// Refuses those that may not use the bucket, as Redshift does: with what they have said.
pub(super) fn check_access(shared: &Shared, url: &str, rest: &str) -> Result<String> {
    let key = url
        .strip_prefix(&format!("s3://{}/", shared.bucket))
        .context("S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket")?;
    let own = format!(
        "access_key_id '{}' secret_access_key '{}'",
        shared.access_key, shared.secret_key
    );
    if !rest.contains("iam_role 'arn:") && !rest.contains("iam_role default") && !rest.contains(&own) {
        anyhow::bail!("S3ServiceException:Access Denied,Status 403,Error AccessDenied for {rest}");
    }
    Ok(key.to_owned())
}
