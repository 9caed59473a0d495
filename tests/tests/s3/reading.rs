//! Reading what was put there by others.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;
use tenon_connect::file::{self, FileBookmark, ReadConfig, ReadOptions, Source};
use tenon_connect::{Error, Secret};
use tenon_tests::services::S3;

use crate::support::options;

fn config(server: &S3, path: &str) -> ReadConfig {
    let mut config = ReadConfig::new(format!("s3://{}/{path}", server.bucket));
    config.store = options(server);
    config
}

async fn open(config: &ReadConfig, bookmark: Option<&FileBookmark>) -> Result<Source, Error> {
    let options = ReadOptions {
        bookmark,
        ..ReadOptions::default()
    };
    file::open(config, &options, &SessionContext::new()).await
}

async fn sum(source: &Source) -> String {
    let session = SessionContext::new();
    session.register_table("t", source.table()).expect("registered");
    let frame = session
        .sql("select count(*) as n, sum(id) as s from t")
        .await
        .expect("planned");
    let batches = frame.collect().await.expect("read");
    let text = pretty_format_batches(&batches).expect("printable").to_string();
    text.lines().nth(3).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_patterns_and_partitions() {
    let Some(server) = S3::start_or_skip("s3::folders_patterns_and_partitions").await else {
        return;
    };
    for (name, ids) in [("year=2012/a", 0..1_000_000_i64), ("year=2013/b", 1_000_000..1_000_010)] {
        let text: String = ids.clone().flat_map(|id| [id.to_string(), "\n".to_owned()]).collect();
        let folder = server.bucket_folder();
        let csv = folder.join("csv").join(format!("{name}.csv"));
        fs::create_dir_all(csv.parent().expect("a folder")).expect("created");
        fs::write(csv, format!("id\n{text}")).expect("written");

        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
        let batch = RecordBatch::try_from_iter([("id", ids)]).expect("a batch");
        let parquet = folder.join("parquet").join(format!("{name}.parquet"));
        fs::create_dir_all(parquet.parent().expect("a folder")).expect("created");
        let file = fs::File::create(parquet).expect("created");
        let mut writer =
            datafusion::parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
    }
    for format in ["csv", "parquet"] {
        let whole = open(&config(&server, &format!("{format}/")), None)
            .await
            .expect("opened");
        assert_eq!(whole.schema().fields().len(), 2);
        assert_eq!(sum(&whole).await, "| 1000010 | 500009500045 |", "{format}");
        let pattern = config(&server, &format!("{format}/year=*3/*.{format}"));
        let some = open(&pattern, None).await.expect("opened");
        assert_eq!(sum(&some).await, "| 10 | 10000045 |", "{format}");
        let seen = some.next_bookmark().clone();
        let rest = open(&config(&server, &format!("{format}/")), Some(&seen))
            .await
            .expect("opened");
        assert_eq!(sum(&rest).await, "| 1000000 | 499999500000 |", "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals() {
    let Some(server) = S3::start_or_skip("s3::refusals").await else {
        return;
    };
    let missing = open(&config(&server, "no.csv"), None).await.expect_err("missing");
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    let none = open(&config(&server, "*.csv"), None).await.expect_err("nothing fits");
    assert!(matches!(none, Error::NoFiles { .. }), "{none}");
    let mut wrong = config(&server, "no.csv");
    wrong.store.secret_access_key = Some(Secret::new("wrong"));
    let error = open(&wrong, None).await.expect_err("refused").to_string();
    assert!(
        error.contains(&server.endpoint) && !error.contains("wrong\""),
        "{error}"
    );
    assert!(
        error.contains("`secret_access_key`") || error.contains("access is denied"),
        "{error}"
    );
}
