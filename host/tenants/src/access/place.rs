//! What a URL points to, read so that nobody else can read it otherwise: what is ambiguous is refused.

use percent_encoding::percent_decode_str;

use super::hosts::Host;

const LONGEST: usize = 8192;

/// Where something is.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// A local file, as all the paths that the text could stand for.
    Files(Vec<String>),
    /// An object of a store.
    Object(Object),
    /// A file of a web server.
    Web {
        /// As an object: the server is the bucket.
        object: Object,
        /// The server.
        host: Host,
        /// Its port.
        port: u16,
    },
    /// Databases' servers.
    Hosts(Vec<(Host, Option<u16>)>),
    /// Wherever a native driver goes.
    Native,
}

impl Place {
    /// Whether it is under storage prefixes.
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Files(_) | Self::Object(_) | Self::Web { .. })
    }

    /// Whether it is what clouds tell machines about themselves.
    pub fn is_metadata_service(&self) -> bool {
        match self {
            Self::Web { host, .. } => host.is_metadata_service(),
            Self::Hosts(hosts) => hosts.iter().any(|(host, _)| host.is_metadata_service()),
            Self::Files(_) | Self::Object(_) | Self::Native => false,
        }
    }
}

/// An object of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// The scheme, one of several that mean the same.
    pub scheme: &'static str,
    /// The bucket, or `container@account`, or the server with its port.
    pub bucket: String,
    /// The parts of its key.
    pub parts: Vec<String>,
}

/// What an option of a connection says by its name.
pub(super) enum OptionKind {
    Host,
    File,
    Other,
}

pub(super) fn option(name: &str) -> OptionKind {
    let name = name.to_ascii_lowercase();
    if ["host", "hosts", "hostaddr", "server", "address", "proxy"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        return OptionKind::Host;
    }
    let files = [
        "file",
        "path",
        "dir",
        "directory",
        "folder",
        "rootcert",
        "sslcert",
        "sslkey",
        "ca",
        "driver",
        "library",
    ];
    if files
        .iter()
        .any(|end| name == *end || name.ends_with(&format!("_{end}")))
        || name.starts_with("ssl") && name.ends_with("cert")
    {
        return OptionKind::File;
    }
    OptionKind::Other
}

/// Takes a URL or a path apart.
pub(super) fn parse(text: &str) -> Result<Place, String> {
    if text.len() > LONGEST {
        return Err(format!("it has more than {LONGEST} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("it has control characters".to_owned());
    }
    if text.trim() != text || text.is_empty() {
        return Err("it is empty, or begins or ends with a space".to_owned());
    }
    if text.contains('\\') {
        return Err("it has a `\\`, which some take for a `/`".to_owned());
    }
    if let Some((scheme, rest)) = text.split_once(':')
        && !scheme.contains('/')
    {
        let scheme = scheme.to_ascii_lowercase();
        match (scheme.as_str(), rest.strip_prefix("//")) {
            ("sqlite", after) => return sqlite(after.unwrap_or(rest)),
            ("odbc" | "adbc", _) => return Ok(Place::Native),
            (_, Some(rest)) => return with_scheme(&scheme, rest),
            (_, None) => {}
        }
    }
    if text.contains("://") {
        return Err("it is no URL: `://` comes after what is no scheme".to_owned());
    }
    files(&[text.to_owned()])
}

fn with_scheme(scheme: &str, rest: &str) -> Result<Place, String> {
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(slash);
    let bucket = |scheme| object(scheme, authority, path).map(Place::Object);
    match scheme {
        "file" => file_url(authority, path),
        "s3" | "s3a" => bucket("s3"),
        "gs" => bucket("gs"),
        "az" | "azure" => bucket("az"),
        "abfs" | "abfss" => bucket("abfss"),
        "http" => web("http", rest, 80),
        "https" => web("https", rest, 443),
        "postgres" | "postgresql" => hosts(rest, 5432),
        "redshift" => hosts(rest, 5439),
        "mysql" | "mariadb" => hosts(rest, 3306),
        "mssql" | "sqlserver" => hosts(rest, 1433),
        _ => Err("its scheme is not known".to_owned()),
    }
}

/// Both as it is written and decoded: it is not known who will read it how.
fn files(texts: &[String]) -> Result<Place, String> {
    let mut paths: Vec<String> = Vec::new();
    for text in texts {
        if !text.starts_with('/') {
            return Err("a path has to be absolute, so that it is known where it is".to_owned());
        }
        parts(text)?;
        for path in decodings(text)? {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    Ok(Place::Files(paths))
}

fn file_url(authority: &str, path: &str) -> Result<Place, String> {
    if !(authority.is_empty() || authority.eq_ignore_ascii_case("localhost")) {
        return Err("a file of another machine; write file:///folder/name".to_owned());
    }
    // What a URL calls query and fragment is part of a name to others.
    let before = path.split(['?', '#']).next().unwrap_or_default().to_owned();
    files(&[path.to_owned(), before])
}

fn sqlite(path: &str) -> Result<Place, String> {
    let (path, _) = path.split_once('?').unwrap_or((path, ""));
    files(&[path.to_owned()])
}

/// Whether a path, or that of a URL of SQLite, begins in the tenant's own folder, wherever that is, and stays in it as far
/// as its text tells. Where links on the way lead is seen when it is opened.
pub(super) fn is_own(text: &str) -> bool {
    let path = match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("sqlite") => {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            rest.split_once('?').map_or(rest, |(path, _)| path)
        }
        _ => text,
    };
    let is_relative = |path: &String| !path.starts_with('/') && !path.contains([':', '\\']);
    !path.is_empty()
        && text.len() <= LONGEST
        && !text.chars().any(char::is_control)
        && parts(path).is_ok()
        && decodings(path).is_ok_and(|paths| paths.iter().all(is_relative))
}

/// As stores read it: `?`, `#` and `%` are part of the key, and nothing is decoded.
fn object(scheme: &'static str, authority: &str, path: &str) -> Result<Object, String> {
    let user = authority.matches('@').count();
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_azure = scheme == "abfss" && user == 1;
    let allowed = |byte: u8| in_name(byte) || (is_azure && byte == b'@');
    if authority.is_empty() || !authority.bytes().all(allowed) || authority.starts_with(['.', '@']) {
        let reason = "the bucket's name has to be letters, digits, `-`, `_` and `.`, without a user and without a port";
        return Err(reason.to_owned());
    }
    Ok(Object {
        scheme,
        bucket: authority.to_owned(),
        parts: parts(path)?,
    })
}

fn web(scheme: &'static str, rest: &str, default_port: u16) -> Result<Place, String> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let (host, port) = server(authority)?;
    let port = port.unwrap_or(default_port);
    let object = Object {
        scheme,
        bucket: format!("{host}:{port}"),
        parts: parts(path)?,
    };
    Ok(Place::Web { object, host, port })
}

fn hosts(rest: &str, default_port: u16) -> Result<Place, String> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    for pair in path
        .split_once('?')
        .map_or("", |(_, query)| query)
        .split(['&', ';', '?', '#'])
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
        if !pair.is_empty() && !stays(&decoded(name), &decoded(value)) {
            return Err("its query has an option that is not known to leave the host as it is".to_owned());
        }
    }
    let (user, servers) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains('@') {
        return Err("there is an `@` in the user or password; write it as %40".to_owned());
    }
    let one = |text| server(text).map(|(host, port)| (host, port.or(Some(default_port))));
    servers.split(',').map(one).collect::<Result<_, _>>().map(Place::Hosts)
}

/// Options in the query of a database's URL that drivers know, and that change nothing about where they connect to and
/// name no local file.
const STAYING: [&str; 14] = [
    "application",
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "encrypt",
    "fallback_application_name",
    "options",
    "password",
    "ssl-mode",
    "sslmode",
    "tls",
    "user",
];

/// Whether an option in the query of a database's URL leaves it where its host and port say, and names no file of the
/// server. One that is not known does not: drivers have more of them with every version.
pub fn stays(name: &str, value: &str) -> bool {
    STAYING.contains(&name) || (name, value) == ("sslrootcert", "system")
}

/// A host with its port, if it has one, and without its user.
fn server(authority: &str) -> Result<(Host, Option<u16>), String> {
    let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains('@') {
        return Err("there is an `@` in the user or password; write it as %40".to_owned());
    }
    Host::with_port(server)
}

/// The URL without what is before the last `@` of its authority.
pub(super) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let is_object = ["abfs", "abfss"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
    match rest[..end].rsplit_once('@') {
        Some((_, server)) if !is_object => format!("{scheme}://{server}{}", &rest[end..]),
        _ => url.to_owned(),
    }
}

/// The parts between slashes, of which none may lead elsewhere however often it is decoded.
pub(super) fn parts(path: &str) -> Result<Vec<String>, String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let check = |part: &str| {
        if part.is_empty() {
            return Err("there are two `/` after one another".to_owned());
        }
        let decoded = decodings(part)?.pop().unwrap_or_default();
        if decoded.contains(['/', '\\']) || decoded.chars().any(char::is_control) {
            return Err("it has an encoded `/`, `\\` or control character".to_owned());
        }
        let is_pattern = decoded.contains(['{', '[', '*', '?']);
        // To some web servers `..;x` is `..`, and so is `..#x` to who reads a key as a URL.
        let plain = decoded.split([';', '?', '#']).next().unwrap_or_default();
        if plain == "." || plain == ".." || (is_pattern && decoded.contains("..")) {
            return Err("it has a `.` or `..` for a part of its path".to_owned());
        }
        Ok(part.to_owned())
    };
    path.split('/').map(check).collect()
}

/// A text as it is, decoded, decoded again, until there is nothing left to decode.
fn decodings(text: &str) -> Result<Vec<String>, String> {
    let mut all = vec![text.to_owned()];
    for _ in 0..4 {
        let last = all.last().map_or("", String::as_str);
        let decoded = percent_decode_str(last)
            .decode_utf8()
            .map_err(|_| "what is encoded by `%` in it is not UTF-8".to_owned())?;
        if decoded == last {
            return Ok(all);
        }
        let decoded = decoded.into_owned();
        all.push(decoded);
    }
    Err("it is encoded more than three times over".to_owned())
}
