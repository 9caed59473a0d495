//! Files that are sent as they are read.

use std::io;
use std::path::Path;

use bytes::BytesMut;
use futures::stream;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, RequestBuilder};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::Error;

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// The request with the bytes of a file for its body, of which no more than a piece is in memory.
pub(crate) async fn streamed(request: RequestBuilder, path: &Path) -> Result<RequestBuilder, Error> {
    let unreadable = |source: io::Error| Error::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).await.map_err(unreadable)?;
    let metadata = file.metadata().await.map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(io::Error::other("it is not a file")));
    }
    // So that the server can say at once that it is too large.
    let length = metadata.len();
    // What is written to the file meanwhile is not a part of what was announced.
    let pieces = stream::try_unfold(file.take(length), |mut file| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut piece).await?;
        Ok::<_, io::Error>((read > 0).then(|| (piece.freeze(), file)))
    });
    Ok(request.header(CONTENT_LENGTH, length).body(Body::wrap_stream(pieces)))
}
