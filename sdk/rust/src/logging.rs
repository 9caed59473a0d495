//! What guests write with the crate `log`, and what a panic says, goes to the run's log.

/// Installs the bridges; called before a function is opened.
pub(crate) fn start() {
    #[cfg(feature = "log")]
    if log::set_logger(&HostLog).is_ok() {
        log::set_max_level(log::LevelFilter::Debug);
    }
    #[cfg(feature = "tracing")]
    crate::tracing_bridge::start();
    #[cfg(target_family = "wasm")]
    std::panic::set_hook(Box::new(|panic| {
        crate::host::log(crate::host::Level::Error, &panic.to_string());
    }));
}

#[cfg(feature = "log")]
struct HostLog;

#[cfg(feature = "log")]
impl log::Log for HostLog {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let level = match record.level() {
            log::Level::Trace => crate::host::Level::Trace,
            log::Level::Debug => crate::host::Level::Debug,
            log::Level::Info => crate::host::Level::Info,
            log::Level::Warn => crate::host::Level::Warn,
            log::Level::Error => crate::host::Level::Error,
        };
        match record.args().as_str() {
            Some(message) => crate::host::log(level, message),
            None => crate::host::log(level, &record.args().to_string()),
        }
    }

    fn flush(&self) {}
}
