//! Reads from a finished plan where its time went.

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::MetricsSet;

use crate::apply::PluginExec;

/// Time that a source spent on reading and parsing, over all partitions.
pub(crate) fn source_time(scan: &Arc<dyn ExecutionPlan>) -> Duration {
    scan.metrics().map_or(Duration::ZERO, |metrics| of_source(&metrics))
}

/// Rows that came out of a plan so far.
pub(crate) fn rows(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    let own = plan.metrics().and_then(|metrics| metrics.output_rows());
    match (own, plan.children().as_slice()) {
        (Some(rows), _) => rows as u64,
        // It does not count them itself, and neither makes nor loses any.
        (None, [input]) if matches!(plan.cardinality_effect(), CardinalityEffect::Equal) => rows(input),
        (None, _) => 0,
    }
}

/// Time that the operators between sources and sinks spent, over all partitions, without the functions of plugins.
pub(crate) fn native_time(plan: &Arc<dyn ExecutionPlan>) -> Duration {
    let children = plan.children();
    if children.is_empty() {
        return Duration::ZERO;
    }
    let own = match plan.metrics() {
        Some(metrics) if plan.name() != PluginExec::NAME => {
            let named = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize());
            // Joins take these over only when they end.
            let joining = named("build_time") + named("join_time");
            metrics.elapsed_compute().unwrap_or(0).max(joining)
        }
        _ => 0,
    };
    children
        .into_iter()
        .map(native_time)
        .fold(Duration::from_nanos(own as u64), |sum, time| sum + time)
}

/// Partitions in which most of the plan runs.
pub(crate) fn partitions(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.properties().output_partitioning().partition_count();
    plan.children().into_iter().map(partitions).fold(own, usize::max)
}

fn of_source(metrics: &MetricsSet) -> Duration {
    let named = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize());
    // DataFusion's file sources time their processing under a name of their own; ours read in the background.
    let processing = named("time_elapsed_processing");
    let computing = metrics.elapsed_compute().unwrap_or(0);
    Duration::from_nanos((processing.max(computing) + named("time_reading")) as u64)
}

/// Largest resident memory of this process so far, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory() -> Option<u64> {
    kernel_figure("/proc/self/status", "VmHWM:")
}

/// Memory of this machine, in bytes.
#[cfg(target_os = "linux")]
pub(crate) fn machine_memory() -> Option<usize> {
    static MEMORY: std::sync::LazyLock<Option<usize>> =
        std::sync::LazyLock::new(|| usize::try_from(kernel_figure("/proc/meminfo", "MemTotal:")?).ok());
    *MEMORY
}

#[cfg(target_os = "linux")]
fn kernel_figure(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Memory of this machine: not known on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn machine_memory() -> Option<usize> {
    None
}

/// Largest resident memory of this process so far: not known on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn peak_memory() -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_process_has_some_memory() {
        assert!(super::peak_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
