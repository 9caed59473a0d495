//! A test guest that gives back what it gets, by every path that there is. Unless its doc comment says otherwise, a
//! function answers with exactly the rows and columns of its input.

mod fail;
mod native;
mod paths;
mod services;
mod stateful;
mod typed;
