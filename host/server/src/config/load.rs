//! Reading the file, and checking what it says.

use std::ops::Range;
use std::path::Path;

use super::ServerConfig;
use super::location::Location;
use crate::Error;

/// Bytes of a configuration file at most.
const LONGEST: u64 = 1 << 20;

impl ServerConfig {
    /// Reads a TOML file. `${env:NAME}` in it is the value of an environment variable.
    ///
    /// # Errors
    /// [`Error::Config`], which names the file, and the line and column where it can. It says nothing of what the variables
    /// hold.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let refused = |file: String, reason: String| Error::Config { file, reason };
        let file = path.display().to_string();
        let text = read(path).map_err(|reason| refused(file.clone(), reason))?;
        let find = |name: &str| std::env::var(name).ok();
        let replaced = Replaced::new(&text, find).map_err(|(place, reason)| refused(place.of(&file), reason))?;
        let mut config: Self = toml::from_str(&replaced.text).map_err(|error| {
            let place = error
                .span()
                .map(|span| Location::at(&text, replaced.before(span.start)));
            let reason = replaced.without_values(error.message());
            refused(place.map_or(file.clone(), |place| place.of(&file)), reason)
        })?;
        // Relative folders begin where the file is.
        if let Some(folder) = path.parent() {
            let paths = [
                Some(&mut config.data),
                config.key_file.as_mut(),
                config.plugins.watch.as_mut(),
                config.plugins.interpreters.as_mut(),
            ];
            for path in paths.into_iter().flatten() {
                *path = folder.join(&*path);
            }
        }
        config.check().map_err(|reason| {
            // What is wrong begins with the setting.
            let setting = reason.split(' ').next().unwrap_or_default();
            let place = Location::of_setting(&replaced.text, setting);
            refused(place.map_or(file.clone(), |place| place.of(&file)), reason)
        })?;
        Ok(config)
    }

    /// All settings, as TOML, for people: without secrets.
    pub fn shown(&self) -> String {
        let shown = toml::to_string_pretty(&self.without_secrets());
        shown.unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }

    /// The same without the password of the database. Other secrets do not show themselves.
    pub(crate) fn without_secrets(&self) -> Self {
        let concealed = |url: &String| {
            let Ok(mut url) = url::Url::parse(url) else {
                return "...".to_owned();
            };
            if url.password().is_some() && url.set_password(Some("...")).is_err() {
                return "...".to_owned();
            }
            url.to_string()
        };
        Self {
            database: self.database.as_ref().map(concealed),
            ..self.clone()
        }
    }

    /// Whether the settings make sense together.
    ///
    /// # Errors
    /// Says which one does not, and what would.
    pub fn check(&self) -> Result<(), String> {
        if self.runs.concurrent == 0 {
            return Err("runs.concurrent is 0: no run would ever begin; give it at least 1".to_owned());
        }
        if self.runs.lease.0.as_secs() < 3 {
            return Err("runs.lease is below 3s: a short pause of this server would cost it its runs".to_owned());
        }
        if self.api.concurrent == 0 {
            return Err("api.concurrent is 0: no request would be answered; give it at least 1".to_owned());
        }
        if let Some(url) = &self.database
            && !url.starts_with("postgres://")
            && !url.starts_with("postgresql://")
        {
            return Err(
                "database is not a URL of PostgreSQL (postgres://user@host/name); leave it out for SQLite".to_owned(),
            );
        }
        for (name, folder) in [
            ("plugins.watch", &self.plugins.watch),
            ("plugins.interpreters", &self.plugins.interpreters),
        ] {
            if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
                return Err(format!("{name} is {}, which is no folder", folder.display()));
            }
        }
        self.telemetry()?;
        tenon_tenants::Access::new(&self.quotas)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LONGEST {
        return Err(format!("it has {size} bytes, and at most {LONGEST} make sense"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// A text whose `${env:NAME}` are replaced.
#[derive(Debug, Default)]
struct Replaced {
    text: String,
    /// Where each value is in it, and where the text before had its name.
    values: Vec<(Range<usize>, Range<usize>)>,
}

impl Replaced {
    fn new(text: &str, find: impl Fn(&str) -> Option<String>) -> Result<Self, (Location, String)> {
        const BEGINNING: &str = "${env:";
        let mut replaced = Self::default();
        let mut at = 0;
        while let Some(begin) = text[at..].find(BEGINNING).map(|found| at + found) {
            let refused = |reason: String| (Location::at(text, begin), reason);
            let name = text[begin + BEGINNING.len()..].split_once('}');
            let (name, _) = name.ok_or_else(|| refused("a `${env:` has no `}`".to_owned()))?;
            let value = find(name).ok_or_else(|| refused(format!("the environment variable {name} is not set")))?;
            if value.contains(['"', '\\', '\n', '\'']) {
                let reason = format!("the environment variable {name} holds quotes, which TOML would misunderstand");
                return Err(refused(reason));
            }
            replaced.text.push_str(&text[at..begin]);
            let now = replaced.text.len();
            replaced.text.push_str(&value);
            at = begin + BEGINNING.len() + name.len() + 1;
            replaced.values.push((now..replaced.text.len(), begin..at));
        }
        replaced.text.push_str(&text[at..]);
        Ok(replaced)
    }

    /// Where the text before had what is at this place now.
    fn before(&self, now: usize) -> usize {
        match self.values.iter().rev().find(|(value, _)| value.start <= now) {
            Some((value, name)) if now < value.end => name.start,
            Some((value, name)) => name.end + (now - value.end),
            None => now,
        }
    }

    /// A message about the text, without what the variables hold.
    fn without_values(&self, message: &str) -> String {
        let values = self.values.iter().map(|(value, _)| &self.text[value.clone()]);
        let values = values.filter(|value| !value.is_empty());
        values.fold(message.to_owned(), |message, value| message.replace(value, "..."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<ServerConfig, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("server.toml");
        std::fs::write(&file, text).expect("written");
        ServerConfig::load(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            ("lisen = \"127.0.0.1:1\"", "lisen"),
            ("[runs]\nlease = \"1s\"", "runs.lease"),
            ("[runs]\nconcurrent = 0", "runs.concurrent"),
            ("[runs]\nmemory = \"many\"", "a size in bytes"),
            ("database = \"mysql://x\"", "postgres://"),
            ("data = \"${env:TENON_NOT_THERE}\"", "TENON_NOT_THERE"),
            ("[plugins]\nwatch = \"nowhere\"", "plugins.watch"),
        ];
        for (text, named) in cases {
            let error = load(text).expect_err(text);
            assert!(error.contains(named) && error.contains("server.toml"), "{error}");
        }
    }

    #[test]
    fn paths_begin_where_the_file_is() {
        let config = load("data = \"here\"").expect("it is fine");
        assert!(config.data.is_absolute() && config.data.ends_with("here"));
        assert_eq!(load("").expect("it is fine").runs.lease.0.as_secs(), 15);
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let config = ServerConfig {
            database: Some("postgres://tenon:hunter2@db/tenon".to_owned()),
            ..ServerConfig::default()
        };
        let shown = config.shown();
        assert!(shown.contains("postgres://tenon:...@db/tenon"), "{shown}");
        assert!(!shown.contains("hunter2"));
        let again: ServerConfig = toml::from_str(&shown).expect("it is a configuration");
        assert_eq!(again.runs.lease, config.runs.lease);
    }

    #[test]
    fn where_it_is_wrong_is_said() {
        let cases = [
            ("\nlisen = \"127.0.0.1:1\"", "server.toml:2:1: unknown field `lisen`"),
            (
                "[runs]\nlease = \"15s\"\nconcurrent = 0",
                "server.toml:3:14: runs.concurrent is 0",
            ),
            ("[api]\nconcurrent = 0", "server.toml:2:14: api.concurrent"),
            ("listen = ", "server.toml:1:"),
            (
                "data = \"a\"\nname = \"${env:TENON_NOT_THERE}\"",
                "server.toml:2:9: the environment variable",
            ),
            (
                "[telemetry]\nendpoint = \"collector\"",
                "server.toml:2:12: telemetry.endpoint is no URL",
            ),
            (
                "[telemetry]\nendpoint = \"http://c\"\nprotocol = \"grpc\"",
                "server.toml:3:12: ",
            ),
        ];
        for (text, expected) in cases {
            let error = load(text).expect_err(text);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn variables_cannot_write_settings() {
        let find = |_: &str| Some("x\"\n[runs]".to_owned());
        assert!(Replaced::new("data = \"${env:A}\"", find).is_err());
        let replaced = Replaced::new("a${env:A}b", |_| Some("1".to_owned())).expect("fine");
        assert_eq!(replaced.text, "a1b");
        assert_eq!([replaced.before(0), replaced.before(1), replaced.before(2)], [0, 1, 9]);
    }

    #[test]
    fn what_a_variable_holds_is_not_said() {
        let find = |_: &str| Some("hunter2".to_owned());
        let replaced = Replaced::new("[smtp]\nport = \"${env:A}\"", find).expect("fine");
        let error = toml::from_str::<ServerConfig>(&replaced.text).expect_err("no number");
        assert!(error.message().contains("hunter2"), "{error}");
        assert!(!replaced.without_values(error.message()).contains("hunter2"));
    }

    #[test]
    fn headers_are_nobodys_business() {
        let text = "[telemetry]\nendpoint = \"http://c:4318\"\nheaders = { authorization = \"hunter2\" }";
        let config = load(text).expect("it is fine");
        let shown = config.shown();
        assert!(shown.contains("authorization = \"...\""), "{shown}");
        assert!(!format!("{shown} {config:?}").contains("hunter2"));
    }
}
