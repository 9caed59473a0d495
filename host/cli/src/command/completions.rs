use clap::CommandFactory;

use crate::args::{Arguments, CompletionArguments};

/// `tenon completions`
pub fn completions(arguments: &CompletionArguments) {
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "tenon",
        &mut std::io::stdout(),
    );
}
