//! What can go wrong with connections and secrets.

use std::io;
use std::path::PathBuf;

/// What went wrong. Texts hold no values of secrets and no URLs with passwords.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody says where the files are.
    #[error("there is no folder for connections and secrets: neither {variable} nor HOME names one; set TENON_CONFIG")]
    NoFolder {
        /// The variable that would name it.
        variable: &'static str,
    },

    /// The system refused to read or write a file.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was being done: `read`, `write`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },

    /// A file is longer than such a file can be.
    #[error("{} is longer than {limit} bytes, which is too long for such a file", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes at most.
        limit: u64,
    },

    /// A file with secrets that others than its owner can read or write.
    #[error("{} is open to others than its owner (mode {mode:04o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },

    /// A file of connections that somebody else could have written.
    #[error("{} could have been written by somebody else ({reason}), who would learn your passwords by it; {advice}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
        /// What to do.
        advice: &'static str,
    },

    /// Another process has been writing for too long.
    #[error("another process has been writing to {} for {seconds} seconds; try again when it has ended", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },

    /// A line of a file is not what it should be.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        reason: String,
    },

    /// A connection in a file is not what it should be.
    #[error("{}:{line}: connection `{connection}`: {reason}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The connection.
        connection: String,
        /// Which key, what is wrong with it and what to do.
        reason: String,
    },

    /// Something cannot have this name.
    #[error("`{name}` can't be the name of a {what}: {rule}")]
    BadName {
        /// A connection or a secret.
        what: &'static str,
        /// The name, clipped.
        name: String,
        /// What names have to be.
        rule: String,
    },

    /// A connection that is to be added cannot be stored.
    #[error("connection `{connection}`: {reason}")]
    BadConnection {
        /// The connection.
        connection: String,
        /// What is wrong and what to do. Does not hold the URL.
        reason: String,
    },

    /// There is no such connection.
    #[error("there is no connection `{name}`; {suggestion}")]
    NoConnection {
        /// The name, as it was asked for.
        name: String,
        /// The nearest name, or all.
        suggestion: String,
    },

    /// There is such a connection already.
    #[error("there is a connection `{name}` already, in {}; replace or remove it", path.display())]
    ConnectionExists {
        /// The connection.
        name: String,
        /// The file that it is in.
        path: PathBuf,
    },

    /// The secret that a connection's password would be stored as is there, and is another one.
    #[error(
        "the password of `{connection}` would be stored as the secret `{secret}`, which exists and is another one; remove it, or \
         write `${{secret:{secret}}}` in the place of the password to use it"
    )]
    SecretTaken {
        /// The connection.
        connection: String,
        /// The secret.
        secret: String,
    },

    /// A text refers to something in a way that there is not.
    #[error("{subject}: {reason}")]
    BadReference {
        /// What the text belongs to.
        subject: String,
        /// What is wrong.
        reason: String,
    },

    /// An environment variable that is referred to is not set.
    #[error("{subject}: the environment variable {variable} is not set, or is not text; {suggestion}")]
    NoVariable {
        /// What refers to it.
        subject: String,
        /// The variable.
        variable: String,
        /// The nearest name.
        suggestion: String,
    },

    /// There is no such secret.
    #[error(
        "{subject}there is no secret `{name}`; {suggestion}; `tenon secret set {name}` stores it, or set {variable}"
    )]
    NoSecret {
        /// What refers to it, with a colon; or nothing.
        subject: String,
        /// The secret.
        name: String,
        /// The nearest name, or all.
        suggestion: String,
        /// The variable that would hold it.
        variable: String,
    },

    /// A secret that is to be removed is not in the encrypted store, which alone is written to.
    #[error("the secret `{name}` is not in the store: it comes from {origin}, and has to be removed there")]
    NotStored {
        /// The secret.
        name: String,
        /// Where it comes from.
        origin: String,
    },

    /// A value cannot be a secret.
    #[error("the secret `{name}` cannot have this value: {reason}")]
    BadSecret {
        /// The secret.
        name: String,
        /// What is wrong with the value, which is not shown.
        reason: &'static str,
    },

    /// There is a store and no key to it.
    #[error("{} is encrypted, and its key is not there: {} does not exist; bring the key back, or name it by TENON_SECRET_KEY or TENON_SECRET_KEY_FILE", store.display(), key.display())]
    NoKey {
        /// The store.
        store: PathBuf,
        /// Where its key should be.
        key: PathBuf,
    },

    /// The file that is to hold the key does not exist, and is not made where somebody has named it.
    #[error("TENON_SECRET_KEY_FILE names {}, which does not exist; make a key with `openssl rand -base64 32`", path.display())]
    NoKeyFile {
        /// The file.
        path: PathBuf,
    },

    /// What should be a key is none.
    #[error(
        "{origin} does not hold a key: a key is 32 bytes, in base64 or hexadecimal, as `openssl rand -base64 32` makes them"
    )]
    BadKey {
        /// The variable or file.
        origin: String,
    },

    /// A new key was asked for, and the old one is where it cannot be replaced.
    #[error(
        "the key comes from TENON_SECRET_KEY, which only you can change: give the new key as TENON_NEW_SECRET_KEY, and set TENON_SECRET_KEY to it afterwards"
    )]
    KeyIsGiven,

    /// There is no store that could get another key.
    #[error("{} does not exist: no secret has been stored yet, and there is nothing to encrypt again", path.display())]
    NoStore {
        /// The store.
        path: PathBuf,
    },

    /// A file in the place of the store that is none.
    #[error("{} is not a store of secrets, or its beginning has been changed; restore it from a backup, or remove it and set the secrets again", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },

    /// The store of a later Tenon.
    #[error("{} has version {version} of the format, and this Tenon reads version 1; use a newer Tenon", path.display())]
    NewerStore {
        /// The store.
        path: PathBuf,
        /// The version.
        version: u8,
    },

    /// The store is shorter than it was written.
    #[error("{} is cut short: it has {found} of {expected} bytes; restore it from a backup, or remove it and set the secrets again", path.display())]
    CutShort {
        /// The store.
        path: PathBuf,
        /// Bytes that there are.
        found: u64,
        /// Bytes that there should be.
        expected: u64,
    },

    /// The store was encrypted with another key.
    #[error("{} was encrypted with another key than that in {key}", path.display())]
    WrongKey {
        /// The store.
        path: PathBuf,
        /// Where the key comes from.
        key: String,
    },

    /// The store is not as it was written.
    #[error("{} has been changed since it was written, and is not used; restore it from a backup, or remove it and set the secrets again", path.display())]
    Tampered {
        /// The store.
        path: PathBuf,
    },

    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    NoRandom,
}
