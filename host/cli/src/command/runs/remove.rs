use tenon_host::history::{self, History, Retention};

use crate::args::RemoveRuns;
use crate::exit::Failure;
use crate::format::count;
use crate::output::print;

/// `tenon runs remove`
pub fn remove(arguments: &RemoveRuns) -> Result<(), Failure> {
    let history = History::open(&history::default_folder()?)?;
    let removed = history.remove(&Retention {
        older_than: arguments.older_than,
        keep_per_job: arguments.keep,
    })?;
    print(&format!(
        "removed {} runs, {} log lines, {} kept batches",
        count(removed.runs),
        count(removed.log_lines),
        count(removed.batches)
    ))
}
