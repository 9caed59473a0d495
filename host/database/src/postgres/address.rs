//! URLs of databases.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{ConnectionConfig, Driver, Error, Tls};

/// What a URL says.
#[derive(Default)]
pub(super) struct Address {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub password: Option<String>,
    pub database: Option<String>,
    pub tls: Option<Tls>,
    pub tls_ca: Option<String>,
    pub tls_certificate: Option<String>,
    pub tls_key: Option<String>,
    pub connect_timeout: Option<u32>,
    /// The option `options`: settings of the session, `-c name=value`.
    pub options: Option<String>,
}

const PARAMETERS: &str = "host, port, user, password, dbname, sslmode, sslrootcert, sslcert, sslkey, connect_timeout, \
                          application_name and options";

impl Address {
    pub fn parse(driver: Driver, config: &ConnectionConfig) -> Result<Self, Error> {
        // A URL may hold a password, so it is not shown, and neither is what the parser says of it.
        let url = config.url.reveal();
        let url = Url::parse(url).map_err(|error| refused(format!("it cannot be read: {error}")))?;
        if Driver::of_scheme(url.scheme()).is_none_or(|named| !matches!(named, Driver::Postgres | Driver::Redshift)) {
            return Err(refused(format!(
                "`{}` is not a scheme of this connector; expected `postgres://user@host:5432/database`",
                url.scheme()
            )));
        }
        let host = decoded(url.host_str().unwrap_or_default())?;
        if host.contains(',') {
            return Err(refused("it names several hosts; name one".to_owned()));
        }
        let mut address = Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url
                .port()
                .unwrap_or(if driver == Driver::Redshift { 5439 } else { 5432 }),
            user: nonempty(decoded(url.username())?),
            password: url.password().map(decoded).transpose()?,
            database: nonempty(decoded(url.path().trim_start_matches('/'))?),
            ..Self::default()
        };
        for (name, value) in url.query_pairs() {
            address.set(&name, value.into_owned())?;
        }
        if address.host.is_empty() {
            "localhost".clone_into(&mut address.host);
        }
        Ok(address)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Error> {
        match name {
            "host" => self.host = value,
            "port" => self.port = number(name, &value)?,
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "sslmode" => self.tls = Some(tls(&value)?),
            "sslrootcert" if value == "system" => self.tls_ca = None,
            "sslrootcert" => self.tls_ca = Some(value),
            "sslcert" => self.tls_certificate = Some(value),
            "sslkey" => self.tls_key = Some(value),
            "connect_timeout" => self.connect_timeout = Some(number(name, &value)?),
            "options" => self.options = Some(value),
            // Tenon says who it is, and finds out for itself what the others are about.
            "application_name" | "fallback_application_name" | "client_encoding" | "channel_binding" => {}
            _ => return Err(refused(format!("it has no option `{name}`; there are {PARAMETERS}"))),
        }
        Ok(())
    }
}

fn tls(mode: &str) -> Result<Tls, Error> {
    Ok(match mode {
        "disable" => Tls::Disable,
        "allow" | "prefer" => Tls::Prefer,
        "require" => Tls::Require,
        // There is no mode that checks the certificate and not the name; checking both is the safe one.
        "verify-ca" | "verify-full" => Tls::VerifyFull,
        _ => {
            return Err(refused(format!(
                "`{mode}` is no `sslmode`; there are `disable`, `prefer`, `require` and `verify-full`"
            )));
        }
    })
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Error> {
    value
        .parse()
        .map_err(|_| refused(format!("its option `{name}` is no number that fits: `{value}`")))
}

fn decoded(part: &str) -> Result<String, Error> {
    let decoded = percent_decode_str(part).decode_utf8();
    let decoded =
        decoded.map_err(|_| refused("a part of it is not UTF-8 when its `%` escapes are decoded".to_owned()))?;
    Ok(decoded.into_owned())
}

fn nonempty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn refused(reason: String) -> Error {
    Error::Config {
        subject: "the `url` of a postgres connection".to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, Error> {
        Address::parse(Driver::Postgres, &ConnectionConfig::new(url))
    }

    #[test]
    fn urls_say_where_and_who() -> Result<(), Error> {
        let address =
            parse("postgresql://us%40er:p%2Fw@db.example:6000/my%20db?sslmode=verify-full&options=-c%20a%3Db")?;
        assert_eq!((address.host.as_str(), address.port), ("db.example", 6000));
        assert_eq!(address.user.as_deref(), Some("us@er"));
        assert_eq!(address.password.as_deref(), Some("p/w"));
        assert_eq!(address.database.as_deref(), Some("my db"));
        assert_eq!(address.tls, Some(Tls::VerifyFull));
        assert_eq!(address.options.as_deref(), Some("-c a=b"));
        assert_eq!(parse("postgres://[::1]/db")?.host, "::1");
        assert_eq!(
            parse("postgres:///db?host=/run/postgresql&user=me")?.host,
            "/run/postgresql"
        );
        let redshift = Address::parse(Driver::Redshift, &ConnectionConfig::new("redshift://c.example/dev"))?;
        assert_eq!(redshift.port, 5439);
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for url in [
            "postgres://u:hunter2@h:99999/db",
            "postgres://u:hunter2@h/db?sslmode=maybe",
            "postgres://u:hunter2@h/db?ssl=on",
            "postgres://u:hunter2@a,b/db",
            "mysql://u:hunter2@h/db",
            "postgres://u:hunter2%ff@h/db",
            "nonsense hunter2",
        ] {
            let error = parse(url).map(|_| ()).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
