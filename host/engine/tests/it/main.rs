//! Whole jobs, with real guests: one program, so that DataFusion is linked once.

mod echo;
mod flights;
mod functions;
mod graph;
mod passage;
mod script;
mod stage;
mod stream;
mod unreadable;
