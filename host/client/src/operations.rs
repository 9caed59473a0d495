//! What can be asked of a server: one line for each operation of the API's document, which makes a method of its name.

mod access;
mod jobs;
mod plugins;
mod runs;
mod server;
mod stores;
mod targets;
mod triggers;
mod workflows;

/// What the API's document calls an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Its id, which is the name of the method here.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// Its path, with names in braces.
    pub path: &'static str,
}

/// All operations that this client knows.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        access::OF_SERVER,
        access::OF_TENANT,
        jobs::OF_TENANT,
        plugins::OF_TENANT,
        runs::OF_TENANT,
        server::OF_SERVER,
        server::OF_TENANT,
        stores::OF_TENANT,
        targets::OF_TENANT,
        triggers::OF_TENANT,
        workflows::OF_TENANT,
    ]
    .into_iter()
    .flatten()
}

/// A line is `/// what it does`, then `name(parts of the path) [body] METHOD "path" -> answer;`, with `once` before METHOD
/// where the server takes an idempotency key: a call has one of its own then, unless it is given another.
macro_rules! table {
    (
        $table:ident of $owner:ident;
        $( $(#[$doc:meta])* $name:ident($($segment:ident),*) $([$body:ident])? $($once:ident)? : $method:ident $path:literal -> $answer:ty; )*
    ) => {
        pub(super) const $table: &[Operation] = &[
            $( Operation { id: stringify!($name), method: stringify!($method), path: $path }, )*
        ];

        impl $owner {
            $(
                $(#[$doc])*
                pub fn $name(
                    &self
                    $(, $segment: impl Into<Segment>)*
                    $(, $body: &(impl serde::Serialize + ?Sized))?
                ) -> Call<$answer> {
                    let operation = Operation { id: stringify!($name), method: stringify!($method), path: $path };
                    let call = self.call(operation, &[$($segment.into()),*]);
                    $( let call = call.json($body); )?
                    $( let call = call.$once(); )?
                    call
                }
            )*
        }
    };
}

use table;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_operation_is_there_twice() {
        let (mut ids, mut paths) = (HashSet::new(), HashSet::new());
        for operation in operations() {
            assert!(ids.insert(operation.id), "{operation:?}");
            assert!(paths.insert((operation.method, operation.path)), "{operation:?}");
            assert!(operation.path.starts_with("/v1/"), "{operation:?}");
        }
    }
}
