//! Passwords in URLs: found, and taken out.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use tenon_database::Driver;

use crate::reference;

/// Keys in the query or in a connection string whose value is the password.
const PASSWORD_KEYS: [&str; 3] = ["password", "passwd", "pwd"];

/// Endings of keys whose values are secrets of another kind.
const SECRET_ENDINGS: [&str; 8] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "token",
    "secret",
    "api_key",
    "apikey",
];

/// What is found of a password in a URL.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Password {
    /// There is none, or a reference in a place where it can stay.
    None,
    /// It is the user's, and the URL means the same without it when the password is given beside it.
    Apart {
        /// The URL without it.
        url: String,
        /// The password, decoded; or references.
        password: String,
    },
    /// It belongs to a connection string, in which a reference may take its place.
    Within {
        /// What comes before it.
        before: String,
        /// The password, as it is written.
        password: String,
        /// What comes after it.
        after: String,
    },
}

/// The driver that a URL is for, told by its scheme; none where the URL begins with a reference.
///
/// # Errors
/// With the reason, which holds no more of the URL than its scheme.
pub(crate) fn driver(url: &str) -> Result<Option<Driver>, String> {
    if reference::ranges(url).first().is_some_and(|first| first.start == 0) {
        return Ok(None);
    }
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    let driver = Driver::of_scheme(scheme).ok_or_else(|| {
        let names: Vec<String> = Driver::ALL.iter().map(|driver| format!("`{driver}:`")).collect();
        format!("the URL has to begin with the name of a driver: {}", names.join(", "))
    })?;
    let is_free = matches!(driver, Driver::Sqlite | Driver::Odbc | Driver::Adbc);
    if !is_free && !rest.starts_with("//") {
        return Err(format!("the URL has to begin with `{scheme}://`"));
    }
    Ok(Some(driver))
}

/// Finds the password in a URL, or in the connection string of a driver (`odbc:Driver=...;UID=...;PWD=...`).
///
/// # Errors
/// With the reason, which holds no value from the URL: where a part of the password could be taken for something else, and
/// for secrets that would have to stay in the URL.
pub(crate) fn find(url: &str) -> Result<Password, String> {
    let mask = masked(url);
    let query = match mask.find('?') {
        Some(query) if !mask.starts_with("odbc:") => query,
        _ => mask.len(),
    };
    let in_authority = authority_password(&mask, query)?;
    let mut in_pairs = None;
    for pair in pairs(&mask, query) {
        let (Some(range), key) = (pair.value, pair.key) else {
            continue;
        };
        let value = &url[range.clone()];
        if PASSWORD_KEYS.contains(&key.as_str()) {
            if in_authority.is_some() || in_pairs.is_some() {
                return Err("the URL holds two passwords".to_owned());
            }
            in_pairs = Some(range);
        } else {
            check_other(&key, value)?;
        }
    }
    match (in_authority, in_pairs) {
        (Some(range), _) => {
            let without = format!("{}{}", &url[..range.start - 1], &url[range.end..]);
            apart(without, &url[range])
        }
        (None, Some(range)) if range.start > query => apart(without_pair(url, &mask, &range), &url[range]),
        (None, Some(range)) if !reference::is_references(&url[range.clone()]) => Ok(Password::Within {
            before: url[..range.start].to_owned(),
            password: url[range.clone()].to_owned(),
            after: url[range.end..].to_owned(),
        }),
        _ => Ok(Password::None),
    }
}

fn apart(url: String, written: &str) -> Result<Password, String> {
    if written.is_empty() {
        return Ok(Password::Apart {
            url,
            password: String::new(),
        });
    }
    let password = if reference::is_references(written) {
        written.to_owned()
    } else if reference::ranges(written).is_empty() {
        let decoded = percent_decode_str(written).decode_utf8();
        decoded
            .map_err(|_| "the password in the URL is not text in UTF-8")?
            .into_owned()
    } else {
        return Err(
            "the password in the URL is neither a reference nor without one; store all of it as a secret".to_owned(),
        );
    };
    Ok(Password::Apart { url, password })
}

/// The text with other characters in the place of references, which hold characters that mean something in URLs.
fn masked(url: &str) -> String {
    let mut mask = url.to_owned();
    for range in reference::ranges(url) {
        let length = range.len();
        mask.replace_range(range, &"r".repeat(length));
    }
    mask
}

/// The password in `scheme://user:password@host`, which may be empty.
fn authority_password(mask: &str, query: usize) -> Result<Option<Range<usize>>, String> {
    let Some(start) = mask[..query].find("://").map(|at| at + 3) else {
        return Ok(None);
    };
    let end = mask[start..]
        .find(['/', '?', '#', ';'])
        .map_or(mask.len(), |at| at + start);
    let authority = &mask[start..end];
    if let Some(at) = authority.rfind('@') {
        let colon = authority[..at].find(':');
        return Ok(colon.map(|colon| start + colon + 1..start + at));
    }
    // `user:pass/word@host`: what seems to be a host and a path is a user and a password.
    let Some((_, port)) = authority.rsplit_once(':') else {
        return Ok(None);
    };
    let is_port = port.chars().all(|c| c.is_ascii_digit());
    let suspected = if is_port {
        &mask[end..query.max(end)]
    } else {
        &mask[end..]
    };
    if suspected.contains('@') {
        return Err(
            "it cannot be told where the password in the URL ends; leave it out of the URL, or write `/`, `?`, `#`, `;` and `@` \
             in it as %2F, %3F, %23, %3B and %40 (and `@` elsewhere as well)"
                .to_owned(),
        );
    }
    Ok(None)
}

struct Pair {
    /// In small letters.
    key: String,
    /// None where it is empty.
    value: Option<Range<usize>>,
}

/// `key=value`, between semicolons before the query and between ampersands in it.
fn pairs(mask: &str, query: usize) -> Vec<Pair> {
    let start = mask.find(':').map_or(0, |at| at + 1).min(query);
    let mut parts = between_semicolons(mask, start..query);
    if query < mask.len() {
        let end = mask[query..].find('#').map_or(mask.len(), |at| at + query);
        let mut from = query + 1;
        for part in mask[from..end].split('&') {
            parts.push(from..from + part.len());
            from += part.len() + 1;
        }
    }
    let pair = |part: Range<usize>| {
        let equals = mask[part.clone()].find('=')? + part.start;
        let value = &mask[equals + 1..part.end];
        let begin = equals + 1 + (value.len() - value.trim_start().len());
        let end = equals + 1 + value.trim_end().len();
        Some(Pair {
            key: mask[part.start..equals].trim().to_ascii_lowercase(),
            value: (begin < end).then_some(begin..end),
        })
    };
    parts.into_iter().filter_map(pair).collect()
}

/// Parts of a connection string, in which a value may stand in braces, and `}}` in it is one brace.
fn between_semicolons(mask: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut from, mut in_braces) = (Vec::new(), range.start, false);
    let mut bytes = mask.as_bytes()[..range.end]
        .iter()
        .enumerate()
        .skip(range.start)
        .peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' => in_braces = true,
            b'}' if in_braces && bytes.next_if(|(_, next)| **next == b'}').is_some() => {}
            b'}' => in_braces = false,
            b';' if !in_braces => {
                parts.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(from..range.end);
    parts
}

/// Refuses secrets in a value that is no password of ours to take out.
fn check_other(key: &str, value: &str) -> Result<(), String> {
    let is_secret = SECRET_ENDINGS.iter().any(|ending| key.ends_with(ending));
    if is_secret && !reference::is_references(value) {
        return Err(format!(
            "the value of `{}` in the URL looks like a secret; store it with `tenon secret set NAME` and write \
             `${{secret:NAME}}` in its place",
            key.escape_debug()
        ));
    }
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    if !decoded.contains("://") {
        return Ok(());
    }
    match find(&decoded)? {
        Password::Apart { password, .. } if reference::is_references(&password) => Ok(()),
        Password::None => Ok(()),
        _ => Err(format!(
            "the value of `{}` in the URL is a URL with a password; store that with `tenon secret set NAME` and write \
             `${{secret:NAME}}` in its place",
            key.escape_debug()
        )),
    }
}

/// The URL without the pair of the query that has this value.
fn without_pair(url: &str, mask: &str, value: &Range<usize>) -> String {
    let start = mask[..value.start].rfind(['?', '&']).unwrap_or(value.start);
    let end = mask[value.end..]
        .find(['&', '#'])
        .map_or(url.len(), |at| at + value.end);
    let (before, after) = (&url[..start], &url[end..]);
    match after.strip_prefix('&') {
        Some(after) => format!("{before}{}{after}", &url[start..=start]),
        None => format!("{before}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (String, String) {
        match find(url).expect(url) {
            Password::None => (url.to_owned(), "-".to_owned()),
            Password::Apart { url, password } => (url, password),
            Password::Within {
                before,
                password,
                after,
            } => (format!("{before}*{after}"), password),
        }
    }

    #[test]
    fn passwords_are_found_wherever_they_are() {
        for (url, without, password) in [
            ("postgres://etl:pw@h/db", "postgres://etl@h/db", "pw"),
            (
                "postgres://etl:p%40w%2f@h:1/db?a=b",
                "postgres://etl@h:1/db?a=b",
                "p@w/",
            ),
            ("postgres://etl:p@w:x@h", "postgres://etl@h", "p@w:x"),
            ("postgres://etl:@h/db", "postgres://etl@h/db", ""),
            ("postgres://etl@h/db", "postgres://etl@h/db", "-"),
            (
                "postgres://h1:1,h2:2/db?user=a@b",
                "postgres://h1:1,h2:2/db?user=a@b",
                "-",
            ),
            ("postgres://[::1]:5432/db", "postgres://[::1]:5432/db", "-"),
            (
                "postgres://h/db?user=e&password=p%26w&a=1",
                "postgres://h/db?user=e&a=1",
                "p&w",
            ),
            ("postgres://h/db?password=pw&a=1", "postgres://h/db?a=1", "pw"),
            ("postgres://h/db?password=pw", "postgres://h/db", "pw"),
            ("mysql://u:${secret:a.b}@h/db", "mysql://u@h/db", "${secret:a.b}"),
            (
                "mysql://${env:U}:${secret:p}@${env:H}/d",
                "mysql://${env:U}@${env:H}/d",
                "${secret:p}",
            ),
            ("mysql://h/d?password=${env:P}&x=y", "mysql://h/d?x=y", "${env:P}"),
            (
                "odbc:Driver={A;B};UID=u;PWD=p w;X=1",
                "odbc:Driver={A;B};UID=u;PWD=*;X=1",
                "p w",
            ),
            (
                "odbc:Driver=X; Pwd = {a}};b?&} ;X=1",
                "odbc:Driver=X; Pwd = * ;X=1",
                "{a}};b?&}",
            ),
            ("odbc:DSN=x;PWD=${secret:p}", "odbc:DSN=x;PWD=${secret:p}", "-"),
            (
                "mssql://h;database=d;password=pw",
                "mssql://h;database=d;password=*",
                "pw",
            ),
            (
                "sqlite:dir/my@file:x.db?mode=ro",
                "sqlite:dir/my@file:x.db?mode=ro",
                "-",
            ),
            (
                "adbc:pg?uri=postgres://u:${secret:x}@h",
                "adbc:pg?uri=postgres://u:${secret:x}@h",
                "-",
            ),
        ] {
            assert_eq!(parts(url), (without.to_owned(), password.to_owned()), "{url}");
        }
    }

    #[test]
    fn what_could_leave_a_secret_in_the_url_is_refused() {
        for url in [
            "postgres://etl:hun/ter2@h/db",
            "postgres://etl:12/hunter2@h/db",
            "postgres://etl:hun?ter2@h/db",
            "postgres://etl:hun#ter2@h/db",
            "postgres://etl:hun;ter2@h/db",
            "postgres://etl:hunter2@h/db?password=hunter2",
            "postgres://etl:hunter2${env:X}@h/db",
            "postgres://etl@h/db?sslpassword=hunter2",
            "adbc:snowflake?auth_token=hunter2",
            "adbc:pg?uri=postgres://u:hunter2@h",
            "adbc:pg?uri=postgres%3A%2F%2Fu%3Ahunter2%40h",
            "postgres://u:%ff%feter2@h",
        ] {
            let Err(reason) = find(url) else {
                panic!("{url} is not refused");
            };
            assert!(!reason.contains("hunter2") && !reason.contains("ter2"), "{reason}");
        }
    }

    #[test]
    fn drivers_are_told_by_the_scheme() {
        assert_eq!(driver("mariadb://h/d"), Ok(Some(Driver::Mysql)));
        assert_eq!(driver("sqlite:x.db"), Ok(Some(Driver::Sqlite)));
        assert_eq!(driver("${env:DATABASE_URL}"), Ok(None));
        for url in ["etl:hunter2@h/db", "h/db", "", "postgres:etl:hunter2@h", "oracle://h"] {
            let reason = driver(url).expect_err(url);
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
