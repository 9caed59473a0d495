//! What is recorded of a job, which is enough to run a batch through one of its functions again: without secrets.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tenon_host::database::Driver;
use tenon_host::job;
use tenon_host::runtime::HttpGrant;

use crate::args::{ModeArgument, RunArguments};

/// What is recorded of sources and sinks. More could hold credentials, and batches need none of it.
const OF_ENDS: [&str; 10] = [
    "connector",
    "connection",
    "table",
    "url",
    "format",
    "mode",
    "partition_by",
    "from",
    "rejects_of",
    "bookmark",
];

/// The definition of a run, as the history has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// Where the run was started: relative paths begin here.
    pub folder: PathBuf,
    /// Memory of one sandbox in bytes, where the command line says it.
    pub memory_limit: Option<usize>,
    /// What ran.
    #[serde(flatten)]
    pub job: RecordedJob,
}

/// What ran.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedJob {
    /// A job file.
    File {
        /// Where it is.
        file: String,
        /// What it says, with parameters put in and secrets as references.
        job: Value,
    },
    /// A plugin between a file and a target.
    Plugin {
        /// Its file or folder.
        plugin: String,
        /// The function, if one was named.
        function: Option<String>,
        /// Its configuration.
        config: Map<String, Value>,
        /// What was read.
        from: Option<String>,
        /// What was written.
        to: Option<String>,
        /// What was to happen with what is there.
        mode: Option<String>,
        /// Where rejected rows went.
        rejects: Option<String>,
        /// Where secrets came from: `NAME=env:VARIABLE`.
        secrets: Vec<String>,
        /// Hosts that the plugin could send requests to.
        http: Vec<String>,
    },
}

impl Recorded {
    /// What is recorded of a job file's job.
    pub fn of_file(arguments: &RunArguments, definition: &job::Job) -> Value {
        let mut said = definition.to_json();
        for section in ["sources", "sinks"] {
            let ends = said.get_mut(section).and_then(Value::as_object_mut);
            for end in ends.into_iter().flat_map(Map::values_mut) {
                let Some(end) = end.as_object_mut() else { continue };
                end.retain(|key, _| OF_ENDS.contains(&key.as_str()));
                if let Some(Value::String(url)) = end.get_mut("url") {
                    *url = without_credentials(url);
                }
            }
        }
        let file = arguments.job.display().to_string();
        Self::recorded(arguments, RecordedJob::File { file, job: said })
    }

    /// What is recorded of a plugin that the command line gave everything.
    pub fn of_plugin(arguments: &RunArguments) -> Value {
        let address = |text: &Option<String>| text.as_deref().map(without_credentials);
        let secret = |(name, variable): &(String, String)| format!("{name}=env:{variable}");
        // What may be a job file that cannot be read has modes of its own.
        let mode = arguments.mode.or(arguments.to.as_ref().map(|_| ModeArgument::Error));
        let mode = mode.map(|mode| match mode {
            ModeArgument::Error => "error",
            ModeArgument::Overwrite => "overwrite",
            ModeArgument::Append => "append",
            ModeArgument::Ignore => "ignore",
        });
        let plugin = RecordedJob::Plugin {
            plugin: arguments.job.display().to_string(),
            function: arguments.function.clone(),
            config: arguments.function_config(),
            from: address(&arguments.from),
            to: address(&arguments.to),
            mode: mode.map(str::to_owned),
            rejects: address(&arguments.rejects),
            secrets: arguments.secret.iter().map(secret).collect(),
            http: arguments.allow_http.iter().map(host_and_port).collect(),
        };
        Self::recorded(arguments, plugin)
    }

    fn recorded(arguments: &RunArguments, job: RecordedJob) -> Value {
        let recorded = Self {
            folder: std::env::current_dir().unwrap_or_default(),
            memory_limit: arguments.memory_limit,
            job,
        };
        serde_json::to_value(recorded).unwrap_or_else(|error| json!({ "unrecorded": error.to_string() }))
    }
}

fn host_and_port(grant: &HttpGrant) -> String {
    let (host, port) = (grant.host(), grant.port());
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// An address without the places where credentials may stand: before the host, and in the query.
fn without_credentials(address: &str) -> String {
    if let Some((scheme, rest)) = address.split_once(':')
        && Driver::of_scheme(scheme).is_some()
    {
        // Passwords in such addresses hold anything, and some drivers take them as options.
        let table = rest.rsplit_once('#').map(|(_, table)| format!("#{table}"));
        let host = rest
            .rsplit_once('@')
            .map(|(_, host)| host.split(['?', ';', '#']).next());
        return match (host.flatten(), table.unwrap_or_default()) {
            (Some(host), table) => format!("{scheme}://...@{host}{table}"),
            (None, table) => format!("{scheme}:...{table}"),
        };
    }
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?..."));
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host
        .rsplit_once('@')
        .map_or(host.to_owned(), |(_, host)| format!("...@{host}"));
    format!("{scheme}://{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_recorded_without_credentials() {
        let cases = [
            ("data/what?.csv", "data/what?.csv"),
            ("s3://bucket/a/b@c.csv", "s3://bucket/a/b@c.csv"),
            ("https://me:hunter2@host:1/x.csv", "https://...@host:1/x.csv"),
            ("https://host/x.csv?sig=hunter2", "https://host/x.csv?..."),
            ("postgres://me:hunt/er2@host/db?x=y#a.t", "postgres://...@host/db#a.t"),
            ("odbc:DSN=x;PWD=hunter2#t", "odbc:...#t"),
            ("https://me:hunt@er2@host", "https://...@host"),
        ];
        for (address, recorded) in cases {
            assert_eq!(without_credentials(address), recorded);
        }
    }
}
