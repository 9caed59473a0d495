//! Outgoing HTTP for guests: only to hosts that the run was granted, and never to an address inside the host's own
//! network unless the grant says so.
//!
//! A granted name is resolved by the host, every address is checked, and the connection goes to a checked address, so
//! that a name which resolves to a private address (or does so the second time it is asked) reaches nothing.

mod address;
mod grant;
mod send;

pub use grant::HttpGrant;
pub(crate) use send::Hooks;
