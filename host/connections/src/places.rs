//! Where connections, secrets and keys are.

use std::path::{Path, PathBuf};

use ring::digest;

use crate::{Environment, Error};

const CONNECTIONS: &str = "connections.toml";

/// Where connections, secrets and keys are.
#[derive(Debug, Clone)]
pub struct Places {
    environment: Environment,
    config: PathBuf,
    key: PathBuf,
    project: PathBuf,
    has_project: bool,
}

impl Places {
    /// Those of this process: by its environment and its working folder.
    ///
    /// # Errors
    /// [`Error::NoFolder`] where neither a variable nor the system names a folder.
    pub fn of_process() -> Result<Self, Error> {
        let working = std::env::current_dir().map_err(|source| Error::File {
            doing: "find",
            path: PathBuf::from("."),
            source,
        })?;
        Self::new(Environment::process(), &working)
    }

    /// Those of an environment and a working folder.
    ///
    /// # Errors
    /// [`Error::NoFolder`] where no variable names a folder.
    pub fn new(environment: Environment, working: &Path) -> Result<Self, Error> {
        let own = environment.path("TENON_CONFIG").map(|folder| working.join(folder));
        let is_own = own.is_some();
        let config = match own {
            Some(own) => own,
            None => folder(&environment, "XDG_CONFIG_HOME", &[".config"])?,
        };
        let state = folder(&environment, "XDG_STATE_HOME", &[".local", "state"])?;
        let user = config.join(CONNECTIONS);
        let found = working
            .ancestors()
            .map(|folder| folder.join(".tenon").join(CONNECTIONS))
            .find(|file| file.is_file() && !is_same(file, &user));
        Ok(Self {
            has_project: found.is_some(),
            project: found.unwrap_or_else(|| working.join(".tenon").join(CONNECTIONS)),
            key: state.join(key_name(is_own.then_some(config.as_path()))),
            config,
            environment,
        })
    }

    /// The user's own file of connections, whether it is there or not.
    pub fn user_connections(&self) -> PathBuf {
        self.config.join(CONNECTIONS)
    }

    /// The project's file of connections: the one that was found from the working folder upwards, or the one that would be
    /// made in the working folder.
    pub fn project_connections(&self) -> &Path {
        &self.project
    }

    /// Whether the project has a file of connections.
    pub fn has_project(&self) -> bool {
        self.has_project
    }

    /// The encrypted store of secrets, whether it is there or not.
    pub fn secrets(&self) -> PathBuf {
        self.config.join("secrets.enc")
    }

    /// The file with the key of the encrypted store, where nobody names another one.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// The environment variables that it was made from.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }
}

fn folder(environment: &Environment, variable: &'static str, below_home: &[&str]) -> Result<PathBuf, Error> {
    // The XDG specification has relative paths ignored.
    let named = environment.path(variable).filter(|path| path.is_absolute());
    let at_home = || {
        let home = environment.home()?;
        Some(below_home.iter().fold(home, |path, name| path.join(name)))
    };
    let base = named.or_else(at_home).ok_or(Error::NoFolder { variable })?;
    Ok(base.join("tenon"))
}

/// A folder that `TENON_CONFIG` names has a key of its own: a new key for one store must not lock another.
fn key_name(own: Option<&Path>) -> String {
    let Some(own) = own else {
        return "secret.key".to_owned();
    };
    // As it is written, but for slashes: the folder may not be there yet.
    let whole: PathBuf = own.components().collect();
    let digest = digest::digest(&digest::SHA256, whole.as_os_str().as_encoded_bytes());
    format!("secret-{}.key", hex::encode(&digest.as_ref()[..8]))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    one == other || whole(one).is_some_and(|one| Some(one) == whole(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_found_by_variables_in_their_order() {
        let at = |variables: &[(&str, &str)]| {
            Places::new(Environment::of(variables.iter().copied()), Path::new("/nowhere/work"))
        };
        let home = at(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "relative")]).expect("a home");
        assert_eq!(home.user_connections(), Path::new("/h/.config/tenon/connections.toml"));
        assert_eq!(home.key(), Path::new("/h/.local/state/tenon/secret.key"));
        assert_eq!(
            home.project_connections(),
            Path::new("/nowhere/work/.tenon/connections.toml")
        );
        assert!(!home.has_project());
        let xdg = at(&[("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]).expect("no home is needed");
        assert_eq!(xdg.secrets(), Path::new("/c/tenon/secrets.enc"));
        assert_eq!(xdg.key(), Path::new("/s/tenon/secret.key"));
        let own = at(&[("HOME", "/h"), ("TENON_CONFIG", "own")]).expect("a home");
        assert_eq!(own.secrets(), Path::new("/nowhere/work/own/secrets.enc"));
        assert_ne!(own.key(), home.key());
        assert!(matches!(at(&[]), Err(Error::NoFolder { .. })));
    }

    #[test]
    fn a_projects_file_is_found_upwards_and_is_not_the_users() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("a/b");
        std::fs::create_dir_all(&below).expect("made");
        std::fs::create_dir(folder.path().join(".tenon")).expect("made");
        let file = folder.path().join(".tenon/connections.toml");
        std::fs::write(&file, "").expect("written");
        let places = Places::new(Environment::of([("HOME", "/h")]), &below).expect("places");
        assert!(places.has_project());
        assert_eq!(places.project_connections(), file);
        let config = folder.path().join(".tenon").display().to_string();
        let own = Environment::of([("HOME", "/h"), ("TENON_CONFIG", &config)]);
        assert!(!Places::new(own, &below).expect("places").has_project());
    }
}
