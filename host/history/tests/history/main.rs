//! The history, as runs, crashes and several processes use it.

mod damage;
mod kept;
mod logs;
mod phases;
mod place;
mod processes;
mod runs;
