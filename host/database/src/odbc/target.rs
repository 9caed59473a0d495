//! What a connection string says.

use crate::{ConnectOptions, ConnectionConfig, Error};

/// Attributes that are shown.
const SHOWN: [&str; 8] = [
    "dsn",
    "driver",
    "server",
    "servername",
    "host",
    "port",
    "database",
    "dbq",
];
/// Attributes that hold what must not be shown.
const SECRET: [&str; 8] = [
    "pwd",
    "password",
    "token",
    "accesstoken",
    "secret",
    "sslkeypwd",
    "passphrase",
    "apikey",
];

/// A connection string.
#[derive(Clone)]
pub(crate) struct Target {
    /// The connection string, with secrets.
    pub(crate) connection: String,
    /// What it is called, without secrets.
    pub(crate) name: String,
    /// Characters that a value may have whose column has no width.
    pub(crate) longest: usize,
    secrets: Vec<String>,
}

impl Target {
    /// From a configuration.
    pub(crate) fn new(config: &ConnectionConfig) -> Result<Self, Error> {
        let url = config.url.reveal();
        let text = url
            .strip_prefix("odbc:")
            .ok_or_else(|| refused("it does not begin with `odbc:`"))?;
        no_tls(&config.options)?;
        let mut attributes = attributes(text.strip_prefix("//").unwrap_or(text))?;
        if attributes.is_empty() {
            return Err(refused(
                "it has no connection string: `odbc:DSN=...` or `odbc:Driver={...};Server=...`",
            ));
        }
        let longest = longest(&mut attributes)?;
        set(&mut attributes, "UID", config.options.user.clone());
        set(
            &mut attributes,
            "PWD",
            config
                .options
                .password
                .as_ref()
                .map(|password| password.reveal().to_owned()),
        );
        set_defaults(&mut attributes);
        let secrets = attributes
            .iter()
            .filter(|(key, _)| SECRET.contains(&key.to_lowercase().as_str()));
        let secrets = secrets
            .map(|(_, value)| value.clone())
            .filter(|value| value.len() > 2)
            .collect();
        Ok(Self {
            connection: written(&attributes),
            name: shown(&attributes),
            longest,
            secrets,
        })
    }

    /// A text without secrets.
    pub(crate) fn scrubbed(&self, text: &str) -> String {
        let hide = |text: String, secret: &String| text.replace(secret.as_str(), "***");
        self.secrets.iter().fold(text.to_owned(), hide)
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

type Attributes = Vec<(String, String)>;

/// The attributes of a connection string. In braces a value may hold anything, with closing braces doubled.
fn attributes(text: &str) -> Result<Attributes, Error> {
    let mut attributes = Vec::new();
    let mut characters = text.chars().peekable();
    loop {
        let mut key = String::new();
        while let Some(character) = characters.next_if(|character| *character != '=' && *character != ';') {
            key.push(character);
        }
        let key = key.trim().to_owned();
        match characters.next() {
            None if key.is_empty() => return Ok(attributes),
            Some(';') if key.is_empty() => continue,
            Some('=') if !key.is_empty() => {}
            _ => return Err(refused(&format!("its attribute `{key}` has no value"))),
        }
        let mut value = String::new();
        let is_in_braces = characters.next_if_eq(&'{').is_some();
        if is_in_braces {
            loop {
                match characters.next() {
                    Some('}') if characters.peek() == Some(&'}') => {
                        characters.next();
                        value.push('}');
                    }
                    Some('}') => break,
                    Some(character) => value.push(character),
                    None => return Err(refused(&format!("the brace of its attribute `{key}` is not closed"))),
                }
            }
        }
        let mut rest = String::new();
        while let Some(character) = characters.next_if(|character| *character != ';') {
            rest.push(character);
        }
        match (is_in_braces, rest.trim()) {
            (false, bare) => bare.clone_into(&mut value),
            (true, "") => {}
            // Of a password, perhaps: it is not shown.
            (true, _) => {
                return Err(refused(&format!(
                    "more follows the brace that closes its attribute `{key}`; a brace that is part of a value is doubled"
                )));
            }
        }
        if value.contains('\0') {
            return Err(refused(&format!("its attribute `{key}` holds a zero byte")));
        }
        attributes.push((key, value));
    }
}

fn find<'a>(attributes: &'a Attributes, key: &str) -> Option<&'a str> {
    let known = attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
    known.map(|(_, value)| value.as_str())
}

fn set(attributes: &mut Attributes, key: &str, value: Option<String>) {
    let Some(value) = value else {
        return;
    };
    attributes.retain(|(known, _)| !known.eq_ignore_ascii_case(key));
    attributes.push((key.to_owned(), value));
}

fn longest(attributes: &mut Attributes) -> Result<usize, Error> {
    let longest = match find(attributes, "TenonLongest") {
        None => 32_768,
        Some(text) => match text.parse() {
            Ok(longest) if (1..=256 << 20).contains(&longest) => longest,
            _ => {
                return Err(refused(&format!(
                    "its attribute `TenonLongest` is `{text}`; expected characters, up to 268435456"
                )));
            }
        },
    };
    attributes.retain(|(known, _)| !known.eq_ignore_ascii_case("TenonLongest"));
    Ok(longest)
}

/// What drivers are to do differently from what they do by default, where nothing else is said.
fn set_defaults(attributes: &mut Attributes) {
    let driver = find(attributes, "driver").unwrap_or_default().to_lowercase();
    let defaults: &[(&str, &str)] = if driver.contains("psqlodbc") || driver.contains("postgresql") {
        // Not to keep all rows in memory, to make no savepoint for each statement, and to have booleans.
        &[
            ("UseDeclareFetch", "1"),
            ("Fetch", "4096"),
            ("Protocol", "7.4-1"),
            ("BoolsAsChar", "0"),
        ]
    } else if driver.contains("sqlite") {
        // To tell whole numbers of 64 bits as what they are, and not to keep all rows in memory.
        &[("BigInt", "1"), ("StepAPI", "1")]
    } else {
        &[]
    };
    for (key, value) in defaults {
        if find(attributes, key).is_none() {
            attributes.push(((*key).to_owned(), (*value).to_owned()));
        }
    }
}

fn written(attributes: &Attributes) -> String {
    let one = |(key, value): &(String, String)| {
        if needs_braces(value) {
            format!("{key}={{{}}};", value.replace('}', "}}"))
        } else {
            format!("{key}={value};")
        }
    };
    attributes.iter().map(one).collect()
}

/// Whether a value would end early, or be something else, without braces around it. Not every driver manager takes them
/// around what needs none.
fn needs_braces(value: &str) -> bool {
    // PostgreSQL's driver takes a plus for a space.
    value.contains([';', '+', '{', '}']) || value.trim() != value
}

fn shown(attributes: &Attributes) -> String {
    let parts: Vec<String> = attributes
        .iter()
        .filter(|(key, _)| SHOWN.contains(&key.to_lowercase().as_str()))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    format!("odbc:{}", parts.join(";"))
}

/// Encryption is the driver's own matter.
fn no_tls(options: &ConnectOptions) -> Result<(), Error> {
    let set = [
        ("tls", options.tls.is_some()),
        ("tls_ca", options.tls_ca.is_some()),
        ("tls_certificate", options.tls_certificate.is_some()),
        ("tls_key", options.tls_key.is_some()),
    ];
    match set.iter().find(|(_, set)| *set) {
        None => Ok(()),
        Some((option, _)) => Err(Error::Config {
            subject: format!("`{option}`"),
            reason: "an ODBC driver takes settings of TLS in the connection string only; say it there".to_owned(),
        }),
    }
}

fn refused(reason: &str) -> Error {
    Error::Config {
        subject: "the URL of an ODBC database".to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn a_connection_string_is_taken_apart() {
        let mut config = ConnectionConfig::new("odbc:Driver={My } driver};Server=h;PWD=old;TenonLongest=99;;");
        config.options.password = Some(Secret::new("geh;eim"));
        assert!(Target::new(&config).is_err(), "the brace ends early");
        config.url = Secret::new("odbc:Driver={My }} driver};Server=h;PWD=old;TenonLongest=99;;");
        let target = Target::new(&config).expect("it is a connection string");
        assert_eq!(target.connection, "Driver={My }} driver};Server=h;PWD={geh;eim};");
        assert_eq!(
            (target.name.as_str(), target.longest),
            ("odbc:Driver=My } driver;Server=h", 99)
        );
        assert_eq!(target.scrubbed("not geh;eim"), "not ***");
        assert!(!format!("{target:?}").contains("geh"));
    }

    #[test]
    fn what_is_no_connection_string_is_refused() {
        for url in [
            "mysql:x",
            "odbc:",
            "odbc:DSN",
            "odbc:Driver={x",
            "odbc:DSN=x;TenonLongest=0",
        ] {
            assert!(Target::new(&ConnectionConfig::new(url)).is_err(), "{url}");
        }
    }
}
