//! Google Cloud Storage: signed in by a service account's key, listed in pages, written in parts.

use std::fs;

use tenon_servers::{Gcs, or_skip};

use crate::place::{Ended, Place, flights};

/// Jobs over the bucket of a server.
struct Lake {
    server: Gcs,
    place: Place,
}

impl Lake {
    fn start(test: &str) -> Option<Self> {
        let server = or_skip(test, Gcs::start())?;
        let place = Place::new();
        Some(Self { server, place })
    }

    /// How the job file says where the bucket is.
    fn store(&self, of: &str) -> String {
        format!(
            "[{of}.store]\nservice_account_key = \"${{secret:storage_key}}\"\nallow_http = true\nretries = 1\nendpoint = \
             \"{}\"\n",
            self.server.endpoint
        )
    }

    /// Writes `job` to a file and runs it.
    fn run(&self, job: &str) -> Ended {
        self.run_as(&self.server.service_account_key(), job)
    }

    fn run_as(&self, key: &str, job: &str) -> Ended {
        fs::write(self.place.path("job.toml"), job).expect("written");
        let mut command = self.place.command(&["run", "job.toml", "--json"]);
        command.env("TENON_SECRET_STORAGE_KEY", key);
        Ended::from(command.output().expect("started"))
    }

    /// A job that reads what a pattern matches, to `out.csv`.
    fn read(&self, pattern: &str) -> String {
        format!(
            "[sources.rows]\nurl = \"gs://lake/{pattern}\"\n{}[sinks.out]\nfrom = \"rows\"\nurl = \"out.csv\"\nmode = \
             \"overwrite\"\n",
            self.store("sources.rows")
        )
    }

    fn out(&self) -> String {
        fs::read_to_string(self.place.path("out.csv")).expect("readable")
    }
}

#[test]
fn gcs_is_written_replaced_and_read() {
    let Some(lake) = Lake::start("gcs_is_written_replaced_and_read") else {
        return;
    };
    let write = format!(
        "[sources.days]\nurl = \"days.csv\"\n[sinks.lake]\nfrom = \"days\"\nurl = \"gs://lake/days/\"\nformat = \
         \"parquet\"\nmode = \"overwrite\"\n{}",
        lake.store("sinks.lake")
    );
    // Twice, so that the second replaces what the first has written.
    for days in ["day\n1\n", "day\n2\n3\n"] {
        fs::write(lake.place.path("days.csv"), days).expect("written");
        lake.run(&write).succeeded();
        for pattern in ["days/", "*/*.parquet"] {
            lake.run(&lake.read(pattern)).succeeded();
            assert_eq!(lake.out(), days, "{pattern}");
        }
    }
    let objects = lake.server.objects();
    let files = objects.iter().filter(|key| key.ends_with(".parquet")).count();
    assert_eq!((files, lake.server.uploads()), (1, 0), "{objects:?}");
}

#[test]
fn many_files_of_many_parts_are_listed_in_pages() {
    let Some(lake) = Lake::start("many_files_of_many_parts_are_listed_in_pages") else {
        return;
    };
    let write = format!(
        "[sources.flights]\nurl = \"{}\"\ncsv = {{ null = [\"NA\"] }}\n[sinks.lake]\nfrom = \"flights\"\nurl = \
         \"gs://lake/flights/\"\nformat = \"csv\"\npartition_by = [\"origin\", \"carrier\"]\n{}",
        flights(),
        lake.store("sinks.lake")
    );
    lake.run(&write).succeeded();
    let objects = lake.server.objects();
    assert!(objects.len() > 30, "{objects:?}");
    assert!(lake.server.completed() > 0, "no file was large enough for parts");
    assert_eq!(lake.server.uploads(), 0);
    let count = format!(
        "[sources.flights]\nurl = \"gs://lake/flights/\"\n{}[steps.counted]\nsql = \"select count(*) as flights from \
         flights where origin = 'JFK'\"\n[sinks.out]\nfrom = \"counted\"\nurl = \"out.csv\"\n",
        lake.store("sources.flights")
    );
    lake.run(&count).succeeded();
    assert_eq!(lake.out(), "flights\n111279\n");
}

#[test]
fn a_run_that_fails_leaves_nothing_in_the_bucket() {
    let Some(lake) = Lake::start("a_run_that_fails_leaves_nothing_in_the_bucket") else {
        return;
    };
    let job = format!(
        "[sources.flights]\nurl = \"{}\"\ncsv = {{ null = [\"NA\"] }}\n[steps.broken]\nsql = \"select *, 1 / (flight - 1545) as broken \
         from flights\"\n[sinks.lake]\nfrom = \"broken\"\nurl = \"gs://lake/flights/\"\nformat = \"csv\"\n{}",
        flights(),
        lake.store("sinks.lake")
    );
    lake.run(&job).failed(1);
    assert_eq!(lake.server.objects(), [""; 0]);
    assert_eq!(lake.server.uploads(), 0);
}

#[test]
fn an_account_that_is_not_known_is_refused() {
    let Some(lake) = Lake::start("an_account_that_is_not_known_is_refused") else {
        return;
    };
    let stranger = lake.server.stranger().expect("a key");
    let said = lake.run_as(&stranger, &lake.read("days/")).failed(3);
    assert!(said.contains("gs://lake") && !said.contains("PRIVATE KEY"), "{said}");
    let said = lake.run_as("{\"private_key\": 1}", &lake.read("days/")).failed(3);
    assert!(
        said.contains("gs://lake") && !said.contains("private_key\": 1"),
        "{said}"
    );
}
