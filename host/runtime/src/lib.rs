//! Loads WebAssembly components, keeps warm sandboxes and passes Arrow batches to them.
