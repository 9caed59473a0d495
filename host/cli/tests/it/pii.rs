//! The example that masks customers.

use std::collections::HashSet;
use std::fs;

use arrow::array::AsArray;

use crate::place::{Place, guest, in_examples, parquet};

const CUSTOMERS: usize = 3_000;

#[test]
fn nobody_can_be_told_from_what_the_example_writes() {
    let place = Place::new();
    let folder = in_examples("pii");
    let text = fs::read_to_string(format!("{folder}/pii.toml")).expect("readable");
    let text = text
        .replace("plugins/mask", &guest("mask"))
        .replace("examples/pii", &folder);
    fs::write(place.path("pii.toml"), text).expect("written");

    let message = place.tenon(&["run", "pii.toml"]).failed(3);
    assert!(message.contains("pii_key"), "without the key: {message}");
    let run = |key: &str| {
        let mut command = place.command(&["run", "pii.toml", "--json"]);
        command.env("TENON_SECRET_PII_KEY", key);
        let ended = crate::place::Ended::from(command.output().expect("started")).succeeded();
        assert!(
            !ended.stdout.contains(key) && !ended.stderr.contains(key),
            "{}",
            ended.stdout
        );
        masked(&place)
    };
    let masked_once = run("a key that is long enough");
    let customers = fs::read_to_string(format!("{folder}/customers.csv")).expect("readable");
    let real: Vec<Vec<&str>> = customers
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!((masked_once.len(), real.len()), (CUSTOMERS, CUSTOMERS));

    let emails = |rows: &[[String; 3]]| rows.iter().map(|row| row[1].clone()).collect::<HashSet<String>>();
    let real_emails: HashSet<&str> = real.iter().map(|row| row[2]).collect();
    assert_eq!(
        emails(&masked_once).len(),
        real_emails.len(),
        "equal addresses stay equal, others stay different"
    );
    for [name, email, phone] in &masked_once {
        assert_eq!(name, "(name)");
        assert!(
            email.len() == 64 && email.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{email}"
        );
        let digits = phone.bytes().filter(u8::is_ascii_digit).count();
        assert!(phone.is_empty() || digits == 2 && phone.starts_with('*'), "{phone}");
    }
    let other_key = run("another key");
    assert!(emails(&masked_once).is_disjoint(&emails(&other_key)));

    let totals = fs::read_to_string(place.path("out/customers-by-country.csv")).expect("readable");
    let column = |at: usize| -> usize {
        let cells = totals
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(at).expect("a cell"));
        cells.map(|cell| cell.parse::<usize>().expect("a number")).sum()
    };
    assert_eq!(column(1), CUSTOMERS, "{totals}");
    assert_eq!(
        column(2),
        real_emails.len(),
        "a customer with two accounts has one country: {totals}"
    );
}

/// Name, address and telephone number of each row.
fn masked(place: &Place) -> Vec<[String; 3]> {
    let folder = place.path("out/customers-masked");
    let files = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    let mut rows = Vec::new();
    for batch in files.flat_map(|file| parquet(&file)) {
        let columns = ["name", "email", "phone"].map(|name| batch.column_by_name(name).expect("a column").clone());
        for row in 0..batch.num_rows() {
            rows.push(columns.each_ref().map(|column| {
                if column.is_null(row) {
                    String::new()
                } else {
                    column.as_string::<i32>().value(row).to_owned()
                }
            }));
        }
    }
    rows
}
