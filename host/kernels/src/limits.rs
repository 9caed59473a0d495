//! What guests may ask of the host's kernels.

use std::time::Duration;

/// Stack that [`crate::Program::project`] and [`crate::Program::filter`] may use at the default [`Limits::depth`], in
/// bytes, as measured with room to spare. Compilation brings its own stack.
pub const STACK_BYTES: usize = 512 << 10;

/// Bounds on expressions and on what one call may allocate. Each bound that is passed is named in the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text in all expressions of one program together. Default: 64 KiB.
    pub expression_bytes: usize,
    /// Expressions in one program. Default: 1,024.
    pub expressions: usize,
    /// Levels of nesting in one expression; each operator of a chain such as `a + b + c` counts as one. Deeper trees
    /// need more stack, see [`crate::STACK_BYTES`]. Default: 128.
    pub depth: usize,
    /// Columns, literals, operators and calls in one program together. Default: 10,000.
    pub nodes: usize,
    /// Bytes that one call may allocate for its results and the intermediate results on the way. Default: 256 MiB.
    pub output_bytes: u64,
    /// Time that compiling one program may take, looked at after each expression. Default: 5 seconds.
    pub compile_time: Duration,
    /// Steps that one call of a function may take whose work grows faster than its data, such as `levenshtein`, which
    /// compares each character of one text with each of another. Default: 1,000,000,000.
    pub steps: u64,
    /// Bytes of memory that one compiled regular expression may take. Default: 256 KiB.
    pub pattern_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            expression_bytes: 64 << 10,
            expressions: 1_024,
            depth: 128,
            nodes: 10_000,
            output_bytes: 256 << 20,
            compile_time: Duration::from_secs(5),
            steps: 1_000_000_000,
            pattern_bytes: 256 << 10,
        }
    }
}
