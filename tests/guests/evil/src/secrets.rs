//! Attempts to carry a secret out where people would see it.

use crate::answer::field;
use crate::bindings::exports::tenon::etl::transform::{Output, Rejection};
use crate::bindings::tenon::etl::arrow::{ColumnParam, Node};
use crate::bindings::tenon::etl::batches::Batch;
use crate::bindings::tenon::etl::errors::{Error, Kind};
use crate::bindings::tenon::etl::host::{self, Level};
use crate::{Attack, failure, number, pass};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("tell-log", |batch, name| {
        host::log(Level::Info, &format!("the secret is {}", host::secret(name)?));
        Ok(pass(batch))
    }),
    ("tell-error", |_, name| {
        Err(failure(Kind::BadData, format!("the secret is {}", host::secret(name)?)))
    }),
    ("tell-context", |_, name| {
        let context = vec![host::secret(name)?];
        Err(Error {
            context,
            ..failure(Kind::BadData, "see the context")
        })
    }),
    ("tell-panic", |_, name| panic!("the secret is {:?}", host::secret(name))),
    ("tell-rejection", |batch, name| {
        let rejected = vec![Rejection {
            row: 0,
            reason: format!("the secret is {}", host::secret(name)?),
        }];
        Ok(Output {
            rejected,
            ..pass(batch)
        })
    }),
    ("tell-column", |_, name| tell_column(&host::secret(name)?)),
    ("tell-clipped", |_, length| {
        tell_clipped(&host::secret("key")?, number(length))
    }),
    ("tell-logged-clipped", |batch, length| {
        let secret = host::secret("key")?;
        host::log(Level::Info, &padded(&secret, number(length)));
        Ok(pass(batch))
    }),
];

/// Answers with a column named like the secret, which nobody announced.
fn tell_column(secret: &str) -> Result<Output, Error> {
    let nulls = ColumnParam {
        nodes: &[Node { length: 1, nulls: 1 }],
        buffers: &[],
    };
    Ok(pass(Batch::build(&[field(secret, "n")], 1, &[nulls])?))
}

/// Puts the secret where the host cuts the message off.
fn tell_clipped(secret: &str, length: usize) -> Result<Output, Error> {
    Err(failure(Kind::BadData, padded(secret, length)))
}

/// The secret, begun half its length before `length`.
fn padded(secret: &str, length: usize) -> String {
    format!(
        "{}{secret} and more",
        ".".repeat(length.saturating_sub(secret.len() / 2))
    )
}
