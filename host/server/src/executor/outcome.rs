//! What an error of the engine means: for the run, for whoever reads it, and for the plugin that may be at fault.

use std::error::Error as StdError;

use tenon_engine::{Error as EngineError, Outcome as EngineOutcome};
use tenon_runs::{Failure, State};
use tenon_runtime::{Error as RuntimeError, ErrorKind as RuntimeKind};

/// Causes that are kept of an error, from the outside in.
const DEPTH: usize = 16;
/// Bytes that are kept of each.
const LONGEST: usize = 4 << 10;

/// How a run ended that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The state it comes to, if it is not tried again.
    pub state: State,
    /// Why.
    pub failure: Failure,
    /// The plugin at fault, by its name, if one is.
    pub plugin: Option<String>,
}

impl Ended {
    /// What the engine says of a run.
    pub fn of(error: &EngineError) -> Self {
        let runtime = plugin_error(error);
        let state = match error.outcome() {
            EngineOutcome::Cancelled => State::Stopped,
            EngineOutcome::Refused => State::Error,
            EngineOutcome::Limit if matches!(error, EngineError::Timeout { .. }) => State::Timeout,
            EngineOutcome::Limit | EngineOutcome::Failed => State::Failed,
        };
        let kind = match (state, error.outcome()) {
            (State::Timeout, _) => "timeout",
            (_, EngineOutcome::Cancelled) => "stopped",
            (_, EngineOutcome::Refused) => "refused",
            (_, EngineOutcome::Limit) => "limit",
            _ => "failed",
        };
        // What is refused is refused again; of the rest nobody can say more than that the engine does not know.
        let may_pass = match error.outcome() {
            EngineOutcome::Refused | EngineOutcome::Cancelled => Some(false),
            _ if error.may_pass() => Some(true),
            _ if runtime.is_some_and(is_deterministic) => Some(false),
            _ => None,
        };
        Self {
            state,
            failure: Failure {
                sentence: clip(&error.to_string()),
                kind: kind.to_owned(),
                chain: causes(error),
                likely_cause: likely_cause(error, runtime),
                may_pass,
            },
            plugin: lacking(error).or_else(|| runtime.and_then(plugin_at_fault)),
        }
    }

    /// A run that was stopped because its tenant has used up its CPU time.
    pub fn used_up(error: &tenon_tenants::Error) -> Self {
        Self {
            state: State::Failed,
            failure: Failure {
                likely_cause: Some(
                    "runs of the tenant together have used its CPU time of today: the operator raises \
                     `cpu_seconds_per_day` of its quotas"
                        .to_owned(),
                ),
                may_pass: Some(false),
                ..Failure::new("limit", clip(&error.to_string()))
            },
            plugin: None,
        }
    }

    /// A run that was refused before the engine saw it.
    pub fn refused(error: &(dyn StdError + 'static)) -> Self {
        Self {
            state: State::Error,
            failure: Failure {
                sentence: clip(&error.to_string()),
                kind: "refused".to_owned(),
                chain: causes(error),
                likely_cause: None,
                may_pass: Some(false),
            },
            plugin: None,
        }
    }
}

/// The sentence of a failure with its innermost cause, for lists and notifications.
pub fn in_one_sentence(failure: &Failure) -> String {
    match failure.chain.last() {
        Some(cause) if !failure.sentence.contains(cause.as_str()) => format!("{}: {cause}", failure.sentence),
        _ => failure.sentence.clone(),
    }
}

fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes = Vec::new();
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next.filter(|_| causes.len() < DEPTH) {
        let text = cause.to_string();
        // Some errors repeat what caused them.
        if !said.contains(&text) {
            causes.push(clip(&text));
            said = text;
        }
        next = cause.source();
    }
    causes
}

fn plugin_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a RuntimeError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<RuntimeError>() {
            return Some(found);
        }
        if let Some(found) = error.downcast_ref::<Box<RuntimeError>>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Whether the same run would fail with it again.
fn is_deterministic(error: &RuntimeError) -> bool {
    matches!(
        error.kind(),
        RuntimeKind::BadData | RuntimeKind::BadConfig | RuntimeKind::Unsupported | RuntimeKind::Denied
    )
}

/// The plugin, where the fault is in its code and not in its data, configuration or surroundings.
fn plugin_at_fault(error: &RuntimeError) -> Option<String> {
    match error {
        RuntimeError::Trapped { plugin, .. }
        | RuntimeError::Limit { plugin, .. }
        | RuntimeError::Contract { plugin, .. } => Some(plugin.clone()),
        RuntimeError::Guest { plugin, kind, .. } if !matches!(kind, RuntimeKind::Transient | RuntimeKind::Denied) => {
            Some(plugin.clone())
        }
        _ => None,
    }
}

/// The plugin, without the version or alias that the job names it by, where its functions are not those that the job wants:
/// another version may have them.
fn lacking(error: &EngineError) -> Option<String> {
    let (EngineError::UnknownFunction { plugin, .. } | EngineError::ChooseFunction { plugin, .. }) = error else {
        return None;
    };
    plugin.split('@').next().map(str::to_owned)
}

fn likely_cause(error: &EngineError, runtime: Option<&RuntimeError>) -> Option<String> {
    let text = match runtime {
        Some(RuntimeError::Limit { reached, .. }) => {
            format!("{reached}; set another limit in the section [limits] of the job")
        }
        Some(RuntimeError::Trapped {
            last_words: Some(words),
            ..
        }) => format!("the plugin's last words were: {}", clip(words)),
        Some(RuntimeError::Trapped { .. }) => {
            "the plugin's code crashed; the functions that it was in are in the error, if their names were left in the \
             component: build it without `strip`, or have it log what it panics with"
                .to_owned()
        }
        Some(RuntimeError::Guest {
            kind: RuntimeKind::Denied,
            ..
        }) => {
            "the plugin asked for something that the job does not grant it: see secrets, http and parameters of the job"
                .to_owned()
        }
        Some(RuntimeError::Guest {
            kind: RuntimeKind::Transient,
            ..
        }) => "something that the plugin needs was not there for a moment; the next attempt may succeed".to_owned(),
        _ => match error {
            EngineError::Timeout { .. } => {
                "the job took longer than its timeout: give it more time, more partitions or less data".to_owned()
            }
            EngineError::Memory { .. } => {
                "the run has reached its memory: raise `memory` of the job, or the server's runs.memory".to_owned()
            }
            _ if error.may_pass() => {
                "a database, store or network did not answer as it should; it may later".to_owned()
            }
            _ => return None,
        },
    };
    Some(text)
}

fn clip(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    format!("{} ...", &text[..text.floor_char_boundary(LONGEST)])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_timeout_is_a_state_of_its_own() {
        let ended = Ended::of(&EngineError::Timeout {
            limit: Duration::from_secs(5),
        });
        assert_eq!(ended.state, State::Timeout);
        assert_eq!(ended.failure.kind, "timeout");
        assert!(ended.failure.likely_cause.is_some() && ended.plugin.is_none());
    }

    #[test]
    fn a_plugin_is_at_fault_that_lacks_what_the_job_calls() {
        let known = || vec!["mask".to_owned(), "unmask".to_owned()];
        let unknown = EngineError::UnknownFunction {
            plugin: "clean@stable".to_owned(),
            function: "trim".to_owned(),
            known: known(),
        };
        let several = EngineError::ChooseFunction {
            plugin: "clean".to_owned(),
            known: known(),
        };
        for error in [unknown, several] {
            let ended = Ended::of(&error);
            assert_eq!(
                (ended.plugin.as_deref(), ended.state),
                (Some("clean"), State::Error),
                "{error}"
            );
        }
    }

    /// How a run ends whose plugin `clean` trapped.
    fn trapped(last_words: Option<&str>) -> Ended {
        let trapped = RuntimeError::Trapped {
            plugin: "clean".to_owned(),
            function: Some("mask".to_owned()),
            trap: "unreachable in clean::mask".to_owned(),
            last_words: last_words.map(str::to_owned),
        };
        Ended::of(&EngineError::Step {
            step: "cleaned".to_owned(),
            partition: 0,
            rows: 5,
            source: Box::new(trapped),
            batch: None,
        })
    }

    #[test]
    fn a_trap_without_words_promises_names_only() {
        let cause = trapped(None).failure.likely_cause.unwrap_or_default();
        assert!(cause.contains("names") && !cause.contains("lines"), "{cause}");
    }

    #[test]
    fn a_trap_is_the_plugins_fault() {
        let ended = trapped(Some("index out of bounds"));
        assert_eq!((ended.plugin.as_deref(), ended.state), (Some("clean"), State::Failed));
        let cause = ended.failure.likely_cause.unwrap_or_default();
        assert!(cause.contains("index out of bounds"), "{cause}");
        let chain = &ended.failure.chain;
        assert!(chain[0].contains("unreachable"), "{chain:?}");
    }
}
