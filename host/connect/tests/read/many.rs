//! Sources of many files: patterns, partitions, columns that differ, bookmarks.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::support::{batches, failure, flat, open, query, rows, session, write};
use arrow::array::{ArrayRef, Date32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use tenon_connect::file::{self, Evolution, FileBookmark, Partitions, ReadConfig, ReadOptions, StoreOptions};

fn parquet(folder: &Path, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    let file = File::create(path).expect("created");
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
}

#[tokio::test]
async fn patterns() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, id) in [
        ("a/x1.csv", 1),
        ("a/x2.csv", 2),
        ("a/y1.csv", 4),
        ("b/c/x1.csv", 8),
        ("b/.z/x1.csv", 16),
    ] {
        write(folder.path(), name, format!("id\n{id}\n"));
    }
    let cases = [
        ("a/*.csv", "7"),
        ("a/x?.csv", "3"),
        ("a/[xy]1.csv", "5"),
        ("**/x1.csv", "9"),
        ("{a/y,b/c/x}1.csv", "12"),
        ("*/", "15"),
        ("a", "7"),
        ("", "15"),
    ];
    for (pattern, expected) in cases {
        let config = ReadConfig::new(format!("{}/{pattern}", folder.path().display()));
        assert_eq!(rows(&config, "select sum(id) from t").await, expected, "{pattern}");
    }
    let error = failure(&ReadConfig::new(format!("{}/a/*.json", folder.path().display()))).await;
    assert!(error.contains("nothing in ") && error.contains("/a fits"), "{error}");
    write(folder.path(), "a/z.ndjson", "{}");
    let error = failure(&ReadConfig::new(format!("{}/a/", folder.path().display()))).await;
    assert!(error.contains("z.ndjson is NDJSON, but x1.csv is CSV"), "{error}");
}

#[tokio::test]
async fn folders_are_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, id) in [
        ("year=2012/city=New%20York", 1),
        ("year=2013/city=Rome", 2),
        ("year=2013/city=__HIVE_DEFAULT_PARTITION__", 3),
    ] {
        write(folder.path(), &format!("csv/{path}/x.csv"), format!("id\n{id}\n"));
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![id]));
        parquet(folder.path(), &format!("parquet/{path}/x.parquet"), vec![("id", ids)]);
    }
    for format in ["csv", "parquet"] {
        let config = ReadConfig::new(format!("{}/{format}/", folder.path().display()));
        let expected = "\
+----+------+----------+
| id | year | city     |
+----+------+----------+
| 1  | 2012 | New York |
| 2  | 2013 | Rome     |
| 3  | 2013 |          |
+----+------+----------+";
        assert_eq!(
            query(&config, "select * from t order by id").await,
            expected,
            "{format}"
        );
        let source = open(&config).await;
        let plan = flat(&batches(&source, "explain select id from t where year = 2012").await);
        assert!(
            plan.contains("year=2012") && !plan.contains("year=2013/city=Rome"),
            "{plan}"
        );
        assert_eq!(
            rows(&config, "select id from t where year > 2012 and city = 'Rome'").await,
            "2",
            "{format}"
        );
        assert_eq!(
            rows(&config, "select count(*) from t where year = 1999").await,
            "0",
            "{format}"
        );

        let mut plain = config.clone();
        plain.partitions = Some(Partitions::None);
        assert_eq!(open(&plain).await.schema().fields().len(), 1);
        let mut given = config.clone();
        given.schema.insert("year".to_owned(), "text".parse().expect("a type"));
        assert_eq!(
            rows(&given, "select max(year || '!') from t").await,
            "2013!",
            "{format}"
        );
    }
}

#[tokio::test]
async fn folders_columns_hide_those_in_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    for (year, id) in [(2012, 1), (2013, 2)] {
        let text = |header: &str| format!("{header}1999,{id},x{id}\n");
        write(folder.path(), &format!("csv/year={year}/x.csv"), text("year,id,name\n"));
        write(folder.path(), &format!("bare/column_1={year}/x.csv"), text(""));
    }
    let config = ReadConfig::new(format!("{}/csv/", folder.path().display()));
    let read = rows(&config, "select * from t where year > 2000 order by id").await;
    assert_eq!(read, "1 x1 2012 / 2 x2 2013");
    let mut bare = ReadConfig::new(format!("{}/bare/", folder.path().display()));
    bare.csv.header = false;
    let read = rows(&bare, "select column_1, column_2, column_3 from t order by column_1").await;
    assert_eq!(read, "2012 1 x1 / 2013 2 x2");

    // What the files hold there is of no consequence.
    write(folder.path(), "csv/year=2014/x.csv", "name,year,id\nx3,unknown,3\n");
    let read = rows(&config, "select id, year from t order by id").await;
    assert_eq!(read, "1 2012 / 2 2013 / 3 2014");
}

#[tokio::test]
async fn columns_may_be_added_missing_and_wider() {
    let folder = tempfile::tempdir().expect("a folder");
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![0]));
    parquet(
        folder.path(),
        "parquet/a.parquet",
        vec![("id", Arc::clone(&ids)), ("at", dates)],
    );
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![1 << 40]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    parquet(folder.path(), "parquet/b.parquet", vec![("name", names), ("id", wide)]);
    write(folder.path(), "csv/a.csv", "id,at\n1,1970-01-01\n");
    write(folder.path(), "csv/b.csv", "name,id\nx,1099511627776\n");
    write(folder.path(), "csv/empty.csv", "");
    write(folder.path(), "ndjson/a.ndjson", "{\"id\":1,\"at\":\"1970-01-01\"}\n");
    write(
        folder.path(),
        "ndjson/b.ndjson",
        "{\"name\":\"x\",\"id\":1099511627776}\n",
    );
    for format in ["parquet", "csv", "ndjson"] {
        let mut config = ReadConfig::new(format!("{}/{format}/", folder.path().display()));
        let read = rows(&config, "select id, at, name from t order by id").await;
        assert_eq!(read, "1 1970-01-01  / 1099511627776  x", "{format}");
        config.evolution = Evolution::Strict;
        let error = failure(&config).await;
        assert!(
            error.contains(" has the columns name, id, but ") && error.contains("has id, at"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn clashes_name_both_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.5]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    parquet(folder.path(), "parquet/a.parquet", vec![("v", numbers)]);
    parquet(folder.path(), "parquet/b.parquet", vec![("v", texts)]);
    write(folder.path(), "csv/a.csv", "v\n1.5\n");
    write(folder.path(), "csv/b.csv", "v\nx\n");
    for format in ["parquet", "csv"] {
        let mut config = ReadConfig::new(format!("{}/{format}/", folder.path().display()));
        let error = failure(&config).await;
        let expected = [
            "the column `v` is double in ",
            "a.",
            ", but text in ",
            "b.",
            "`evolution = \"widest\"`",
        ];
        assert!(expected.iter().all(|part| error.contains(part)), "{error}");
        config.evolution = Evolution::Widest;
        assert_eq!(rows(&config, "select v from t order by v").await, "1.5 / x", "{format}");
        let report = open(&config).await.schema_report().columns[0].clone();
        assert_eq!(report.files, 2);
        assert!(
            report
                .because
                .is_some_and(|because| because.contains("it is double in"))
        );
    }
}

#[tokio::test]
async fn the_report_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = ReadConfig::new(write(folder.path(), "x.csv", "a,b,c\n1,1,\n2,x,\n"));
    let source = open(&config).await;
    let report = source.schema_report();
    assert_eq!((report.files, report.rows), (1, 2));
    let because: Vec<Option<&str>> = report.columns.iter().map(|column| column.because.as_deref()).collect();
    let widened = format!("`x` in line 3 of {} makes it text", config.url);
    assert_eq!(because, [None, Some(widened.as_str()), Some("no value was seen")]);
}

#[tokio::test]
async fn given_types() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "n,price,at,day,small\n1,12.345,2013-01-31T10:00:00Z,2013-01-31,7\n2,,,,\n";
    let json = "{\"n\":1,\"price\":\"12.345\",\"at\":\"2013-01-31T10:00:00Z\",\"day\":\"2013-01-31\",\"small\":7}\n{\"n\":2}\n";
    for (name, content) in [("x.csv", text), ("x.ndjson", json)] {
        let mut config = ReadConfig::new(write(folder.path(), name, content));
        for (column, sql_type) in [
            ("n", "int"),
            ("price", "decimal(38,10)"),
            ("at", "timestamp(ms, 'UTC')"),
            ("day", "date"),
            ("small", "smallint"),
        ] {
            config
                .schema
                .insert(column.to_owned(), sql_type.parse().expect("a type"));
        }
        let source = open(&config).await;
        let report = source.schema_report();
        assert!(
            report.columns.iter().all(|column| column.origin == file::Origin::Given),
            "{report:?}"
        );
        let read = flat(&batches(&source, "select * from t where n = 1").await);
        assert_eq!(read, "1 12.3450000000 2013-01-31T10:00:00Z 2013-01-31 7", "{name}");
    }
}

#[tokio::test]
async fn bookmarks() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = SystemTime::now() - Duration::from_secs(1000);
    let put = |name: &str, id: i64, second: u64| {
        let path = write(folder.path(), name, format!("id\n{id}\n"));
        let file = File::options().write(true).open(path).expect("opened");
        file.set_modified(start + Duration::from_secs(second)).expect("set");
    };
    put("b.csv", 1, 1);
    put("a.csv", 2, 2);
    put("c.csv", 4, 3);
    let config = ReadConfig::new(format!("{}/*.csv", folder.path().display()));
    let run = async |bookmark: &FileBookmark, max_files: Option<usize>| {
        let options = ReadOptions {
            bookmark: Some(bookmark),
            max_files,
            ..ReadOptions::default()
        };
        let source = file::open(&config, &options, &session(1)).await.expect("opened");
        let sum = flat(&batches(&source, "select coalesce(sum(id), 0) from t").await);
        (sum, source.files().len(), source.next_bookmark().clone())
    };
    let (sum, files, first) = run(&FileBookmark::default(), Some(2)).await;
    assert_eq!((sum.as_str(), files), ("3", 2), "the oldest first");
    // A run that is not committed does not move the bookmark.
    assert_eq!(run(&FileBookmark::default(), Some(2)).await.0, "3");
    let (sum, _, second) = run(&first, Some(2)).await;
    assert_eq!(sum, "4");
    let (sum, files, third) = run(&second, None).await;
    assert_eq!((sum.as_str(), files), ("0", 0));
    assert_eq!(third, second);
    put("a.csv", 8, 4);
    put("d.csv", 16, 5);
    let (sum, files, _) = run(&third, None).await;
    assert_eq!((sum.as_str(), files), ("24", 2), "what is new or changed");
}

#[tokio::test]
async fn looks_find_each_of_many_files_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let start = SystemTime::now() - Duration::from_secs(1_000_000);
    let put = |number: u64| {
        let path = folder.path().join(format!("{number}.csv"));
        let file = File::create(path).expect("created");
        file.set_modified(start + Duration::from_secs(60 * number))
            .expect("set");
    };
    (0..2000).for_each(put);
    let url = format!("{}/*.csv", folder.path().display());
    let look = async |since: &FileBookmark, most: usize| {
        let (files, next) = file::new_files(&url, &StoreOptions::default(), since, most)
            .await
            .expect("listed");
        let names: Vec<String> = files.into_iter().map(|file| file.url).collect();
        (names, next)
    };
    let (mut bookmark, mut found) = (FileBookmark::default(), Vec::new());
    for expected in [700, 700, 600, 0] {
        let (names, next) = look(&bookmark, 700).await;
        assert_eq!(names.len(), expected);
        let length = serde_json::to_string(&next).expect("serialised").len();
        assert!(length < 500_000, "{length} bytes to remember");
        bookmark = next;
        found.extend(names);
    }
    // One that is as old as files that are known by name still.
    let late = folder.path().join("late.csv");
    let late = File::create(late).expect("created");
    let when = start + Duration::from_secs(60 * 1980);
    late.set_modified(when).expect("set");
    (2000..2010).for_each(put);
    let (names, _) = look(&bookmark, 700).await;
    assert_eq!(names.len(), 11);
    found.extend(names);
    let distinct: BTreeSet<&String> = found.iter().collect();
    assert_eq!((found.len(), distinct.len()), (2011, 2011));

    let (names, all) = look(&FileBookmark::default(), usize::MAX).await;
    assert_eq!(names.len(), 2011);
    assert_eq!(look(&all, 700).await.0, Vec::<String>::new());
}

#[tokio::test]
async fn a_limit_ends_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let many: String = (0..2_000_000).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect();
    let config = ReadConfig::new(write(folder.path(), "x.csv", format!("id\n{many}oops\n")));
    // The last line would be an error.
    assert_eq!(rows(&config, "select id from t limit 3").await, "0 / 1 / 2");
    let source = open(&config).await;
    let plan = flat(&batches(&source, "explain select id from t limit 3").await);
    assert!(plan.contains("limit=3"), "{plan}");
}
