//! What a server finds where it runs.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tenon_schedule::{Clock, SystemClock};
use tenon_telemetry::Telemetry;

use crate::{Error, ServerConfig};

/// Reads the configuration.
pub type Load = Arc<dyn Fn() -> Result<ServerConfig, Error> + Send + Sync>;

/// Reads what is to be logged, as `warn,tenon=info`; none is what the process would log by itself. Answers with what puts it
/// into force, or says what is wrong with it.
pub type Logging = Arc<dyn Fn(Option<&str>) -> Result<Box<dyn FnOnce() + Send>, String> + Send + Sync>;

/// What of its process a server uses. The default is a clock, and nothing else: such a server keeps the configuration that
/// it was opened with.
#[derive(Clone)]
pub struct Surroundings {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What is sent to a collector. The process's subscriber has to have its [layer](Telemetry::layer).
    pub telemetry: Telemetry,
    /// Where the configuration comes from. With it, the server reads it again when its file changes, on SIGHUP, and when an
    /// operator asks.
    pub source: Option<Source>,
    /// Changes what the process logs, to what the setting `log` says.
    pub logging: Option<Logging>,
}

/// Where the configuration comes from.
#[derive(Clone)]
pub struct Source {
    /// Its file.
    pub file: PathBuf,
    /// Reads it, with what is said over it elsewhere.
    pub load: Load,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            telemetry: Telemetry::default(),
            source: None,
            logging: None,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Surroundings")
            .field("telemetry", &self.telemetry)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Source").field(&self.file).finish()
    }
}
