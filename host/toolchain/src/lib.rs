//! Finds or installs the toolchain that builds guests, and builds them into components.
//!
//! A guest is an ordinary Rust crate of kind `cdylib` that depends on `tenon-sdk`. Building it needs a Rust compiler
//! that has the standard library for `wasm32-unknown-unknown`. [`Toolchain::find`] looks for one, and
//! [`Toolchain::find_or_install`] gets one where there is none; `cargo xtask setup` and `tenon build` share them.
//! [`build`] runs cargo and turns the module that comes out into a component; it needs no other tool.
//!
//! ```no_run
//! use std::path::Path;
//! use tenon_toolchain::{BuildOptions, Toolchain, build};
//!
//! let toolchain = Toolchain::find_or_install(&mut |line| eprintln!("{line}"))?;
//! println!("{}", toolchain.describe());
//! let built = build(&toolchain, Path::new("plugins/mask"), &BuildOptions::default())?;
//! println!("{}: {} bytes", built.component.display(), built.bytes);
//! # Ok::<(), tenon_toolchain::Error>(())
//! ```
//!
//! # Where the toolchain comes from
//!
//! The first of these that works is used:
//! 1. a Rust toolchain on `PATH` or in rustup's folder that has the standard library for `wasm32-unknown-unknown`, or
//!    failing that for `wasm32-wasip2`;
//! 2. a standard library that an earlier run of 4 built into Tenon's cache;
//! 3. `rustup target add wasm32-unknown-unknown`;
//! 4. a compiler with the sources of the standard library (rustup's `rust-src`; Debian's `rust-web-src`, which is
//!    installed where apt offers it and we may): the standard library is built from them once, into the cache.
//!
//! 3 and 4 happen in [`Toolchain::find_or_install`] alone, 3 and apt not if `TENON_OFFLINE` is set. The cache is the
//! folder named by `TENON_CACHE`, else `tenon` in `XDG_CACHE_HOME`, else `~/.cache/tenon`.

mod artifact;
mod build;
mod command;
mod component;
mod debian;
mod error;
mod installed;
mod linker;
mod machine;
mod rustup;
mod sysroot;
mod target;
mod toolchain;
mod version;

pub use build::{BuildOptions, Built, CargoOutput, build};
pub use error::Error;
pub use machine::Machine;
pub use target::Target;
pub use toolchain::Toolchain;
