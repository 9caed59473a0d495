use crate::args::{CompletionArguments, whole};
use crate::exit::Failure;
use crate::output;

/// `tenon completions`
pub fn completions(arguments: &CompletionArguments) -> Result<(), Failure> {
    // The generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut whole(), "tenon", &mut script);
    output::write(&script)
}
