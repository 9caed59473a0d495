use tenon_host::engine::Engine;

use crate::args::ExplainArguments;
use crate::exit::Failure;
use crate::{job, plugin};

/// `tenon explain`
pub async fn explain(arguments: ExplainArguments, quiet: bool) -> Result<(), Failure> {
    let prepared = job::open(&arguments.job, &arguments.param, quiet).await?;
    let engine = Engine::new(plugin::runtime(None)?);
    for (name, plan) in engine.explain(&prepared.job).await? {
        println!("{name}:");
        for line in plan.lines() {
            println!("  {line}");
        }
    }
    Ok(())
}
