//! A test guest that gives back what it gets, by every path that there is. Unless its doc comment says otherwise, a
//! function answers with exactly the rows and columns of its input.

mod fail;
mod native;
mod paths;
mod scalar;
mod services;
mod stateful;
mod typed;

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tenon::{Batch, Date, batch, testing};

    fn sample() -> Batch {
        batch! {
            "number" => [Some(1_i64), None, Some(3)],
            "text" => [Some("a"), Some("b"), None],
            "flag" => [true, false, true],
            "date" => [Date(1), Date(2), Date(3)],
        }
    }

    #[test]
    fn every_path_gives_back_what_came() {
        let columns = |batch: &Batch| {
            format!(
                "{:?}",
                batch
                    .raw_columns()
                    .unwrap()
                    .iter()
                    .map(|raw| (&raw.field, &raw.nodes))
                    .collect::<Vec<_>>()
            )
        };
        for function in [
            "pass",
            "rebuild",
            "read_with",
            "slices",
            "read_slices",
            "reorder",
            "rename",
            "typed",
        ] {
            let output = testing::run(function, "{}", sample()).unwrap();
            assert_eq!(columns(&output.batches[0]), columns(&sample()), "{function}");
            assert_eq!(
                output.batches[0].strings("text").unwrap(),
                sample().strings("text").unwrap(),
                "{function}"
            );
        }
    }

    #[test]
    fn the_others_do_what_they_say() {
        assert_eq!(
            testing::run("stateful", "", sample()).unwrap().batches[0]
                .column::<i64>("rows")
                .unwrap()
                .values(),
            [3]
        );
        assert_eq!(
            testing::run("reject_odd", "", sample()).unwrap().rejected,
            [(1, "row 1 is odd".to_owned())]
        );
        assert_eq!(testing::run("add_one", "", sample()).unwrap().batches[0].rows(), 3);
        let failure = json!({ "kind": "transient", "message": "later", "context": ["outside", "inside"] });
        assert_eq!(
            testing::run("fail", failure, sample()).err().unwrap().to_string(),
            "outside: inside: later"
        );
        testing::set_parameter("year", "2013");
        let config = json!({ "parameter": "year", "state": "runs", "count": "rows", "random": 3, "log": "hello" });
        let output = testing::run("services", config, sample()).unwrap();
        assert_eq!(output.batches[0].strings("parameter").unwrap().get(0), Some("2013"));
        assert_eq!(tenon::state::get("runs").unwrap().as_deref(), Some(&b"1"[..]));
        assert!((testing::counter("rows") - 3.0).abs() < f64::EPSILON);
        assert!(testing::logs().iter().any(|(_, text)| text == "hello at WARN"));
    }
}
