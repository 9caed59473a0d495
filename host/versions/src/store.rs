//! Components and what is known of them, together.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenon_metadata::{Metadata, Name, Transaction, row};

use crate::version::{Version, VersionState, find, set_state, tell, version};
use crate::{Blobs, Digest, Error, Upload};

/// The removal of a component takes less than this; one that takes longer was that of a server that has died.
const REMOVAL: i64 = 10 * 60 * 1_000_000;
/// How often, and how long each time, an upload waits for the removal of the same bytes.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// Components that are removed at a time.
const TOGETHER: u32 = 100;
/// Characters of a label.
const LONGEST_LABEL: usize = 64;

/// Components and versions. Cheap to clone.
///
/// A component is announced in the database before it is in the store, and removed from the store before the database
/// forgets it: so nobody removes what somebody else is about to use, and nothing is left that nobody knows of.
#[derive(Clone, Debug)]
pub struct Store {
    metadata: Metadata,
    blobs: Arc<dyn Blobs>,
}

/// What is uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Whose it is.
    pub tenant: Name,
    /// The plugin.
    pub plugin: Name,
    /// What its makers call the version: `1.2.0`. At most 64 visible ASCII characters.
    pub label: Option<String>,
    /// Who uploads it.
    pub by: String,
    /// The digest that it must have.
    pub digest: Option<Digest>,
    /// The most that the tenant's components may take together, in bytes. Retired ones count until they are removed.
    pub most_bytes: Option<u64>,
}

/// What has become of an upload.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// The version, which is to be checked if it is [`VersionState::Uploaded`].
    pub version: Version,
    /// Whether there was none of the same bytes.
    pub is_new: bool,
}

/// What a collection of garbage has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Components that were removed.
    pub removed: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Components that could not be removed; the next collection tries again after a while.
    pub failed: u64,
}

impl Store {
    /// Uses a database with the tables of [`MIGRATIONS`](crate::MIGRATIONS), and a store.
    pub fn new(metadata: Metadata, blobs: Arc<dyn Blobs>) -> Self {
        Self { metadata, blobs }
    }

    /// Begins an upload of at most `limit` bytes. If it is dropped before it is [pushed](Self::push), nothing is left.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn begin(&self, limit: u64) -> Result<Upload, Error> {
        Upload::begin(&self.blobs.uploads(), limit).await
    }

    /// Makes an upload a version of a plugin. The same bytes are the same version, whoever uploads them and how often; one
    /// that was refused or retired can be checked again.
    ///
    /// # Errors
    /// [`Error::Mismatch`], [`Error::Quota`], [`Error::Invalid`], [`Error::Busy`], [`Error::Store`].
    pub async fn push(&self, upload: Upload, push: &Push) -> Result<Pushed, Error> {
        check_label(push.label.as_deref())?;
        let uploaded = upload.finish().await?;
        let (digest, size) = (uploaded.digest.clone(), uploaded.size);
        if let Some(expected) = push.digest.clone().filter(|expected| *expected != digest) {
            let found = digest;
            return Err(Error::Mismatch { expected, found });
        }
        if size == 0 {
            let (field, reason) = ("component", "is empty".to_owned());
            return Err(Error::Invalid { field, reason });
        }
        self.announce(push, &digest, size).await?;
        self.blobs.keep(uploaded).await?;
        let push = push.clone();
        self.metadata.write(move |tx| register(tx, &push, &digest, size)).await
    }

    /// The bytes of a component, whose digest has been checked.
    ///
    /// # Errors
    /// [`Error::Gone`], [`Error::Damaged`], [`Error::Store`].
    pub async fn read(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        self.blobs.read(digest).await
    }

    /// Removes components that no version that is in use, no alias and no run needs, and that nobody has needed or uploaded
    /// for `grace`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn collect(&self, grace: Duration) -> Result<Collected, Error> {
        let grace = i64::try_from(grace.as_micros()).unwrap_or(i64::MAX);
        let mut collected = Collected::default();
        loop {
            let marked = self.metadata.write(move |tx| mark(tx, grace)).await?;
            let is_last = marked.len() < TOGETHER as usize;
            for Marked { digest, size, since } in marked {
                if let Err(error) = self.blobs.remove(&digest).await {
                    tracing::warn!(%digest, %error, "a component cannot be removed");
                    collected.failed += 1;
                    continue;
                }
                self.metadata.write(move |tx| forget(tx, &digest, since)).await?;
                collected.removed += 1;
                collected.bytes += size;
            }
            if is_last {
                return Ok(collected);
            }
        }
    }

    async fn announce(&self, push: &Push, digest: &Digest, size: u64) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let (push, announced) = (push.clone(), digest.clone());
            let result = self.metadata.write(move |tx| announce(tx, &push, &announced, size));
            match result.await {
                Err(Error::Busy { .. }) => tokio::time::sleep(PAUSE).await,
                result => return result,
            }
        }
        let digest = digest.clone();
        Err(Error::Busy { digest })
    }
}

fn check_label(label: Option<&str>) -> Result<(), Error> {
    let Some(label) = label else { return Ok(()) };
    if !label.is_empty() && label.len() <= LONGEST_LABEL && label.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = format!("needs 1 to {LONGEST_LABEL} visible ASCII characters");
    Err(Error::Invalid { field: "label", reason })
}

/// Says that a component is about to be in the store, so that it is not removed.
fn announce(tx: &mut Transaction<'_>, push: &Push, digest: &Digest, size: u64) -> Result<(), Error> {
    let row = tx.one(
        "select coalesce(sum(b.size), 0) from plugin_blobs b
         where b.digest <> ?2 and exists (select 1 from plugin_versions v where v.tenant = ?1 and v.digest = b.digest)",
        row![&push.tenant, digest.as_str()],
    )?;
    let bytes = row.get::<u64>(0)?.saturating_add(size);
    if let Some(limit) = push.most_bytes.filter(|limit| bytes > *limit) {
        let tenant = push.tenant.to_string();
        return Err(Error::Quota { tenant, bytes, limit });
    }
    let now = tx.now();
    let kept = tx.execute(
        "insert into plugin_blobs (digest, size, touched) values (?1, ?2, ?3)
         on conflict (digest) do update set touched = excluded.touched, removing = null
             where plugin_blobs.removing is null or plugin_blobs.removing < ?4",
        row![digest.as_str(), size, now, now.saturating_sub(REMOVAL)],
    )?;
    if kept == 1 {
        return Ok(());
    }
    let digest = digest.clone();
    Err(Error::Busy { digest })
}

/// Makes a component that is in the store a version, unless it is one.
fn register(tx: &mut Transaction<'_>, push: &Push, digest: &Digest, size: u64) -> Result<Pushed, Error> {
    let Push { tenant, plugin, .. } = push;
    let is_there = tx.first(
        "select 1 from plugin_blobs where digest = ?1 and removing is null",
        row![digest.as_str()],
    )?;
    if is_there.is_none() {
        // It has taken longer to keep it than garbage is left alone.
        let digest = digest.clone();
        return Err(Error::Busy { digest });
    }
    if let Some(found) = find(tx, tenant, plugin, digest)? {
        let number = found.version;
        if matches!(found.state, VersionState::Refused | VersionState::Retired) {
            set_state(tx, tenant, plugin, number, VersionState::Uploaded, None)?;
        }
        let (version, is_new) = (version(tx, tenant, plugin, number)?, false);
        return Ok(Pushed { version, is_new });
    }
    let row = tx.one(
        "select coalesce(max(version), 0) + 1 from plugin_versions where tenant = ?1 and plugin = ?2",
        row![tenant, plugin],
    )?;
    let (number, now): (i64, i64) = (row.get(0)?, tx.now());
    tx.execute(
        "insert into plugin_versions (tenant, plugin, version, label, digest, size, state, rolled_back, uploaded_by,
             uploaded_at, changed_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?9)",
        row![
            tenant,
            plugin,
            number,
            push.label.as_deref(),
            digest.as_str(),
            size,
            VersionState::Uploaded.as_str(),
            push.by.as_str(),
            now
        ],
    )?;
    crate::version::changed(tx, tenant, plugin);
    let data = json!({ "version": number, "label": push.label, "digest": digest, "bytes": size, "by": push.by });
    tell(tx, "plugin.uploaded", tenant, plugin, data)?;
    let (version, is_new) = (version(tx, tenant, plugin, number)?, true);
    Ok(Pushed { version, is_new })
}

/// A component that is about to be removed.
struct Marked {
    digest: Digest,
    size: u64,
    /// The mark.
    since: i64,
}

/// Marks components that nobody needs; from then on they are not to be had. Also those that a server which has died was
/// about to remove.
fn mark(tx: &mut Transaction<'_>, grace: i64) -> Result<Vec<Marked>, Error> {
    let now = tx.now();
    let rows = tx.query(
        "update plugin_blobs set removing = ?1 where digest in (
             select b.digest from plugin_blobs b
             where b.touched <= ?2 and (b.removing is null or b.removing < ?3)
                 and not exists (select 1 from plugin_versions v
                     where v.digest = b.digest and v.state in ('uploaded', 'checking', 'ready'))
                 and not exists (select 1 from plugin_aliases a
                     join plugin_versions v on v.tenant = a.tenant and v.plugin = a.plugin
                         and (v.version = a.version or v.version = a.canary)
                     where v.digest = b.digest)
                 and not exists (select 1 from plugin_pins p where p.digest = b.digest)
             limit ?4
         ) returning digest, size",
        row![now, now.saturating_sub(grace), now.saturating_sub(REMOVAL), TOGETHER],
    )?;
    let marked = rows.iter().map(|row| {
        Ok(Marked {
            digest: row.get::<String>(0)?.parse()?,
            size: row.get(1)?,
            since: now,
        })
    });
    marked.collect()
}

fn forget(tx: &mut Transaction<'_>, digest: &Digest, since: i64) -> Result<(), Error> {
    tx.execute(
        "delete from plugin_blobs where digest = ?1 and removing = ?2",
        row![digest.as_str(), since],
    )?;
    Ok(())
}
