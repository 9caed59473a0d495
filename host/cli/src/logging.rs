//! What is logged, how it shares the terminal with the progress line, and how it comes into the log of a run.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use tenon_host::history::{Level, LogSource};
use tenon_host::server::Logging;
use tenon_telemetry::Telemetry;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt::layer, reload};

use crate::{output, progress, record};

/// Where the runtime hands on what guests log.
const GUEST: &str = "tenon::guest";

/// Says what to log, over what the command line says.
const DIRECTIVES: &str = "TENON_LOG";

/// Starts logging to stderr: warnings, more with each `verbose`, only errors when quiet; and to `telemetry`, if that is
/// given. Answers with what changes the former.
pub fn start(verbose: u8, quiet: bool, telemetry: Option<&Telemetry>) -> Logging {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,tenon=info,tenon_runtime=info,tenon_engine=info,tenon_connect=info",
        (false, 2) => "info,tenon=debug,tenon_runtime=debug,tenon_engine=debug,tenon_connect=debug",
        (false, _) => "debug,tenon=trace,tenon_runtime=trace,tenon_engine=trace,tenon_connect=trace",
    };
    let named = std::env::var(DIRECTIVES)
        .ok()
        .filter(|directives| EnvFilter::try_new(directives).is_ok());
    let is_named = named.is_some();
    let standard = named.unwrap_or_else(|| level.to_owned());
    let (filter, change) = reload::Layer::new(EnvFilter::new(&standard));
    let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let terminal = layer()
        .with_writer(|| AboveProgress)
        .with_ansi(coloured)
        .without_time()
        .with_filter(filter);
    tracing_subscriber::registry()
        .with(terminal)
        .with(RunLog.with_filter(filter_fn(belongs_to_a_run)))
        .with(telemetry.map(Telemetry::layer))
        .init();
    Arc::new(move |wanted: Option<&str>| {
        // What the environment says comes first.
        let directives = wanted.filter(|_| !is_named).unwrap_or(&standard);
        let filter =
            EnvFilter::try_new(directives).map_err(|error| format!("`{directives}` is not understood: {error}"))?;
        let change = change.clone();
        let into_force: Box<dyn FnOnce() + Send> = Box::new(move || {
            if let Err(error) = change.reload(filter) {
                tracing::warn!(%error, "what is logged stays as it was");
            }
        });
        Ok(into_force)
    })
}

/// Whatever guests say, and what matters of what the host says. Not spans, so that none is begun for this alone; and
/// nothing of the history, which writes the log.
fn belongs_to_a_run(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let host = target.starts_with("tenon") && !target.starts_with("tenon_history");
    metadata.is_event() && (target == GUEST || (host && *metadata.level() <= tracing::Level::INFO))
}

/// Hands on to the log of the run that is under way.
struct RunLog;

impl<S: Subscriber> Layer<S> for RunLog {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            tracing::Level::TRACE => Level::Trace,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::INFO => Level::Info,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::ERROR => Level::Error,
        };
        let guest = metadata.target() == GUEST;
        let mut line = Line {
            guest,
            ..Line::default()
        };
        event.record(&mut line);
        let source = if guest { LogSource::Guest } else { LogSource::Host };
        // Of a guest in no step that is known, the plugin is.
        let step = line.step.or(line.plugin);
        record::log(level, source, step.as_deref(), &line.message);
    }
}

/// The fields of an event, as a line of a log.
#[derive(Default)]
struct Line {
    guest: bool,
    step: Option<String>,
    plugin: Option<String>,
    message: String,
}

impl Line {
    fn take(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message.insert_str(0, &value),
            "step" => self.step = Some(value),
            "plugin" => self.plugin = Some(value),
            // Of what guests say, the rest is the run's own id and tenant.
            _ if self.guest => {}
            // Writing to a string does not fail.
            name => write!(self.message, " {name}={value}").unwrap_or_default(),
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}"));
    }
}

/// Stderr, with the progress line out of the way while something is written.
struct AboveProgress;

impl Write for AboveProgress {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        // Of an error, `tracing` would want to write to stderr, too, and panic.
        progress::aside(|| output::tell(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
