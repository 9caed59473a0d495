use tenon_host::engine::Engine;

use crate::args::ExplainArguments;
use crate::exit::Failure;
use crate::{job, output, plugin};

/// `tenon explain`
pub async fn explain(arguments: ExplainArguments, quiet: bool) -> Result<(), Failure> {
    let prepared = job::open(&arguments.job, &arguments.param, quiet).await?;
    let engine = Engine::new(plugin::runtime(None)?);
    let mut lines = Vec::new();
    for (name, plan) in engine.explain(&prepared.job).await? {
        lines.push(format!("{name}:"));
        lines.extend(plan.lines().map(|line| format!("  {line}")));
    }
    output::print(&lines.join("\n"))
}
