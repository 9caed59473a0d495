use crate::args::BuildArguments;
use crate::exit::Failure;
use crate::format::bytes;
use crate::output;
use crate::plugin;

/// `tenon build`
pub async fn build(arguments: BuildArguments, quiet: bool) -> Result<(), Failure> {
    let debug = arguments.debug || plugin::builds_for_debugging();
    let built = plugin::build(&arguments.project, arguments.output, debug, quiet).await?;
    if !quiet {
        let (component, size) = (built.component.display(), bytes(built.bytes));
        output::print(&format!(
            "{component} ({size}, {}): {}",
            built.language,
            built.interfaces.join(", ")
        ))?;
    }
    Ok(())
}
