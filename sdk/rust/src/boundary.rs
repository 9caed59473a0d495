//! The host, as the rest of this crate sees it: the real one inside a sandbox, a stand-in in memory everywhere else.

#[cfg(target_family = "wasm")]
mod sandbox;
#[cfg(target_family = "wasm")]
pub(crate) use sandbox::*;

#[cfg(not(target_family = "wasm"))]
mod stand_in;
#[cfg(not(target_family = "wasm"))]
pub(crate) use stand_in::*;
