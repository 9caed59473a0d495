//! Which server, and how to log in.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tenon_tls::{About, Check, Files};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::tls::Tls;
use crate::Error;
use crate::place::shown;

/// How long to wait for the server to answer a new connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A server that has gone without a word is noticed after about 30 s + 3 x 10 s without traffic, or after 30 s with.
const SILENT: Duration = Duration::from_secs(30);
const PROBE: Duration = Duration::from_secs(10);
/// Changes wait for rows that others change for at most 10 s; and a transaction of a server that hangs ends after 60 s,
/// so that it does not keep others from what it has locked.
const SESSION: &str = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s";

/// The server, and how to log in. Its `Debug` has no password, as the driver's has none.
#[derive(Debug)]
pub(super) struct Target {
    pub place: String,
    pub config: Config,
    pub tls: Tls,
}

impl Target {
    /// From a URL.
    pub fn of(url: &str) -> Result<Self, Error> {
        let place = shown(url);
        let refused = |reason: String| Error::Open {
            place: place.clone(),
            reason,
        };
        let (url, parameters) = take_tls(url);
        let mut mode = "prefer".to_owned();
        let mut files = Files::default();
        for (name, value) in parameters {
            match name.as_str() {
                "sslmode" => mode = value,
                "sslrootcert" => files.authority = Some(PathBuf::from(value)),
                "sslcert" => files.certificate = Some(PathBuf::from(value)),
                _ => files.key = Some(PathBuf::from(value)),
            }
        }
        let mut config = Config::from_str(&url).map_err(|error| refused(super::failure::said(&error)))?;
        let (ssl, check) = match mode.as_str() {
            "disable" => (SslMode::Disable, Check::Nothing),
            "prefer" | "allow" => (SslMode::Prefer, Check::Nothing),
            "require" => (SslMode::Require, Check::Nothing),
            "verify-ca" | "verify-full" => (SslMode::Require, Check::Server),
            _ => {
                let reason = "`sslmode` is none of `disable`, `prefer`, `require` and `verify-full`";
                return Err(refused(reason.to_owned()));
            }
        };
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("tenon");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        let options = config.get_options().map(|options| format!("{SESSION} {options}"));
        config.options(options.unwrap_or_else(|| SESSION.to_owned()));
        config.ssl_mode(ssl);
        config.keepalives_idle(SILENT);
        config.keepalives_interval(PROBE);
        config.keepalives_retries(3);
        config.tcp_user_timeout(SILENT);
        let tls = Tls::new(check, &files).map_err(|error| {
            let parameter = match error.about {
                About::Settings => "sslmode",
                About::Authority => "sslrootcert",
                About::Certificate => "sslcert",
                About::Key => "sslkey",
            };
            refused(format!("`{parameter}`: {error}"))
        })?;
        Ok(Self { place, config, tls })
    }
}

/// Takes the parameters of TLS out of a URL: the driver knows some of them only.
fn take_tls(url: &str) -> (String, Vec<(String, String)>) {
    // Not what is in a password.
    let begin = url.rfind('@').unwrap_or_default();
    let Some(question) = url[begin..].find('?').map(|at| begin + at) else {
        return (url.to_owned(), Vec::new());
    };
    let (mut kept, mut taken) = (Vec::new(), Vec::new());
    for parameter in url[question + 1..].split('&') {
        match parameter.split_once('=') {
            Some((name @ ("sslmode" | "sslrootcert" | "sslcert" | "sslkey"), value)) => {
                taken.push((name.to_owned(), decoded(value)));
            }
            _ => kept.push(parameter),
        }
    }
    let mut rest = url[..question].to_owned();
    if !kept.is_empty() {
        rest.push('?');
        rest.push_str(&kept.join("&"));
    }
    (rest, taken)
}

/// Without `%2F`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_tls_are_taken_out() {
        let (url, taken) = take_tls("postgres://me:a?sslmode=x@h/d?sslmode=verify-full&a=b&sslrootcert=%2Fca%20.pem");
        assert_eq!(url, "postgres://me:a?sslmode=x@h/d?a=b");
        let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            taken,
            [owned("sslmode", "verify-full"), owned("sslrootcert", "/ca .pem")]
        );
    }

    #[test]
    fn errors_and_debug_have_no_password() {
        for url in [
            "postgres://me:hunter2@h:port/d",
            "postgres://me:hunter2@h/d?sslmode=hunter2",
            "postgres://me:hunter2@h/d?sslrootcert=/no/such/file&sslmode=verify-full",
            "postgres://me:hunter2@h/d?no=hunter2",
        ] {
            let error = format!("{:?}", Target::of(url).unwrap_err());
            assert!(!error.contains("hunter2"), "{error}");
        }
        let target = Target::of("postgres://me:hunter2@h/d").unwrap();
        assert!(!format!("{target:?}").contains("hunter2"), "{target:?}");
    }
}
