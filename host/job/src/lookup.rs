//! Where the values of `${env:NAME}` and `${secret:name}` come from.

use std::path::PathBuf;

/// Gives the values of environment variables and secrets.
pub trait Lookup: Send + Sync {
    /// The value of an environment variable.
    fn env(&self, name: &str) -> Option<String>;

    /// The value of a secret.
    fn secret(&self, name: &str) -> Option<String>;

    /// Why a secret can't be looked for, where that is so, instead of there being none. None by default.
    fn secret_problem(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Names of environment variables, to offer the nearest one. None by default.
    fn env_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Names of secrets, to offer the nearest one. None by default.
    fn secret_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The environment of this process.
///
/// The secret `name` is the environment variable `TENON_SECRET_NAME` (in capitals, `-` and `.` as `_`) or else the file
/// `name` in the folder that the environment variable `TENON_SECRETS` names, without the newline at its end.
#[derive(Clone, Debug)]
pub struct ProcessLookup {
    folder: Option<PathBuf>,
}

impl Default for ProcessLookup {
    fn default() -> Self {
        ProcessLookup {
            folder: std::env::var_os("TENON_SECRETS").map(PathBuf::from),
        }
    }
}

impl ProcessLookup {
    /// With secrets from the files of this folder, whatever `TENON_SECRETS` says.
    pub fn with_secrets_in(folder: impl Into<PathBuf>) -> Self {
        ProcessLookup {
            folder: Some(folder.into()),
        }
    }
}

const PREFIX: &str = "TENON_SECRET_";

fn is_store_key(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['-', '.'], "_");
    ["key", "key_file"].contains(&plain.as_str())
}

impl Lookup for ProcessLookup {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn secret(&self, name: &str) -> Option<String> {
        // What encrypts stored secrets is named like one.
        if is_store_key(name) {
            return None;
        }
        let variable = format!("{PREFIX}{}", name.to_ascii_uppercase().replace(['-', '.'], "_"));
        if let Ok(value) = std::env::var(variable) {
            return Some(value);
        }
        // Not out of the folder, and no hidden files.
        let is_file_name = !name.starts_with('.') && !name.contains(['/', '\\']) && !name.contains('\0');
        let folder = self.folder.as_ref().filter(|_| is_file_name)?;
        let value = std::fs::read_to_string(folder.join(name)).ok()?;
        let value = value.strip_suffix('\n').unwrap_or(&value);
        Some(value.strip_suffix('\r').unwrap_or(value).to_owned())
    }

    fn env_names(&self) -> Vec<String> {
        // Variables that hold secrets are not offered.
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        names.filter(|name| !name.starts_with(PREFIX)).collect()
    }

    fn secret_names(&self) -> Vec<String> {
        let files = self
            .folder
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .flatten();
        let from_files = files.filter_map(|file| file.file_name().into_string().ok());
        let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let from_variables = variables.filter_map(|name| Some(name.strip_prefix(PREFIX)?.to_ascii_lowercase()));
        from_files
            .chain(from_variables)
            .filter(|name| !name.starts_with('.'))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_files_of_their_folder_and_of_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let secrets = folder.path().join("secrets");
        std::fs::create_dir(&secrets).expect("created");
        std::fs::write(secrets.join("db-password"), "hunter2\n").expect("written");
        std::fs::write(folder.path().join("outside"), "x").expect("written");
        let lookup = ProcessLookup::with_secrets_in(&secrets);
        assert_eq!(lookup.secret("db-password").as_deref(), Some("hunter2"));
        assert_eq!(lookup.secret("../outside"), None);
        assert_eq!(lookup.secret("none"), None);
        assert!(lookup.secret_names().contains(&"db-password".to_owned()));
    }
}
