//! Looks into WebAssembly components, and makes them of core modules, without compiling anything.
//!
//! A core module that imports WASI preview 1, as Go's and C's do, gets it from an adapter of our own, on nothing but
//! `tenon:etl/host`: what it prints is in the run's log, its clock and random bytes are the run's, and it has no files.
//!
//! The bytes may come from anybody. [`componentize`] and [`names_in`] read them; [`inspect`] decides from the names
//! alone whether this version of Tenon can serve the component. [`LineTables`] tell where in its sources an instruction is;
//! [`without_debug_information`] leaves them in a module, and takes out what only debuggers read.
//!
//! ```
//! use tenon_component::{componentize, inspect, names_in};
//!
//! let module = b"\0asm\x01\0\0\0";
//! let refused = componentize(module).unwrap_err().to_string();
//! assert!(refused.starts_with("it is a core module that says of no WIT world"), "{refused}");
//!
//! # let file = wat::parse_str(r#"(component (instance $i) (export "tenon:etl/job@0.1.0" (instance $i)))"#)?;
//! let component = componentize(&file)?;
//! let inspected = inspect(&names_in(&component)?)?;
//! assert!(inspected.interfaces.job && !inspected.wasi);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod contract;
mod debug;
mod error;
mod lines;
mod preview1;
mod read;
mod world;

pub use contract::{CONTRACT_VERSION, Inspected, Interfaces, inspect};
pub use debug::without_debug_information;
pub use error::Error;
pub use lines::{LineTables, Place};
pub use read::{Names, componentize, names_in};
