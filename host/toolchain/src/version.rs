use std::fmt;

/// The oldest release that builds guests: `tenon-sdk` says so as its `rust-version`.
pub(crate) const OLDEST: (u32, u32) = (1, 95);

/// What `rustc -vV` says of a compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RustcVersion {
    /// As in `1.96.0` or `1.97.0-nightly`.
    pub(crate) release: String,
    /// Major and minor number of the release.
    pub(crate) number: (u32, u32),
    /// The first twelve digits of the commit, or `unknown`: builds made from a bare source tarball don't say.
    pub(crate) commit: String,
    /// The target that it runs on.
    pub(crate) host: String,
}

impl RustcVersion {
    /// Reads the output of `rustc -vV`; `None` where it is not that.
    pub(crate) fn parse(verbose: &str) -> Option<Self> {
        let field = |name: &str| {
            verbose
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
        };
        let release = field("release")?;
        let mut numbers = release.split(['.', '-']).map(str::parse);
        let number = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        let commit =
            field("commit-hash").filter(|hash| hash.len() >= 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
        let commit = commit.map_or_else(|| "unknown".to_owned(), |hash| hash[..12].to_owned());
        Some(Self {
            number,
            commit,
            host: field("host")?,
            release,
        })
    }

    /// Whether it is recent enough for guests.
    pub(crate) fn is_recent(&self) -> bool {
        self.number >= OLDEST
    }
}

impl fmt::Display for RustcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbose(release: &str, commit: &str) -> String {
        format!(
            "rustc {release} (x)\nbinary: rustc\ncommit-hash: {commit}\ncommit-date: 2026-05-25\n\
             host: x86_64-unknown-linux-gnu\nrelease: {release}\nLLVM version: 22.1.8\n"
        )
    }

    #[test]
    fn reads_a_release() {
        let version = RustcVersion::parse(&verbose("1.96.0", "ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96")).unwrap();
        assert_eq!(version.release, "1.96.0");
        assert_eq!(version.number, (1, 96));
        assert_eq!(version.commit, "ac68faa20c58");
        assert_eq!(version.host, "x86_64-unknown-linux-gnu");
        assert!(version.is_recent());
    }

    #[test]
    fn reads_a_nightly_and_a_build_without_commit() {
        let version = RustcVersion::parse(&verbose("1.97.0-nightly", "unknown")).unwrap();
        assert_eq!(version.number, (1, 97));
        assert_eq!(version.commit, "unknown");
    }

    #[test]
    fn an_old_release_is_not_recent() {
        assert!(!RustcVersion::parse(&verbose("1.63.0", "unknown")).unwrap().is_recent());
        assert!(RustcVersion::parse(&verbose("2.0.0", "unknown")).unwrap().is_recent());
    }

    #[test]
    fn other_output_is_no_version() {
        assert_eq!(RustcVersion::parse("rustc 1.96.0 (ac68faa20 2026-05-25)"), None);
        assert_eq!(RustcVersion::parse("release: next\nhost: x"), None);
        assert_eq!(RustcVersion::parse("release: 1\nhost: x"), None);
        assert_eq!(RustcVersion::parse(""), None);
    }
}
