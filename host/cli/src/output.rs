//! Printing what may be long, to somebody who may not want all of it.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

use anyhow::Context;

use crate::exit::Failure;

/// Prints a text and the end of a line to stdout.
pub fn print(text: &str) -> Result<(), Failure> {
    done(writeln!(io::stdout().lock(), "{text}"))
}

/// Prints a text as it is.
pub fn write(text: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    done(stdout.write_all(text).and_then(|()| stdout.flush()))
}

/// Prints a line to stderr, of what `format!` takes. Unlike `eprintln!`, it doesn't panic once nobody reads on.
macro_rules! say {
    ($($what:tt)*) => {
        $crate::output::say_line(format_args!($($what)*))
    };
}
pub(crate) use say;

/// What `say!` expands to.
pub fn say_line(line: Arguments<'_>) {
    tell(format!("{line}\n").as_bytes());
}

/// Writes a text to stderr as it is. That it can't be written could be said nowhere else.
pub fn tell(text: &[u8]) {
    io::stderr().lock().write_all(text).ok();
}

/// What came of printing. That nobody reads on, as with `| head`, is no failure.
pub fn done(printed: io::Result<()>) -> Result<(), Failure> {
    match printed {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot print").map_err(Failure::failed),
    }
}
