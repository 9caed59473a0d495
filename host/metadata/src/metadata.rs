//! The database, opened.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::oneshot;

use crate::migrations::{self, Migrations};
use crate::notices::{Notices, Subscription};
use crate::place::{Place, shown};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::work::{Asked, Task};
use crate::{Clock, Error, Settings, Transaction};

/// The database. Cheap to clone; closed when the last clone is dropped, after what was asked of it before is done.
#[derive(Clone, Debug)]
pub struct Metadata(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backend: Backend,
    clock: Clock,
    notices: Notices,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// As `Write`, without waiting for the disk.
    Soon,
    /// To write as nobody else does so, in this or another server.
    Migrate,
}

impl Access {
    /// For errors: the database cannot be ...
    pub fn doing(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write | Self::Soon | Self::Migrate => "written",
        }
    }
}

/// What has been done since the database was opened here.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub changes: AtomicU64,
    pub commits: AtomicU64,
    pub repeated: AtomicU64,
}

impl Counts {
    pub fn committed(&self, changes: usize, flushed: bool) {
        self.commits.fetch_add(u64::from(flushed), Ordering::Relaxed);
        self.changes.fetch_add(changes as u64, Ordering::Relaxed);
    }

    pub fn repeated(&self) {
        self.repeated.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the database has done since it was opened here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Changes that were committed.
    pub changes: u64,
    /// Commits that have waited for the disk. With SQLite fewer than changes, as many are committed together.
    pub commits: u64,
    /// Changes that were made again because others collided with them, or failed together with them.
    pub repeated: u64,
    /// Changes and looks that wait now.
    pub waiting: usize,
}

impl Metadata {
    /// Opens the database, makes it if it is a file that is not there, checks a file that is, and brings its tables to
    /// this program's version, in the order given. Servers that do so at once wait for one another.
    ///
    /// # Errors
    /// [`Error::Open`], [`Error::Newer`], [`Error::Unavailable`].
    pub async fn open(settings: &Settings, components: &[Migrations]) -> Result<Self, Error> {
        let (notices, counts) = (Notices::default(), Arc::new(Counts::default()));
        let place = Place::of(&settings.url)?;
        let backend = {
            let (settings, notices, counts) = (settings.clone(), notices.clone(), Arc::clone(&counts));
            aside("metadata-open", move || match place {
                Place::File(path) => Sqlite::open(&path, &settings, notices, &counts).map(Backend::Sqlite),
                Place::Postgres => Postgres::open(&settings, &notices, &counts).map(Backend::Postgres),
            })
            .await?
        };
        let metadata = Self(Arc::new(Inner {
            backend,
            clock: settings.clock.clone(),
            notices,
            counts,
        }));
        let place = shown(&settings.url);
        let components = components.to_vec();
        metadata
            .ask(Access::Migrate, move |tx| {
                components
                    .iter()
                    .try_for_each(|component| migrations::upgrade(tx, &place, component))
            })
            .await?;
        Ok(metadata)
    }

    /// Changes something. What `change` does is committed if it answers `Ok`, and undone otherwise; once the future is
    /// ready, it is durable. `change` may be called more than once. Dropping the future does not take it back.
    ///
    /// # Errors
    /// What `change` answers, or what the database says. After [`Error::Unavailable`] it may be committed all the same
    /// if the connection to PostgreSQL broke during the commit, which the error says then.
    pub async fn write<T, E>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.ask(Access::Write, change).await
    }

    /// As [`write`](Self::write), for what only concerns this program: SQLite does not wait for the disk. It is there for
    /// everybody, and after the end of this program however it ends, but is lost if the machine breaks down before
    /// something else is written. With PostgreSQL the same as [`write`](Self::write), as its server can break down alone.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn write_soon<T, E>(
        &self,
        change: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.ask(Access::Soon, change).await
    }

    /// Looks at something, as it is at one moment. To change something is refused.
    ///
    /// # Errors
    /// What `look` answers, or what the database says.
    pub async fn read<T, E>(
        &self,
        look: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.ask(Access::Read, look).await
    }

    /// As [`read`](Self::read), for a few rows that are found by their keys: to hand that to another thread would take longer
    /// than to do it. With PostgreSQL the same as [`read`](Self::read).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn glance<T, E>(
        &self,
        look: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.ask_for(Access::Read, look, Sqlite::glance).await
    }

    async fn ask<T, E>(
        &self,
        access: Access,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.ask_for(access, work, Sqlite::ask).await
    }

    async fn ask_for<T, E>(
        &self,
        access: Access,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
        of_sqlite: fn(&Sqlite, Asked) -> Result<(), Error>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (task, asked) = Task::new(work);
        let task = Asked {
            access,
            work: Box::new(task),
        };
        match &self.0.backend {
            Backend::Sqlite(sqlite) => of_sqlite(sqlite, task)?,
            Backend::Postgres(postgres) => postgres.ask(task)?,
        }
        asked.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// What changes of this topic tell from now on.
    pub fn subscribe(&self, topic: &str) -> Subscription {
        self.0.notices.subscribe(topic)
    }

    /// Copies the database, as it is at one moment and while it is in use, to a new file, which is one that can be
    /// opened. Only SQLite's; PostgreSQL has `pg_dump --format=custom`.
    ///
    /// # Errors
    /// [`Error::Backup`]: also when the file is there already.
    pub async fn backup(&self, path: &Path) -> Result<(), Error> {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => {
                let (from, to) = (sqlite.path().to_owned(), path.to_owned());
                aside("metadata-backup", move || crate::sqlite::backup(&from, &to)).await
            }
            Backend::Postgres(_) => Err(Error::Backup {
                to: path.display().to_string(),
                reason: "a database of PostgreSQL is backed up with `pg_dump --format=custom`".to_owned(),
            }),
        }
    }

    /// What the database has done since it was opened here.
    pub fn statistics(&self) -> Statistics {
        let Inner { backend, counts, .. } = &*self.0;
        Statistics {
            changes: counts.changes.load(Ordering::Relaxed),
            commits: counts.commits.load(Ordering::Relaxed),
            repeated: counts.repeated.load(Ordering::Relaxed),
            waiting: match backend {
                Backend::Sqlite(sqlite) => sqlite.waiting(),
                Backend::Postgres(postgres) => postgres.waiting(),
            },
        }
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

/// Does something that blocks, on a thread of its own: the caller's runtime may have no other.
async fn aside<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (answer, asked) = oneshot::channel();
    spawn(name, move || {
        let _ = answer.send(work());
    })?;
    asked.await.unwrap_or(Err(Error::Panicked))
}

/// Starts a thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| Error::Unavailable {
        doing: "used",
        reason: format!("no thread can be started: {error}"),
    })
}
