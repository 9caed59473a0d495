//! Database servers refuse to run as root, so root runs them as somebody else.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// Whom a server runs as, and owns its files.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account {
    /// Whoever runs the tests.
    Oneself,
    /// The user that the server's package has made.
    #[cfg(unix)]
    Other { user: u32, group: u32 },
}

#[cfg(unix)]
impl Account {
    /// The account for a server that owns `folder`, which becomes its own. `user` is only asked for by root.
    pub(crate) fn own(folder: &Path, user: &str) -> Result<Self> {
        use std::os::unix::fs::{MetadataExt, chown};

        // We have made it, so its owner is who we are.
        let oneself = fs::metadata(folder)?.uid();
        if oneself != 0 {
            return Ok(Self::Oneself);
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
        let (user, group) = users
            .lines()
            .find_map(|line| ids(line, user))
            .with_context(|| format!("there is no user `{user}` to run the server as, and root may not"))?;
        chown(folder, Some(user), Some(group))?;
        Ok(Self::Other { user, group })
    }

    /// A command that runs as this account.
    pub(crate) fn command(self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt;

        let mut command = Command::new(program);
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }

    /// Writes a file that only this account can read.
    pub(crate) fn write(self, path: &Path, text: &str) -> Result<()> {
        use std::os::unix::fs::{PermissionsExt, chown};

        fs::write(path, text)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o600)))
            .with_context(|| format!("cannot write {}", path.display()))?;
        if let Self::Other { user, group } = self {
            chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn ids(line: &str, user: &str) -> Option<(u32, u32)> {
    let mut fields = line.strip_prefix(user)?.strip_prefix(':')?.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(not(unix))]
impl Account {
    /// There is no root here.
    pub(crate) fn own(_: &Path, _: &str) -> Result<Self> {
        Ok(Self::Oneself)
    }

    /// A command.
    pub(crate) fn command(self, program: &Path) -> Command {
        Command::new(program)
    }

    /// Writes a file.
    pub(crate) fn write(self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
