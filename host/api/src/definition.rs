//! Jobs are checked before they are stored.

use tenon_job::{Format, Job, Lookup, Options};
use tenon_runs::JobInput;

/// Checks what is about to be stored, before there are values for its parameters. `secrets` are those that the tenant has.
///
/// # Errors
/// What is wrong, with line and column, a line each.
pub(crate) fn check(job: &str, input: &JobInput, secrets: Vec<String>) -> Result<(), String> {
    let (format, ending) = match input.format {
        tenon_runs::Format::Toml => (Format::Toml, "toml"),
        tenon_runs::Format::Yaml => (Format::Yaml, "yaml"),
        tenon_runs::Format::Json => (Format::Json, "json"),
    };
    let options = Options {
        check_only: true,
        ..Options::default().lookup(Known(secrets))
    };
    let file = format!("{job}.{ending}");
    let checked = Job::parse(&file, &input.definition, format, &options);
    checked.map(drop).map_err(|error| {
        let lines: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
        if lines.is_empty() {
            error.to_string()
        } else {
            lines.join("\n")
        }
    })
}

/// Secrets by name, without values, for checks.
struct Known(Vec<String>);

impl Lookup for Known {
    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.0.iter().any(|known| known == name).then(|| "secret".to_owned())
    }

    fn secret_names(&self) -> Vec<String> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(definition: &str) -> JobInput {
        JobInput {
            definition: definition.to_owned(),
            ..JobInput::default()
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = "sources.a.url = \"a.csv\"\n[sinks.b]\nfrom = \"c\"\nurl = \"b/\"\n";
        let error = check("copy", &input(wrong), Vec::new()).expect_err("it has no c");
        assert!(error.contains("copy.toml:3"), "{error}");
    }

    #[test]
    fn secrets_are_the_tenants_and_the_environment_is_nobodys() {
        let job = "sources.a = { url = \"s3://b/a.csv\", store = { secret_access_key = \"${secret:key}\" } }\n\
                   [sinks.b]\nfrom = \"a\"\nurl = \"b/\"\n";
        check("copy", &input(job), vec!["key".to_owned()]).expect("the tenant has it");
        let error = check("copy", &input(job), vec!["keys".to_owned()]).expect_err("the tenant has no such secret");
        assert!(error.contains("key"), "{error}");
        let environment = job.replace("secret:key", "env:PATH");
        check("copy", &input(&environment), Vec::new()).expect_err("not of a server");
    }
}
