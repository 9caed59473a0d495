//! `tenon:etl/host`: what a run offers besides data.

use super::SandboxState;
use super::faults::fault;
use crate::bindings::tenon::etl::errors::{Error as Fault, Kind};
use crate::bindings::tenon::etl::host::{Host, Instant, Level as WireLevel};
use crate::error::clip;
use crate::run::{Clock, Level};

/// Longest message that is shown with a trap, in bytes.
const MAX_LAST_WORDS: usize = 1 << 10;
/// Most random bytes of one call.
const MAX_RANDOM: u32 = 64 << 10;
/// Longest key of the state, in bytes.
const MAX_KEY: usize = 1 << 10;
/// Longest name shown in an error, in bytes.
const MAX_SHOWN: usize = 128;

type Answer<T> = wasmtime::Result<Result<T, Fault>>;

impl Host for SandboxState {
    fn log(&mut self, level: WireLevel, message: String) -> wasmtime::Result<()> {
        let level = match level {
            WireLevel::Trace => Level::Trace,
            WireLevel::Debug => Level::Debug,
            WireLevel::Info => Level::Info,
            WireLevel::Warn => Level::Warn,
            WireLevel::Error => Level::Error,
        };
        if let Some(run) = &self.run {
            run.log(&self.plugin, self.step.as_deref(), level, &message);
            if level == Level::Error {
                self.last_words = Some(run.tell(&message, MAX_LAST_WORDS));
            }
        }
        Ok(())
    }

    fn count(&mut self, metric: String, amount: f64) -> wasmtime::Result<()> {
        if let Some(run) = &self.run {
            run.count(&metric, amount);
        }
        Ok(())
    }

    fn parameter(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self
            .run
            .as_ref()
            .and_then(|run| run.parameter(&name))
            .map(str::to_owned))
    }

    fn secret(&mut self, name: String) -> Answer<String> {
        let secret = self.run.as_ref().and_then(|run| run.secret(&name));
        Ok(secret.map(str::to_owned).ok_or_else(|| {
            let name = clip(&name, MAX_SHOWN);
            fault(Kind::Denied, format!("the run was not granted a secret named `{name}`"))
        }))
    }

    fn now(&mut self) -> wasmtime::Result<Instant> {
        let now = self.run.as_ref().map_or(Clock::System, |run| *run.clock()).now();
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Ok(Instant {
            seconds,
            nanoseconds: now.subsec_nanos(),
        })
    }

    fn random(&mut self, bytes: u32) -> Answer<Vec<u8>> {
        if bytes > MAX_RANDOM {
            let message = format!("{bytes} random bytes were asked for; one call gives at most {MAX_RANDOM}");
            return Ok(Err(fault(Kind::Limit, message)));
        }
        let Some(run) = &self.run else {
            return Ok(Err(fault(Kind::Denied, "there are no random bytes outside a run")));
        };
        let mut random = vec![0; bytes as usize];
        run.fill_random(&mut random);
        Ok(Ok(random))
    }

    fn state_get(&mut self, key: String) -> Answer<Option<Vec<u8>>> {
        Ok(Ok(self.run.as_ref().and_then(|run| run.state_get(&key))))
    }

    fn state_put(&mut self, key: String, value: Vec<u8>) -> Answer<()> {
        if key.len() > MAX_KEY {
            let message = format!("a state key of {} bytes is over the limit of {MAX_KEY}", key.len());
            return Ok(Err(fault(Kind::Limit, message)));
        }
        let Some(run) = &self.run else {
            return Ok(Err(fault(Kind::Denied, "there is no state outside a run")));
        };
        Ok(run.state_put(key, value).map_err(Fault::from))
    }

    fn state_delete(&mut self, key: String) -> Answer<()> {
        if let Some(run) = &self.run {
            run.state_delete(&key);
        }
        Ok(Ok(()))
    }
}
