use crate::args::BuildArguments;
use crate::exit::Failure;
use crate::format::bytes;
use crate::plugin;

/// `tenon build`
pub async fn build(arguments: BuildArguments, quiet: bool) -> Result<(), Failure> {
    let built = plugin::build(&arguments.project, arguments.output, quiet).await?;
    if !quiet {
        println!("{} ({})", built.component.display(), bytes(built.bytes));
    }
    Ok(())
}
