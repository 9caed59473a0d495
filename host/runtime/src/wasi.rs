//! WASI for guests whose toolchain needs it: everything is there, and everything is denied.
//!
//! No files, no environment, no arguments, no sockets, no name lookup. Standard output and error go to the run's log;
//! the wall clock is the run's own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpCtx;

use crate::http::Hooks;
use crate::run::{Level, Run};

/// Longest line of output that is logged in one piece.
const MAX_LINE: usize = 8 << 10;
/// Resolution of the monotonic clock: coarse, so that it is of little use for timing attacks on the host.
const MONOTONIC_RESOLUTION: Duration = Duration::from_millis(1);

/// The WASI side of one sandbox.
pub(crate) struct Wasi {
    pub ctx: WasiCtx,
    pub http: WasiHttpCtx,
    pub hooks: Hooks,
    output: Arc<Mutex<Output>>,
}

/// Where output goes; shared by the streams of a sandbox.
struct Output {
    plugin: Arc<str>,
    step: Option<Arc<str>>,
    run: Option<Arc<Run>>,
}

impl Wasi {
    /// Denies everything, and drops output until a run is set.
    pub fn new(plugin: &Arc<str>) -> Self {
        let output = Arc::new(Mutex::new(Output {
            plugin: Arc::clone(plugin),
            step: None,
            run: None,
        }));
        let mut builder = WasiCtxBuilder::new();
        builder
            .stdout(LogStream {
                output: Arc::clone(&output),
                level: Level::Info,
            })
            .stderr(LogStream {
                output: Arc::clone(&output),
                level: Level::Warn,
            })
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .max_random_size(64 << 10)
            .wall_clock(RunClock(Arc::clone(&output)))
            .monotonic_clock(CoarseClock(std::time::Instant::now()));
        Wasi {
            ctx: builder.build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks::new(Arc::clone(plugin)),
            output,
        }
    }

    /// Ties the sandbox to a run.
    pub fn set_run(&mut self, run: &Arc<Run>) {
        self.output.lock().run = Some(Arc::clone(run));
        self.hooks.set_run(Arc::clone(run));
    }

    /// What is written from now on is about this step of a job.
    pub fn work_for(&mut self, step: &Arc<str>) {
        self.output.lock().step = Some(Arc::clone(step));
        self.hooks.work_for(Arc::clone(step));
    }
}

/// One of the standard streams.
struct LogStream {
    output: Arc<Mutex<Output>>,
    level: Level,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(LineWriter {
            output: Arc::clone(&self.output),
            level: self.level,
            line: Vec::new(),
        })
    }
}

/// Turns bytes into log messages, a line each.
struct LineWriter {
    output: Arc<Mutex<Output>>,
    level: Level,
    line: Vec<u8>,
}

impl LineWriter {
    fn log_line(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        let text = text.trim_end();
        let output = self.output.lock();
        if let (false, Some(run)) = (text.is_empty(), &output.run) {
            run.log(&output.plugin, output.step.as_deref(), self.level, text);
        }
        drop(output);
        self.line.clear();
    }
}

impl AsyncWrite for LineWriter {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        for byte in bytes {
            if *byte == b'\n' || self.line.len() >= MAX_LINE {
                self.log_line();
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.log_line();
        Poll::Ready(Ok(()))
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.log_line();
    }
}

/// The run's clock; the Unix epoch before there is a run.
struct RunClock(Arc<Mutex<Output>>);

impl HostWallClock for RunClock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        self.0
            .lock()
            .run
            .as_ref()
            .map(|run| run.clock().now())
            .unwrap_or_default()
    }
}

struct CoarseClock(std::time::Instant);

impl HostMonotonicClock for CoarseClock {
    fn resolution(&self) -> u64 {
        u64::try_from(MONOTONIC_RESOLUTION.as_nanos()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> u64 {
        let step = self.resolution();
        let elapsed = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        elapsed / step * step
    }
}
