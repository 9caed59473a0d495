//! Messages of PostgreSQL's protocol.

use anyhow::{Context, Result, bail};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A message: its tag and what it holds.
pub(super) type Frame = (u8, Bytes);

/// Messages of one side.
pub(super) struct Frames {
    stream: OwnedReadHalf,
    buffer: BytesMut,
}

impl Frames {
    pub fn new(stream: OwnedReadHalf) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
        }
    }

    /// The next message; none at the end. Can be given up and asked for again.
    pub async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            if let Some(header) = self.buffer.get(..5) {
                let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
                if self.buffer.len() > length {
                    let mut frame = self.buffer.split_to(length + 1).freeze();
                    let tag = frame.get_u8();
                    frame.advance(4);
                    return Ok(Some((tag, frame)));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The first message of a connection, which has no tag.
    pub async fn first(&mut self) -> Result<Bytes> {
        loop {
            if let Some(header) = self.buffer.first_chunk::<4>() {
                let length = u32::from_be_bytes(*header) as usize;
                if self.buffer.len() >= length {
                    return Ok(self.buffer.split_to(length).freeze().slice(4..));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the client is gone");
            }
        }
    }
}

/// Sends a message.
pub(super) async fn send(to: &mut OwnedWriteHalf, (tag, body): &Frame) -> Result<()> {
    let mut out = BytesMut::with_capacity(body.len() + 5);
    out.put_u8(*tag);
    out.put_u32(u32::try_from(body.len() + 4).context("too long a message")?);
    out.put_slice(body);
    Ok(to.write_all(&out).await?)
}

/// The message that runs statements.
pub(super) fn query(sql: &str) -> Frame {
    let mut body = BytesMut::from(sql.as_bytes());
    body.put_u8(0);
    (b'Q', body.freeze())
}

/// A column of an answer.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    pub oid: u32,
    pub modifier: i32,
}

/// The columns of an answer.
pub(super) fn columns(mut body: Bytes) -> Vec<Column> {
    let count = body.get_u16();
    let column = |_| {
        let end = body.iter().position(|byte| *byte == 0).unwrap_or(0);
        let name = String::from_utf8_lossy(&body.split_to(end)).into_owned();
        body.advance(1 + 6);
        let oid = body.get_u32();
        body.advance(2);
        let modifier = body.get_i32();
        body.advance(2);
        Column { name, oid, modifier }
    };
    (0..count).map(column).collect()
}
