//! `UNLOAD`.

use anyhow::{Context, Result, ensure};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use serde_json::json;

use super::files::{parquet, rows};
use super::frames::Frame;
use super::refusals::{lacking, text};
use super::session::{Own, Session, check_access};

/// Rows in a file.
const FILE_ROWS: usize = 3000;

/// A statement, taken apart.
pub(super) struct Statement {
    query: String,
    to: String,
    rest: String,
}

impl Statement {
    pub fn parse(statement: &str) -> Result<Self> {
        let (_, quoted) = statement.split_once('(').context("syntax error in UNLOAD")?;
        let (query, rest) = text(quoted.trim_start()).context("unterminated quoted string")?;
        let rest = rest.trim_start().strip_prefix(')').context("syntax error in UNLOAD")?;
        let rest = rest
            .trim_start()
            .strip_prefix("to ")
            .context("syntax error in UNLOAD")?;
        let (to, rest) = text(rest.trim_start()).context("unterminated quoted string")?;
        ensure!(
            rest.contains("format as parquet manifest"),
            "only Parquet with a manifest is known here"
        );
        Ok(Self {
            query,
            to,
            rest: rest.to_owned(),
        })
    }
}

impl Own for Statement {
    async fn run(self, session: &mut Session<'_>) -> Result<Vec<Frame>> {
        let prefix = check_access(session.shared, &self.to, &self.rest)?;
        if let Some(word) = lacking(&self.query) {
            anyhow::bail!("syntax error at or near \"{word}\"");
        }
        ensure!(!is_limited(&self.query), "Limit clause is not supported");
        let columns = match session.columns(&format!("({}) u", self.query)).await? {
            Ok(columns) => columns,
            Err(refused) => return Ok(refused),
        };
        // What is written before an error stays.
        let store = session.shared.store.clone();
        store
            .put(&Path::from(format!("{prefix}0000_part_00.parquet")), "begun".into())
            .await?;
        let frames = session.run(&format!("copy ({}) to stdout", self.query)).await?;
        if frames.iter().any(|(tag, _)| *tag == b'E') {
            return Ok(frames);
        }
        let lines: Vec<_> = frames
            .iter()
            .filter(|(tag, _)| *tag == b'd')
            .map(|(_, line)| line)
            .collect();
        session.unloaded = lines.len() as u64;
        let mut entries = Vec::new();
        for (number, lines) in lines.chunks(FILE_ROWS).enumerate() {
            let content = parquet(&columns, &rows(lines, columns.len())?)?;
            let key = format!("{prefix}{number:04}_part_00.parquet");
            let url = format!("s3://{}/{key}", session.shared.bucket);
            entries.push(json!({ "url": url, "meta": { "content_length": content.len() } }));
            store.put(&Path::from(key), content.into()).await?;
        }
        if entries.is_empty() {
            store
                .delete(&Path::from(format!("{prefix}0000_part_00.parquet")))
                .await?;
        } else {
            let manifest = json!({ "entries": entries }).to_string();
            store
                .put(&Path::from(format!("{prefix}manifest")), manifest.into())
                .await?;
        }
        Ok(frames)
    }
}

/// Whether the statement itself, and not one within it, has a limit.
fn is_limited(query: &str) -> bool {
    let after = query.rsplit(')').next().unwrap_or_default();
    after.to_lowercase().contains(" limit ")
}
