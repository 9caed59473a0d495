//! `COPY` from S3.

use anyhow::{Context, Result, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::Value;

use super::files::{check_types, lines};
use super::frames::{Frame, query, send};
use super::refusals::text;
use super::session::{Own, Session, check_access};

/// A statement, taken apart.
pub(super) struct Statement {
    table: String,
    from: String,
    rest: String,
}

impl Statement {
    pub fn parse(statement: &str) -> Result<Self> {
        let (table, rest) = statement.split_once(" from '").context("syntax error in COPY")?;
        let table = table.trim_start().get(4..).context("syntax error in COPY")?;
        let rest = format!("'{rest}");
        let (from, rest) = text(&rest).context("unterminated quoted string")?;
        ensure!(
            rest.trim_end().ends_with("format as parquet manifest"),
            "only Parquet with a manifest is known here"
        );
        Ok(Self {
            table: table.trim().to_owned(),
            from,
            rest: rest.to_owned(),
        })
    }
}

impl Own for Statement {
    async fn run(self, session: &mut Session<'_>) -> Result<Vec<Frame>> {
        let manifest = check_access(session.shared, &self.from, &self.rest)?;
        let columns = match session.columns(&self.table).await? {
            Ok(columns) => columns,
            Err(refused) => return Ok(refused),
        };
        let store = session.shared.store.clone();
        let get = async |key: &str| Ok::<Bytes, anyhow::Error>(store.get(&Path::parse(key)?).await?.bytes().await?);
        let manifest: Value = serde_json::from_slice(&get(&manifest).await?)?;
        let mut data = BytesMut::new();
        for entry in manifest["entries"].as_array().context("Invalid manifest")? {
            let url = entry["url"].as_str().context("Invalid manifest")?;
            let file = get(&check_access(session.shared, url, &self.rest)?).await?;
            let length = entry["meta"]["content_length"].as_u64();
            ensure!(
                length == Some(file.len() as u64),
                "Invalid content length in manifest for {url}"
            );
            check_types(url, file.clone(), &columns)?;
            for line in lines(file)? {
                data.put_slice(line.as_bytes());
            }
        }
        send(
            &mut session.to_server,
            &query(&format!("copy {} from stdin", self.table)),
        )
        .await?;
        let (tag, _) = session.server.next().await?.context("the server is gone")?;
        if tag != b'G' {
            return session.rest().await;
        }
        send(&mut session.to_server, &(b'd', data.freeze())).await?;
        send(&mut session.to_server, &(b'c', Bytes::new())).await?;
        session.rest().await
    }
}
