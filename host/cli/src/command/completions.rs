use crate::args::{CompletionArguments, whole};

/// `tenon completions`
pub fn completions(arguments: &CompletionArguments) {
    clap_complete::generate(arguments.shell, &mut whole(), "tenon", &mut std::io::stdout());
}
