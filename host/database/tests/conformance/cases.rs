//! The cases, and how they are run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::subject::Subject;
use crate::{names, pushdown, reading, round_trip, safety, upsert, writing};

/// A case, and what it is called.
type Case = (&'static str, fn(&Subject));

const CASES: &[Case] = &[
    ("types come back as they were written", round_trip::types),
    ("nested values become JSON or arrays", round_trip::nested),
    ("unions are refused", round_trip::unions_are_refused),
    ("a table without rows", round_trip::empty),
    ("a table of many columns", round_trip::wide),
    ("the mode error", writing::error_mode),
    ("the mode ignore", writing::ignore_mode),
    ("the mode append", writing::append_mode),
    ("the mode overwrite", writing::overwrite_mode),
    ("columns the table lacks", writing::evolution),
    ("columns the rows lack", writing::defaults),
    ("columns of another type", writing::mismatches),
    ("constraints end a run", writing::constraints),
    ("refused rows are handed over", writing::rejects),
    ("values that cannot be held", writing::misfits),
    ("rows with the same keys are replaced", upsert::replaces),
    ("rows with the same keys twice", upsert::duplicates),
    ("marked rows are deleted", upsert::deletes),
    ("changes are applied in order", upsert::changes),
    ("a change that empties the table", upsert::emptied),
    ("odd names", names::odd_names),
    ("names of others", names::unknown_names),
    ("predicates are exact", pushdown::exact),
    ("nothing but rows", reading::counts),
    ("limits", reading::limits),
    ("parts sum up", reading::parts),
    ("queries", reading::queries),
    ("bounds and the last row", reading::bookmarks),
    ("a stream that is dropped", reading::dropped),
    ("memory is bounded", reading::memory),
    ("a commit twice", safety::commit_twice),
    ("a commit by another process", safety::commit_elsewhere),
    ("a run that is given up", safety::abort),
    ("what dead runs leave", safety::leftovers),
    ("two runs at once", safety::two_runs),
    ("two runs make the same table", safety::two_makers),
];

/// Runs all cases, so that one that fails does not hide the others.
pub(crate) fn run(subject: &Subject) {
    let wanted = std::env::var("CASE").ok();
    let mut failed = Vec::new();
    for (name, case) in CASES {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted)) {
            continue;
        }
        println!("{}: {name}", subject.name);
        if catch_unwind(AssertUnwindSafe(|| case(subject))).is_err() {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "{}: failed: {failed:#?}", subject.name);
}
