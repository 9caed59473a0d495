//! Run properties: texts that the nodes of a run share.

use std::collections::BTreeMap;

use tenon_metadata::{Name, Transaction, row};

use crate::Error;
use crate::record::Record;

/// Properties of a run.
pub const MOST_PROPERTIES: usize = 200;
/// The value of a property, in bytes.
pub const LONGEST_PROPERTY: usize = 16 << 10;
/// Names and values of all properties of a run, in bytes.
pub const LONGEST_PROPERTIES: usize = 256 << 10;

/// The properties of a run, as they are now.
///
/// # Errors
/// [`Error::UnknownRun`].
pub fn properties(tx: &mut Transaction<'_>, tenant: &Name, run: &str) -> Result<BTreeMap<Name, String>, Error> {
    Record::of(tx, tenant, run)?;
    all(tx, run)
}

/// Sets a property of a run that is under way, for the nodes that start from now on.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::State`] once the run has ended, [`Error::Field`] if it gets too large.
pub fn put_property(tx: &mut Transaction<'_>, tenant: &Name, run: &str, name: &Name, value: &str) -> Result<(), Error> {
    let doing = "given properties";
    Record::locked(tx, tenant, run)?.under_way(doing)?;
    let mut properties = all(tx, run)?;
    properties.insert(name.clone(), value.to_owned());
    checked(&properties)?;
    write(tx, run, name, value)?;
    tx.notify(crate::TOPIC, run);
    Ok(())
}

/// Takes a property from a run that is under way. It need not be there.
///
/// # Errors
/// [`Error::UnknownRun`], [`Error::State`] once the run has ended.
pub fn remove_property(tx: &mut Transaction<'_>, tenant: &Name, run: &str, name: &Name) -> Result<(), Error> {
    Record::locked(tx, tenant, run)?.under_way("relieved of properties")?;
    tx.execute(
        "delete from workflow_properties where workflow_run = ?1 and name = ?2",
        row![run, name],
    )?;
    tx.notify(crate::TOPIC, run);
    Ok(())
}

pub(crate) fn all(tx: &mut Transaction<'_>, run: &str) -> Result<BTreeMap<Name, String>, Error> {
    let rows = tx.query(
        "select name, value from workflow_properties where workflow_run = ?1 order by name",
        row![run],
    )?;
    let unreadable = |reason: String| Error::Unreadable {
        run: run.to_owned(),
        reason,
    };
    rows.iter()
        .map(|row| {
            let name = Name::new(row.get::<String>(0)?).map_err(|error| unreadable(error.to_string()))?;
            Ok((name, row.get(1)?))
        })
        .collect()
}

pub(crate) fn write(tx: &mut Transaction<'_>, run: &str, name: &Name, value: &str) -> Result<(), Error> {
    tx.execute(
        "insert into workflow_properties (workflow_run, name, value) values (?1, ?2, ?3)
         on conflict (workflow_run, name) do update set value = excluded.value",
        row![run, name, value],
    )?;
    Ok(())
}

pub(crate) fn checked(properties: &BTreeMap<Name, String>) -> Result<(), Error> {
    check(properties).map_err(|reason| {
        let field = "properties".to_owned();
        Error::Field { field, reason }
    })
}

/// Whether there are too many or too large ones.
pub(crate) fn check(properties: &BTreeMap<Name, String>) -> Result<(), String> {
    let count = properties.len();
    if count > MOST_PROPERTIES {
        return Err(format!(
            "there are {count} run properties, and may be {MOST_PROPERTIES}"
        ));
    }
    let long = properties.iter().find(|(_, value)| value.len() > LONGEST_PROPERTY);
    if let Some((name, value)) = long {
        let bytes = value.len();
        return Err(format!(
            "the run property `{name}` has {bytes} bytes, and may have {LONGEST_PROPERTY}"
        ));
    }
    // PostgreSQL's texts hold everything but this.
    if let Some((name, _)) = properties.iter().find(|(_, value)| value.contains('\0')) {
        return Err(format!("the run property `{name}` holds a character 0"));
    }
    let bytes: usize = properties
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > LONGEST_PROPERTIES {
        return Err(format!(
            "the run properties have {bytes} bytes, and may have {LONGEST_PROPERTIES}"
        ));
    }
    Ok(())
}
