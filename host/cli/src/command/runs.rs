mod list;
mod remove;
mod show;

use crate::args::{RunsArguments, RunsCommand};
use crate::exit::Failure;

/// `tenon runs`
pub fn runs(arguments: RunsArguments) -> Result<(), Failure> {
    match arguments.command {
        None => list::list(arguments.list),
        Some(RunsCommand::Show(show)) => show::show(&show),
        Some(RunsCommand::Remove(remove)) => remove::remove(&remove),
    }
}
