//! What wasmtime reports, in words for whoever runs the job.

use std::sync::Arc;

use tenon_component::Place;
use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap, WasmBacktrace};

use crate::error::{Error, clip};
use crate::host::SandboxState;
use crate::limits::LimitReached;
use crate::lines::Lines;

/// Longest explanation, in bytes.
const MAX_EXPLANATION: usize = 2_000;
/// Most frames of a guest's backtrace.
pub(crate) const MAX_FRAMES: usize = 12;
/// Longest name of a guest's function, in bytes.
const MAX_FRAME: usize = 120;
/// Longest place of a frame in its sources, in bytes.
const MAX_PLACE: usize = 240;

/// The error for a call of a run that wasmtime ended: the limit that was behind it, if there was one, or the trap, with
/// the places of its frames in the plugin's sources.
pub(crate) async fn of_call(
    store: &mut Store<SandboxState>,
    error: wasmtime::Error,
    function: &str,
    lines: &Arc<Lines>,
) -> Error {
    let state = store.data_mut();
    let (plugin, function) = (state.plugin.to_string(), Some(function.to_owned()));
    if let Some(reached) = limit_behind(state, &error) {
        return Error::Limit {
            plugin,
            function,
            reached,
        };
    }
    let places = lines.places(offsets(&error)).await;
    let trap = explain_at(&error, &places);
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

/// The error for a sandbox that did not get as far as serving a run.
pub(crate) fn of_start(store: &mut Store<SandboxState>, error: &wasmtime::Error, stage: &'static str) -> Error {
    let state = store.data_mut();
    let plugin = state.plugin.to_string();
    match limit_behind(state, error) {
        Some(reached) => Error::Limit {
            plugin,
            function: None,
            reached,
        },
        None => Error::Load {
            plugin,
            stage,
            reason: explain(error),
        },
    }
}

/// An error of wasmtime as a sentence, with the guest's frames by name.
pub(crate) fn explain(error: &wasmtime::Error) -> String {
    explain_at(error, &[])
}

/// Where the frames were, as offsets in the component.
fn offsets(error: &wasmtime::Error) -> Vec<usize> {
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames);
    let frames = frames.unwrap_or_default().iter().take(MAX_FRAMES);
    // One that it does not know the offset of still has its place among the others.
    frames
        .map(|frame| frame.module_offset().unwrap_or(usize::MAX))
        .collect()
}

/// The same with the places of the frames, as far as there are any.
fn explain_at(error: &wasmtime::Error, places: &[Option<Place>]) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        // Not a trap: what was being done says which part of the plugin is at fault.
        return clip(&format!("{error:#}"), MAX_EXPLANATION);
    };
    let mut explanation = clip(&error.root_cause().to_string(), MAX_EXPLANATION);
    let places = places.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let frames: Vec<String> = backtrace
        .frames()
        .iter()
        .take(MAX_FRAMES)
        .zip(places)
        .filter_map(|(frame, place)| described(frame.func_name(), place))
        .collect();
    if !frames.is_empty() {
        explanation.push_str(" in ");
        explanation.push_str(&frames.join(" < "));
    }
    explanation
}

/// A frame: `flights::categorise (src/lib.rs:42)`, or what there is of that.
fn described(function: Option<&str>, place: Option<&Place>) -> Option<String> {
    let function = function.map(|name| clip(&rustc_demangled(name), MAX_FRAME));
    let place = place.map(|place| clip(&place.to_string(), MAX_PLACE));
    match (function, place) {
        (Some(function), Some(place)) => Some(format!("{function} ({place})")),
        (function, place) => function.or(place),
    }
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
