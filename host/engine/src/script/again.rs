//! How a commit that was cut short finds the sinks of a script again, which no job names.

use tenon_connect::{Prepared, SinkConfig};

use super::Script;
use crate::error::Error;
use crate::job::Job;

impl Job {
    /// What is prepared at a sink, as it is noted for whoever may have to finish it.
    pub(crate) fn noted(&self, to: &SinkConfig, prepared: &Prepared) -> Prepared {
        if self.script.is_none() {
            return prepared.clone();
        }
        prepared.clone().keeping(to, |value| {
            let found = self.secrets.iter().find(|(_, secret)| secret.reveal() == value);
            found.map(|(name, _)| name.clone())
        })
    }
}

impl Script {
    /// The sink at which an earlier run of the job has prepared something: as that run had it, or, where this was not
    /// kept, as its URL says.
    pub(crate) fn sink_again(&self, job: &Job, run: &str, url: &str, prepared: &Prepared) -> Result<SinkConfig, Error> {
        let value_of = |name: &str| job.secrets.get(name).map(|secret| secret.reveal().to_owned());
        let kept = prepared.kept(value_of).map_err(|secret| Error::LostSecret {
            run: run.to_owned(),
            sink: url.to_owned(),
            secret,
        })?;
        let Some(mut sink) = kept else { return self.sink(url) };
        if let SinkConfig::File(config) = &mut sink {
            self.confine(&mut config.store);
        }
        Ok(sink)
    }
}
