use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::time::Duration;

use chrono::Local;
use tenon_host::history::{self, History, LogLine, LogQuery};

use crate::args::LogsArguments;
use crate::exit::Failure;
use crate::output;
use crate::printable::printable;

/// How often to look for new lines.
const INTERVAL: Duration = Duration::from_millis(200);

/// `tenon logs`
pub fn logs(arguments: &LogsArguments) -> Result<(), Failure> {
    let history = History::open(&history::default_folder()?)?;
    let query = LogQuery {
        level: arguments.level,
        step: arguments.step.clone(),
        text: arguments.grep.clone(),
        tail: arguments.tail,
        ..LogQuery::default()
    };
    let mut output = BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    let each = |line: LogLine| {
        written = print(&mut output, &line, arguments.json);
        // What is followed is to be seen at once.
        if written.is_ok() && arguments.follow {
            written = output.flush();
        }
        if written.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    history.follow(&arguments.run, &query, arguments.follow.then_some(INTERVAL), each)?;
    output::done(written.and_then(|()| output.flush()))?;
    let dropped = history.get(&arguments.run)?.log.dropped;
    if dropped > 0 {
        output::say!("{dropped} more lines came after the log of the run was full");
    }
    Ok(())
}

fn print(output: &mut impl Write, line: &LogLine, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *output, line)?;
        return writeln!(output);
    }
    let time = line.time.with_timezone(&Local).format("%H:%M:%S%.3f");
    let step = line.step.as_deref().map(|step| format!("{}: ", printable(step)));
    let message = printable(line.message.trim_end());
    // Further lines of a message stand under the first.
    let message = message.replace('\n', "\n                   ");
    writeln!(output, "{time} {:<5} {}{message}", line.level, step.unwrap_or_default())
}
