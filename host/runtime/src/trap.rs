//! What wasmtime reports, in words for whoever runs the job.

use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap, WasmBacktrace};

use crate::error::{Error, clip};
use crate::host::SandboxState;
use crate::limits::LimitReached;

/// Longest explanation, in bytes.
const MAX_EXPLANATION: usize = 2_000;
/// Most frames of a guest's backtrace.
pub(crate) const MAX_FRAMES: usize = 12;
/// Longest name of a guest's function, in bytes.
const MAX_FRAME: usize = 120;

/// The error for a call that wasmtime ended: the limit that was behind it, if there was one, or the trap.
pub(crate) fn classify(
    store: &mut Store<SandboxState>,
    error: &wasmtime::Error,
    function: Option<&str>,
    stage: &'static str,
) -> Error {
    let state = store.data_mut();
    let plugin = state.plugin.to_string();
    let function = function.map(str::to_owned);
    if let Some(reached) = limit_behind(state, error) {
        return Error::Limit {
            plugin,
            function,
            reached,
        };
    }
    if function.is_none() {
        return Error::Load {
            plugin,
            stage,
            reason: explain(error),
        };
    }
    let trap = explain(error);
    let trap = state
        .run
        .as_ref()
        .map(|run| run.redact(&trap).into_owned())
        .unwrap_or(trap);
    Error::Trapped {
        plugin,
        function,
        trap,
        last_words: state.last_words.take(),
    }
}

/// An error of wasmtime as a sentence, with the guest's frames.
pub(crate) fn explain(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        // Not a trap: what was being done says which part of the plugin is at fault.
        return clip(&format!("{error:#}"), MAX_EXPLANATION);
    };
    let mut explanation = clip(&error.root_cause().to_string(), MAX_EXPLANATION);
    let names: Vec<String> = backtrace
        .frames()
        .iter()
        .filter_map(|frame| frame.func_name())
        .take(MAX_FRAMES)
        .map(|name| clip(&rustc_demangled(name), MAX_FRAME))
        .collect();
    if !names.is_empty() {
        explanation.push_str(" in ");
        explanation.push_str(&names.join(" < "));
    }
    explanation
}

fn limit_behind(state: &mut SandboxState, error: &wasmtime::Error) -> Option<LimitReached> {
    if let Some(reached) = state.reached.take() {
        return Some(reached);
    }
    if let Some(reached) = error.downcast_ref::<LimitReached>() {
        return Some(reached.clone());
    }
    if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        return Some(LimitReached::fixed("stack", "1 MiB"));
    }
    // Wasmtime has no types for these two; the hostile guests in tests/ would notice other words.
    let words = error.root_cause().to_string();
    if words.contains("fuel allocated for hostcalls has been exhausted") {
        return Some(LimitReached::bytes("call_bytes", state.limits.call_bytes));
    }
    let full = matches!(
        error.downcast_ref::<ResourceTableError>(),
        Some(ResourceTableError::Full)
    );
    if full || words.contains("store handle limit exceeded") {
        return Some(LimitReached::count("handles", state.limits.handles, "handles"));
    }
    // A guest that is refused memory aborts: the refusal is the cause.
    state.growth.take_refusal()
}

/// Rust's symbol names as people write them: `flights::categorise`, without the hash.
fn rustc_demangled(name: &str) -> String {
    let parts: Vec<&str> = name.split("::").collect();
    match parts.as_slice() {
        [path @ .., hash] if !path.is_empty() && hash.len() == 17 && hash.starts_with('h') => path.join("::"),
        _ => name.to_owned(),
    }
}
