//! What a transform answers with when something goes wrong.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::panic::Location;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The data are wrong; the same data will fail again.
    BadData,
    /// The configuration or the plugin is wrong.
    BadConfig,
    /// Worth trying again.
    Transient,
    /// Not something that this side does.
    Unsupported,
    /// Not granted.
    Denied,
    /// A limit was reached; the message names it.
    Limit,
    /// A defect.
    Internal,
}

/// An error with a message for people, a kind for the engine, and what was being done when it happened.
///
/// ```
/// use tenon::{Context, Error, ErrorKind, Result};
///
/// fn tariff(text: &str) -> Result<i64> {
///     let cents: i64 = text.parse().with_context(|| format!("reading the tariff `{text}`"))?;
///     if cents < 0 {
///         return Err(Error::bad_data(format!("the tariff {cents} is negative")));
///     }
///     Ok(cents)
/// }
///
/// let error = tariff("12a").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::BadData);
/// assert_eq!(error.to_string(), "reading the tariff `12a`: invalid digit found in string");
/// ```
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    context: Vec<Cow<'static, str>>,
    place: Option<&'static Location<'static>>,
}

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            context: Vec::new(),
            place: None,
        }
    }

    /// The data are wrong.
    pub fn bad_data(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::BadData, message)
    }

    /// The configuration or the plugin is wrong.
    pub fn bad_config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::BadConfig, message)
    }

    /// Worth trying again.
    pub fn transient(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Transient, message)
    }

    /// Not something that this plugin does.
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// A defect of the plugin.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong, without what was being done.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What was being done, from the outside in.
    pub fn context(&self) -> impl Iterator<Item = &str> {
        self.context.iter().map(AsRef::as_ref)
    }

    /// Where in the source an error of the standard library became this one, with `?` or [`Context`]: what such an error says
    /// doesn't tell one call from another, so the run's error names the line. `None` for what was made as an [`Error`].
    ///
    /// ```
    /// use tenon::{Error, Result};
    ///
    /// fn cents(text: &str) -> Result<i64> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// assert!(cents("12a").unwrap_err().place().is_some());
    /// assert!(Error::bad_data("12a is no amount").place().is_none());
    /// ```
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }

    /// The same error, with what was being done around it.
    #[must_use]
    pub fn within(mut self, what: impl Into<Cow<'static, str>>) -> Self {
        self.context.insert(0, what.into());
        self
    }

    /// The parts that cross to the host.
    #[cfg_attr(
        not(target_family = "wasm"),
        expect(dead_code, reason = "only a component has a host to send it to")
    )]
    pub(crate) fn into_parts(self) -> (ErrorKind, String, Vec<String>) {
        let message = match self.place {
            Some(place) => format!("{} (at {}:{})", self.message, place.file(), place.line()),
            None => self.message.into_owned(),
        };
        (
            self.kind,
            message,
            self.context.into_iter().map(Cow::into_owned).collect(),
        )
    }

    #[cfg_attr(
        not(target_family = "wasm"),
        expect(dead_code, reason = "only a component has a host to get it from")
    )]
    pub(crate) fn from_parts(kind: ErrorKind, message: String, context: Vec<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            context: context.into_iter().map(Cow::Owned).collect(),
            place: None,
        }
    }
}

/// Errors are equal that say the same, wherever they come from.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, &self.message, &self.context) == (other.kind, &other.message, &other.context)
    }
}

impl Eq for Error {}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for what in &self.context {
            f.write_str(what)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Adds what was being done to an error.
pub trait Context<T> {
    /// Adds a fixed text.
    fn context(self, what: impl Into<Cow<'static, str>>) -> Result<T>;
    /// Adds a text that is only made when there is an error.
    fn with_context<W: Into<Cow<'static, str>>>(self, what: impl FnOnce() -> W) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    // No closures: the place of a conversion in one would be here.
    #[track_caller]
    fn context(self, what: impl Into<Cow<'static, str>>) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().within(what)),
        }
    }

    #[track_caller]
    fn with_context<W: Into<Cow<'static, str>>>(self, what: impl FnOnce() -> W) -> Result<T> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => Err(error.into().within(what())),
        }
    }
}

/// Errors of the standard library that a value in the data can cause become `bad-data`.
macro_rules! bad_data_from {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Error {
            #[track_caller]
            fn from(error: $error) -> Self {
                Self {
                    place: Some(Location::caller()),
                    ..Self::bad_data(error.to_string())
                }
            }
        }
    )+};
}

bad_data_from!(
    std::num::ParseIntError,
    std::num::ParseFloatError,
    std::num::TryFromIntError,
    std::str::ParseBoolError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
    std::char::ParseCharError,
);

impl From<String> for Error {
    fn from(message: String) -> Self {
        Self::bad_data(message)
    }
}

impl From<&'static str> for Error {
    fn from(message: &'static str) -> Self {
        Self::bad_data(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_conversion_is_the_callers() {
        fn parsed(text: &str) -> Result<i64> {
            Ok(text.parse()?)
        }
        let error = "x".parse::<i64>().context("reading").unwrap_err();
        let line = line!() - 1;
        let place = error.place().unwrap();
        assert_eq!((place.file(), place.line()), (file!(), line));
        let converted = parsed("x").unwrap_err();
        assert!(converted.place().unwrap().line() < line);
        assert_eq!(converted.within("reading"), error);
    }
}
