//! Job files, and looking at sources.

use std::fs;

use crate::place::{FLIGHTS, Place, REJECTED, example, flights, plugin, rows};

/// The example's job file, with the plugin that is built already and files where they are.
pub fn example_job(place: &Place) -> String {
    let text = fs::read_to_string(example("flights.toml")).expect("readable");
    let text = text
        .replace("examples/flights/plugin", &plugin())
        .replace("examples/flights/", &example(""));
    let path = place.path("flights.toml");
    fs::write(&path, text).expect("written");
    path.to_string_lossy().into_owned()
}

#[test]
fn the_example_runs_as_its_file_says() {
    let place = Place::new();
    let job = example_job(&place);
    let ended = place.tenon(&["run", &job, "--json"]).succeeded();
    let report = ended.json();
    assert_eq!(report["job"], "flights");
    let flights = report["sources"]
        .as_array()
        .and_then(|sources| sources.iter().find(|flow| flow["name"] == "flights"));
    assert_eq!(flights.and_then(|flow| flow["rows_in"].as_u64()), Some(FLIGHTS));
    assert_eq!(report["rows_rejected"].as_u64(), Some(REJECTED));

    let steps = report["steps"].as_array().expect("a list");
    let passed = |name: &str| {
        let step = steps.iter().find(|flow| flow["name"] == name);
        step.map(|flow| (flow["rows_in"].as_u64(), flow["rows_out"].as_u64()))
    };
    let sound = Some(FLIGHTS - REJECTED);
    assert_eq!(passed("categorised"), Some((Some(FLIGHTS), sound)));
    // It is SQL, read by two sinks, over the flights and two small tables.
    let (described_in, described_out) = passed("described").expect("it is counted");
    assert!(
        described_in > sound && described_out == sound,
        "{described_in:?} {described_out:?}"
    );
    assert!(
        report["seconds"]["kernels"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0)
    );
    assert_eq!(report["plugins"][0]["step"], "categorised");

    let carriers = place.names("out/flights-by-carrier");
    let carriers: Vec<&String> = carriers.iter().filter(|name| name.starts_with("carrier=")).collect();
    assert_eq!(carriers.len(), 16, "{carriers:?}");
    let written: u64 = carriers
        .iter()
        .map(|carrier| rows(&place.path("out/flights-by-carrier").join(carrier)))
        .sum();
    assert_eq!(written, FLIGHTS - REJECTED);

    let totals = fs::read_to_string(place.path("out/flights-totals.csv")).expect("readable");
    let mut lines = totals.lines();
    assert_eq!(lines.next(), Some("airline,delay_category,flights,mean_delay"));
    let counted: u64 = lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            cells[cells.len() - 2].parse::<u64>().expect("a count")
        })
        .sum();
    assert_eq!(counted, FLIGHTS - REJECTED);
    let rejected = fs::read_to_string(place.path("out/flights-rejected.ndjson")).expect("readable");
    assert_eq!(rejected.lines().count() as u64, REJECTED);
}

#[test]
fn a_parameter_reaches_the_function() {
    let place = Place::new();
    let job = example_job(&place);
    let late = |place: &Place| {
        let totals = fs::read_to_string(place.path("out/flights-totals.csv")).expect("readable");
        let late = totals.lines().filter(|line| line.contains(",late,"));
        late.map(|line| {
            line.rsplit(',')
                .nth(1)
                .and_then(|count| count.parse::<u64>().ok())
                .expect("a count")
        })
        .sum::<u64>()
    };
    place.tenon(&["run", &job, "--quiet"]).succeeded();
    let before = late(&place);
    place
        .tenon(&["run", &job, "--quiet", "--param", "late_after=30"])
        .succeeded();
    assert!(late(&place) < before, "{} of {before}", late(&place));

    let said = place.tenon(&["run", &job, "--param", "late_after=soon"]).failed(3);
    assert!(said.contains("late_after") && said.contains("soon"), "{said}");
}

#[test]
fn a_job_is_checked_without_its_data() {
    let place = Place::new();
    let job = example_job(&place);
    let said = place.tenon(&["validate", &job]).succeeded().stdout;
    assert_eq!(said, "flights is valid: 3 sources, 3 steps, 3 sinks\n");

    let text = fs::read_to_string(&job)
        .expect("readable")
        .replace("mode = \"overwrite\"", "mod = \"overwrite\"");
    fs::write(place.path("bad.toml"), &text).expect("written");
    let line = 1 + text.lines().position(|line| line.starts_with("mod ")).expect("there");
    let said = place.tenon(&["validate", "bad.toml"]).failed(3);
    assert!(said.contains("unknown key `mod`; did you mean `mode`"), "{said}");
    assert!(said.contains(&format!("bad.toml:{line}:1")), "line {line}: {said}");
    assert!(place.names("out").is_empty());
}

#[test]
fn what_a_job_file_says_is_not_said_again() {
    let place = Place::new();
    let job = example_job(&place);
    let said = place.tenon(&["run", &job, "--from", "x.csv"]).failed(2);
    assert!(said.contains("--from cannot be given with a job file"), "{said}");
    let said = place.tenon(&["run", &plugin()]).failed(2);
    assert!(said.contains("--from FILE"), "{said}");
}

#[test]
fn plans_say_what_is_pushed_down() {
    let place = Place::new();
    let job = example_job(&place);
    let plans = place.tenon(&["explain", &job]).succeeded().stdout;
    assert!(plans.contains("lake:\n") && plans.contains("totals:\n"), "{plans}");
    assert!(plans.contains("PluginExec: step=categorised"), "{plans}");
    assert!(plans.contains("SharedExec: step=described"), "{plans}");
    assert!(place.names("out/flights-by-carrier").is_empty());
}

#[test]
fn sources_are_looked_at() {
    let place = Place::new();
    let flights = flights();
    let columns = place
        .tenon(&["schema", &flights, "--null", "NA", "--json"])
        .succeeded()
        .json();
    assert_eq!(columns["columns"].as_array().map(Vec::len), Some(19));
    let column = &columns["columns"][3];
    assert_eq!(
        [&column["name"], &column["type"], &column["arrow_type"]],
        ["dep_time", "bigint", "Int64"]
    );

    let rows = place
        .tenon(&["preview", &flights, "--null", "NA", "--rows", "2", "--json"])
        .succeeded()
        .stdout;
    assert_eq!(rows.lines().count(), 2);
    assert!(
        rows.starts_with("{\"year\":2013,\"month\":1,\"day\":1,\"dep_time\":517,"),
        "{rows}"
    );
    let table = place.tenon(&["preview", &flights, "--rows", "1"]).succeeded().stdout;
    assert!(
        table.contains("| year | month |") && table.lines().count() == 5,
        "{table}"
    );

    let said = place.tenon(&["schema", "none.csv"]).failed(3);
    assert!(said.contains("none.csv"), "{said}");
}

#[test]
fn files_are_read_as_the_command_line_says() {
    let place = Place::new();
    fs::write(place.path("days.txt"), b"by hand\nid;name\n1;'M\xfcller; A.'\n").expect("written");
    let said = place.tenon(&["preview", "days.txt"]).failed(3);
    assert!(said.contains("cannot tell the format of days.txt"), "{said}");
    let csv = [
        "--format",
        "csv",
        "--encoding",
        "latin1",
        "--delimiter",
        ";",
        "--quote",
        "'",
    ];
    let all = [&["preview", "days.txt", "--json", "--skip-rows", "1"][..], &csv[..]].concat();
    let shown = place.tenon(&all).succeeded().json();
    assert_eq!((&shown["id"], &shown["name"]), (&1.into(), &"Müller; A.".into()));

    let said = place.tenon(&["preview", "days.txt", "--format", "xlsx"]).failed(2);
    assert!(said.contains("ndjson"), "{said}");
    let job = example_job(&place);
    let said = place.tenon(&["run", &job, "--format", "csv"]).failed(2);
    assert!(
        said.contains("an option for reading files cannot be given with a job file"),
        "{said}"
    );
}

#[test]
fn a_schema_says_why() {
    let place = Place::new();
    fs::create_dir(place.path("in")).expect("made");
    fs::write(place.path("in/1.csv"), "id,price,note\n1,2,\n2,2.5,\n").expect("written");
    fs::write(place.path("in/2.csv"), "id,price\n3,4\n").expect("written");
    let shown = place.tenon(&["schema", "in/", "--type", "id=int"]).succeeded().stdout;
    let line = |name: &str| {
        let mut lines = shown.lines().map(str::trim);
        lines.find(|line| line.starts_with(name)).unwrap_or_default()
    };
    assert!(line("id").contains("int") && line("id").contains("given"), "{shown}");
    assert!(
        line("price").contains("double") && line("price").contains("inferred"),
        "{shown}"
    );
    assert!(line("price").contains("`2.5` in line 3 of "), "{shown}");
    assert!(
        line("note").contains("text") && line("note").ends_with("no value was seen; it is in 1 of 2 files"),
        "{shown}"
    );
    assert!(shown.ends_with("\nlooked at 3 rows of 2 files\n"), "{shown}");

    let shown = place.tenon(&["schema", "in/", "--json"]).succeeded().json();
    assert_eq!((&shown["files"], &shown["rows"]), (&2.into(), &3.into()));
    let price = &shown["columns"][1];
    assert_eq!(
        [&price["name"], &price["type"], &price["origin"]],
        ["price", "double", "inferred"]
    );
    assert_eq!((&price["nullable"], &price["files"]), (&true.into(), &2.into()));
    assert!(
        price["because"]
            .as_str()
            .is_some_and(|because| because.contains("`2.5`")),
        "{price}"
    );
    // The names are those that `--type` takes.
    for column in shown["columns"].as_array().expect("a list") {
        let pair = ["name", "type"].map(|key| column[key].as_str().expect("text"));
        place.tenon(&["schema", "in/", "--type", &pair.join("=")]).succeeded();
    }
}

#[test]
fn bookmarks_leave_out_what_was_read() {
    let place = Place::new();
    fs::create_dir(place.path("in")).expect("made");
    let day = |name: &str, text: &str| fs::write(place.path("in").join(name), format!("id\n{text}")).expect("written");
    let job = "bookmark = true\n[sources.days]\nurl = \"in/*.csv\"\n\
               [steps.doubled]\nsql = \"select id, id * 2 as double from days\"\n\
               [sinks.out]\nfrom = \"doubled\"\nurl = \"out/\"\nmode = \"append\"\n";
    fs::write(place.path("days.toml"), job).expect("written");
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "days.toml", "--json"];
        all.extend(arguments);
        let report = place.tenon(&all).succeeded().json();
        (report["status"].as_str().map(str::to_owned), report["rows_in"].as_u64())
    };
    let done = |rows| (Some("succeeded".to_owned()), Some(rows));

    day("1.csv", "1\n2\n");
    assert_eq!(run(&[]), done(2));
    assert_eq!(run(&[]), (Some("nothing-new".to_owned()), Some(0)));
    day("2.csv", "3\n");
    day("3.csv", "4\n5\n6\n");
    assert_eq!(run(&["--bookmark", "pause"]), done(4), "read, but not remembered");
    assert_eq!(run(&["--max-files", "1"]), done(1));
    assert_eq!(run(&[]), done(3));
    assert_eq!(run(&["--bookmark", "disable"]), done(6), "everything");
    assert_eq!(rows(&place.path("out")), 2 + 4 + 1 + 3 + 6);

    place.tenon(&["bookmark", "reset", "days"]).succeeded();
    assert_eq!(run(&[]), done(6));
    let said = place.tenon(&["run", "days.toml", "--no-history"]).failed(2);
    assert!(said.contains("bookmarks are kept in the history"), "{said}");
}

#[test]
fn a_job_file_says_how_much_a_run_reads() {
    let place = Place::new();
    fs::create_dir(place.path("in")).expect("made");
    for (name, ids) in [
        ("1.csv", "1\n2\n"),
        ("2.csv", "3\n"),
        ("3.csv", "4\n5\n6\n"),
        ("4.csv", "7\n"),
    ] {
        fs::write(place.path("in").join(name), format!("id\n{ids}")).expect("written");
    }
    let write = |bookmark: &str, caps: &str| {
        let job = format!(
            "{bookmark}\n[sources.days]\nurl = \"in/*.csv\"\n{caps}\n[sinks.out]\nfrom = \"days\"\nurl = \"out/\"\nmode \
             = \"append\"\n"
        );
        fs::write(place.path("days.toml"), job).expect("written");
    };
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "days.toml", "--json"];
        all.extend(arguments);
        place.tenon(&all).succeeded().json()["rows_in"].as_u64()
    };
    write("bookmark = true", "max_files = 1");
    assert_eq!(
        run(&[]),
        Some(2),
        "the oldest file, or of those that are as old the first by name"
    );
    assert_eq!(
        run(&["--max-files", "2"]),
        Some(1 + 3),
        "the command line goes before the file"
    );
    let one_file = "max_bytes = 1";
    write("bookmark = true", one_file);
    assert_eq!(run(&[]), Some(1));
    assert_eq!(run(&[]), Some(0));
    assert_eq!(rows(&place.path("out")), 7);
    assert_eq!(run(&["--bookmark", "disable"]), Some(7), "everything");

    write("", one_file);
    let said = place.tenon(&["run", "days.toml"]).failed(3);
    assert!(
        said.contains("`max_bytes` needs `bookmark = true`") && said.contains("days.toml:4"),
        "{said}"
    );
    fs::write(
        place.path("days.toml"),
        "bookmark = true\n[sources.days]\nconnector = \"sqlite\"\nurl = \"sqlite:days.db\"\ntable = \"days\"\nmax_files \
         = 1\n[sinks.out]\nfrom = \"days\"\nurl = \"out/\"\n",
    )
    .expect("written");
    let said = place.tenon(&["run", "days.toml"]).failed(3);
    assert!(said.contains("unknown key `max_files`"), "{said}");
}

/// The schema that editors are pointed at is the one that this version has.
#[test]
fn the_published_schema_is_current() {
    let place = Place::new();
    let current = place.tenon(&["schema", "--job-file"]).succeeded().stdout;
    let published = fs::read_to_string(example("../../docs/job.schema.json")).unwrap_or_default();
    assert_eq!(
        published, current,
        "run `tenon schema --job-file > docs/job.schema.json`"
    );
}
