use crate::args::ValidateArguments;
use crate::exit::Failure;
use crate::{job, output};

/// `tenon validate`
pub fn validate(arguments: &ValidateArguments, quiet: bool) -> Result<(), Failure> {
    let prepared = job::check(&arguments.job, &arguments.param, quiet)?;
    if !quiet {
        let job = &prepared.definition;
        output::print(&format!(
            "{} is valid: {}, {}, {}",
            job.name,
            number(job.sources.len(), "source"),
            number(job.steps.len(), "step"),
            number(job.sinks.len(), "sink")
        ))?;
    }
    Ok(())
}

fn number(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
