//! Steps and functions of a job file as such that run.

use tenon_job::{JoinKind, Keep, Node, Problem, SampleSize as DefinedSize, Step as Defined};

use super::{Artifacts, bytes};
use crate::error::Error;
use crate::function::{OnRefusal, ScalarFunction};
use crate::interpreted::{SCRIPT_FUNCTION, script_config};
use crate::step::{Emits, JoinHow, JoinStep, PluginStep, SampleSize, SampleStep, Step};

/// The step.
pub(super) fn step(step: &Defined, artifacts: &Artifacts) -> Result<Step, Problem> {
    Ok(match step {
        Defined::Sql(step) => Step::Sql {
            query: step.sql.clone(),
            inputs: step.inputs.clone(),
        },
        Defined::Plugin(step) => Step::Plugin(PluginStep {
            from: step.from.clone(),
            plugin: artifacts.plugin(&step.plugin),
            function: step.function.clone(),
            config: config(&step.config)?,
            reads: step.reads.clone(),
            emits: Emits::Rows,
        }),
        Defined::Script(step) => {
            let (file, function) = (artifacts.script(&step.script), step.function.as_deref());
            // Messages name it as the job does: where a server keeps the file is not for its tenants to know.
            let named = |error: Error| match error {
                Error::ScriptFile { cause, .. } => Error::ScriptFile {
                    file: step.script.as_str().into(),
                    cause,
                },
                error => error,
            };
            let mut config = script_config(&file, function, &config(&step.config)?)
                .map_err(|error| Problem::new(named(error).to_string()).at(step.config.span()))?;
            config["file"] = step.script.as_str().into();
            Step::Plugin(PluginStep {
                from: step.from.clone(),
                plugin: artifacts.plugin(&step.script),
                function: Some(SCRIPT_FUNCTION.to_owned()),
                config,
                reads: step.reads.clone(),
                emits: Emits::Rows,
            })
        }
        Defined::Select(step) => Step::Select {
            from: step.from.clone(),
            expressions: step.select.clone(),
        },
        Defined::Rename(step) => Step::Rename {
            from: step.from.clone(),
            columns: step.rename.clone(),
        },
        Defined::Cast(step) => Step::Cast {
            from: step.from.clone(),
            columns: step.cast.clone(),
        },
        Defined::Filter(step) => Step::Filter {
            from: step.from.clone(),
            predicate: step.filter.clone(),
        },
        Defined::Dedupe(step) => {
            let orders = step.dedupe.order_by.iter();
            Step::Dedupe {
                from: step.from.clone(),
                by: step.dedupe.by.clone(),
                order_by: match step.dedupe.keep {
                    Keep::First => orders.cloned().collect(),
                    Keep::Last => orders.map(|order| reversed(order)).collect(),
                },
            }
        }
        Defined::Join(step) => Step::Join(JoinStep {
            from: step.from.clone(),
            with: step.join.with.clone(),
            on: step.join.on.0.clone().into_iter().collect(),
            how: match step.join.how {
                JoinKind::Inner => JoinHow::Inner,
                JoinKind::Left => JoinHow::Left,
                JoinKind::Right => JoinHow::Right,
                JoinKind::Full => JoinHow::Full,
                JoinKind::Semi => JoinHow::Semi,
                JoinKind::Anti => JoinHow::Anti,
            },
        }),
        Defined::Union(step) => Step::Union {
            inputs: step.union.of.clone(),
            distinct: step.union.distinct,
        },
        Defined::Aggregate(step) => Step::Aggregate {
            from: step.from.clone(),
            group_by: step.aggregate.group_by.clone(),
            values: step.aggregate.values.clone(),
        },
        Defined::Sort(step) => Step::Sort {
            from: step.from.clone(),
            by: step.sort.clone(),
        },
        Defined::Limit(step) => Step::Limit {
            from: step.from.clone(),
            rows: bytes(step.limit.rows),
            offset: bytes(step.limit.offset),
        },
        Defined::Sample(step) => Step::Sample(SampleStep {
            from: step.from.clone(),
            size: match step.sample.size {
                DefinedSize::Share(share) => SampleSize::Share(share.0),
                DefinedSize::Rows(rows) => SampleSize::Rows(bytes(rows)),
            },
            seed: step.sample.seed,
        }),
    })
}

/// The function.
pub(super) fn function(function: &tenon_job::Function, artifacts: &Artifacts) -> Result<ScalarFunction, Problem> {
    Ok(ScalarFunction {
        plugin: artifacts.plugin(&function.plugin),
        function: function.function.clone(),
        config: config(&function.config)?,
        on_error: match function.on_error {
            tenon_job::OnRefusal::Fail => OnRefusal::Fail,
            tenon_job::OnRefusal::Null => OnRefusal::Null,
        },
    })
}

fn config(given: &Node) -> Result<serde_json::Value, Problem> {
    match given.value() {
        tenon_job::Value::Null => Ok(serde_json::json!({})),
        _ => given.read(),
    }
}

/// The same order from the other end: `a desc` for `a`, with nulls at the other end as well.
fn reversed(order: &str) -> String {
    let mut words: Vec<&str> = order.split_whitespace().collect();
    let ends_with = |words: &[&str], end: &[&str]| {
        words.len() > end.len()
            && words[words.len() - end.len()..]
                .iter()
                .zip(end)
                .all(|(word, end)| word.eq_ignore_ascii_case(end))
    };
    let nulls_last = if ends_with(&words, &["nulls", "first"]) {
        Some(true)
    } else if ends_with(&words, &["nulls", "last"]) {
        Some(false)
    } else {
        None
    };
    let all = words.len();
    if nulls_last.is_some() {
        words.truncate(words.len() - 2);
    }
    let descending = ends_with(&words, &["desc"]);
    if descending || ends_with(&words, &["asc"]) {
        words.pop();
    }
    // Without a word about nulls they come last in ascending and first in descending order.
    let nulls = if nulls_last.unwrap_or(descending) {
        "last"
    } else {
        "first"
    };
    let direction = if descending { "asc" } else { "desc" };
    let expression = without_last(order, all - words.len());
    format!("{expression} {direction} nulls {nulls}")
}

/// A text without so many words at its end, and otherwise as it is: blanks within quotes are of importance.
fn without_last(text: &str, words: usize) -> &str {
    (0..words).fold(text.trim(), |text, _| {
        text.rfind(char::is_whitespace).map_or("", |end| text[..end].trim_end())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_reversed() {
        for (order, expected) in [
            ("a", "a desc nulls first"),
            ("a ASC", "a desc nulls first"),
            ("a desc", "a asc nulls last"),
            ("a + b desc nulls last", "a + b asc nulls first"),
            ("a nulls first", "a desc nulls last"),
            ("\"Ordered  At\"  DESC", "\"Ordered  At\" asc nulls last"),
        ] {
            assert_eq!(reversed(order), expected, "{order}");
        }
    }
}
