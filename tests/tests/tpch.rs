//! TPC-H through `sql` steps of job files: every answer is DuckDB's.

use std::path::Path;

use tenon_engine::Progress;
use tenon_tests::jobs;
use tenon_tests::tpch::{ANSWERED_SCALE, Answer, answers_folder, generate, queries};

#[tokio::test(flavor = "multi_thread")]
async fn all_answers_are_right() {
    let folder = tempfile::tempdir().expect("a folder");
    // Kept from one test run to the next.
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../target/tmp/tpch-{ANSWERED_SCALE}"));
    generate(&data, ANSWERED_SCALE).expect("the tables are written");
    let engine = jobs::engine(&folder.path().join("cache")).expect("a runtime");
    for query in queries(ANSWERED_SCALE).expect("the queries are there") {
        let to = folder.path().join(format!("{}.parquet", query.name));
        let job = jobs::job(&query.job(&data, &to)).expect("a job");
        let ran = engine.run(&job, &Progress::default()).await;
        ran.unwrap_or_else(|error| panic!("{}: {error}", query.name));
        let expected = Answer::read(&answers_folder(), &query.name).expect("an answer");
        let found = Answer::of_parquet(&to).await.expect("an answer");
        let checked = found.check(&expected);
        checked.unwrap_or_else(|error| panic!("{}: {error}", query.name));
    }
}
