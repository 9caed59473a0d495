//! How older databases become newer ones.

use crate::{Error, Transaction, row};

/// The tables of a component, as steps from each version to the next. Never change a step; add another.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// Whose tables: "runs".
    pub component: &'static str,
    /// The statement, or statements separated by `;`, that bring version n to version n + 1. The tokens `{id}`, a primary
    /// key that the database counts up, and `{blob}`, the type of bytes, stand for what differs between databases.
    pub steps: &'static [&'static str],
}

/// Brings a component's tables to this program's version.
pub(crate) fn upgrade(tx: &mut Transaction<'_>, place: &str, migrations: &Migrations) -> Result<(), Error> {
    let component = migrations.component;
    let known = migrations.steps.len();
    tx.batch("create table if not exists migrations (component text primary key, version bigint not null)")?;
    let row = tx.first(
        "select version from migrations where component = ?1 {for_update}",
        row![component],
    )?;
    let version: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    let Ok(from) = usize::try_from(version).map(|version| version.min(known + 1)) else {
        return Err(Error::Statement {
            reason: format!("`{component}` has version {version}"),
        });
    };
    if from > known {
        return Err(Error::Newer {
            place: place.to_owned(),
            component: component.to_owned(),
            found: version,
            known: known as i64,
        });
    }
    for step in &migrations.steps[from..] {
        tx.batch(step)?;
    }
    if from < known {
        tx.execute(
            "insert into migrations (component, version) values (?1, ?2)
             on conflict (component) do update set version = excluded.version",
            row![component, known],
        )?;
    }
    Ok(())
}
