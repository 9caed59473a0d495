//! Finds or installs the tools that build guests, and builds them into components.
//!
//! A guest is a folder with a project of its language; [`Language::of`] tells which. [`build`] runs the language's own
//! tools and turns what comes out into a component. [`Tools`] finds them, and gets those that are missing through the
//! ordinary package registries, into Tenon's cache.
//!
//! ```no_run
//! use std::path::Path;
//! use tenon_toolchain::{BuildOptions, Language, Tools, build};
//!
//! let mut tools = Tools::from_env(|line| eprintln!("{line}"))?;
//! println!("{}", tools.prepare(Language::Rust)?);
//! let built = build(&mut tools, Path::new("plugins/mask"), &BuildOptions::default())?;
//! println!("{}: {} bytes", built.component.display(), built.bytes);
//! # Ok::<(), tenon_toolchain::Error>(())
//! ```
//!
//! # Where the tools come from
//!
//! Rust needs a compiler that has the standard library for `wasm32-unknown-unknown`. The first of these that works is
//! used:
//! 1. a Rust toolchain on `PATH` or in rustup's folder that has the standard library for `wasm32-unknown-unknown`, or
//!    failing that for `wasm32-wasip2`;
//! 2. a standard library that an earlier run of 4 built into Tenon's cache;
//! 3. `rustup target add wasm32-unknown-unknown`;
//! 4. a compiler with the sources of the standard library (rustup's `rust-src`; Debian's `rust-web-src`, which is
//!    installed where apt offers it and we may): the standard library is built from them once, into the cache.
//!
//! Python guests are built by componentize-py, C, C++ and Zig by Zig's compiler, both from Python's registry, in an
//! environment of the machine's Python; JavaScript and TypeScript by packages of npm; Go by the machine's Go, or one from
//! Python's registry. The SDKs themselves are in this crate.
//!
//! Nothing is downloaded if `TENON_OFFLINE` is set. The cache is the folder named by `TENON_CACHE`, else `tenon` in
//! `XDG_CACHE_HOME`, else `~/.cache/tenon`.

mod artifact;
#[cfg(test)]
mod available;
mod build;
mod c;
mod command;
mod component;
mod debian;
mod elsewhere;
mod error;
mod fingerprint;
mod go;
mod inputs;
mod installed;
mod javascript;
mod language;
mod linker;
mod machine;
mod module;
mod packages;
mod placed;
mod project;
mod python;
mod record;
mod rust;
mod rustup;
#[cfg(test)]
mod sample;
mod sdk;
mod sysroot;
mod target;
mod toolchain;
mod tools;
mod version;
mod zig;

pub use build::{BuildOptions, Built, ToolOutput, build};
pub use elsewhere::sources_elsewhere;
pub use error::Error;
pub use inputs::sources_in;
pub use language::Language;
pub use machine::Machine;
pub use placed::place_sdk;
pub use target::Target;
pub use toolchain::Toolchain;
pub use tools::Tools;
