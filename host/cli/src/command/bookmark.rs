use std::collections::BTreeMap;
use std::io::IsTerminal;

use chrono::Local;
use comfy_table::{Table, presets};
use tenon_host::history::{self, Bookmark, History};

use crate::args::{BookmarkArguments, BookmarkCommand, ResetBookmark, RewindBookmark, ShowBookmark};
use crate::exit::Failure;
use crate::output;
use crate::printable::one_line;

/// Longest value of a bookmark that is shown on a terminal as a whole.
const MAX_VALUE: usize = 100;

/// `tenon bookmark`
pub fn bookmark(arguments: BookmarkArguments) -> Result<(), Failure> {
    let history = History::open(&history::default_folder()?)?;
    match arguments.command {
        BookmarkCommand::Show(show) => print(&history, show),
        BookmarkCommand::Reset(reset) => forget(&history, &reset),
        BookmarkCommand::Rewind(rewind) => go_back(&history, &rewind),
    }
}

fn print(history: &History, arguments: ShowBookmark) -> Result<(), Failure> {
    let jobs = match arguments.job {
        Some(job) => vec![job],
        None => history.jobs_with_bookmarks()?,
    };
    let bookmarks = jobs.into_iter().map(|job| Ok((job.clone(), history.bookmarks(&job)?)));
    let bookmarks: BTreeMap<String, BTreeMap<String, Bookmark>> = bookmarks.collect::<Result<_, history::Error>>()?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&bookmarks).map_err(|error| Failure::failed(error.into()))?;
        return output::print(&text);
    }
    let all: Vec<&Bookmark> = bookmarks.values().flat_map(BTreeMap::values).collect();
    if all.is_empty() {
        output::say!("there is no such bookmark: the next run reads everything");
        return Ok(());
    }
    let width = if std::io::stdout().is_terminal() {
        MAX_VALUE
    } else {
        usize::MAX
    };
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["JOB", "SOURCE", "SET BY", "AT", "VALUE"]);
    for bookmark in all {
        let rewound = if bookmark.rewound { " (rewound)" } else { "" };
        table.add_row([
            one_line(&bookmark.job, usize::MAX),
            one_line(&bookmark.source, usize::MAX),
            format!("{}{rewound}", one_line(&bookmark.run, usize::MAX)),
            bookmark
                .time
                .with_timezone(&Local)
                .format("%Y-%m-%d %H:%M:%S")
                .to_string(),
            one_line(&bookmark.value.to_string(), width),
        ]);
    }
    output::print(&table.trim_fmt())
}

fn forget(history: &History, arguments: &ResetBookmark) -> Result<(), Failure> {
    let reset = history.reset(&arguments.job, arguments.source.as_deref())?;
    if arguments.state {
        let values = history.state_clear(&arguments.job)?;
        output::print(&format!(
            "forgot {values} values that plugins of `{}` kept",
            arguments.job
        ))?;
    }
    say("reset", &arguments.job, &reset)
}

fn go_back(history: &History, arguments: &RewindBookmark) -> Result<(), Failure> {
    // Bookmarks outlive the records of their runs, so an id that no record has may still be one.
    let run = match history.get(&arguments.run) {
        Ok(run) => run.id,
        Err(history::Error::UnknownRun { run }) => run,
        Err(error) => return Err(error.into()),
    };
    let changed = history.rewind(&arguments.job, &run)?;
    say("rewound", &arguments.job, &changed)
}

fn say(what: &str, job: &str, sources: &[String]) -> Result<(), Failure> {
    if sources.is_empty() {
        output::print(&format!(
            "nothing to be {what}: the bookmarks of `{job}` are so already"
        ))
    } else {
        let sources: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
        output::print(&format!("{what} the bookmarks of `{job}`: {}", sources.join(", ")))
    }
}
