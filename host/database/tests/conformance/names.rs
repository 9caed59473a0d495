//! Names that try to be SQL.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use tenon_database::{
    Comparison, Discover, Error, Key, Mode, Order, Predicate, ReadConfig, TableName, Value, WriteConfig,
};

use crate::data::{batch, people};
use crate::subject::Subject;
use crate::support::{Read, block_on, describe, mode, read, table, write};

const TABLE: &str = "we\"ird `t'able; drop table bystander; -- 😀";
const NUMBER: &str = "n\"um'b`er); drop table bystander; --";
const TEXT: &str = "select \"from\" 😀 $1 ? {} % \\";

/// No name and no value is anything but a name or a value.
pub(crate) fn odd_names(subject: &Subject) {
    let (table_name, text_name) = (subject.name_of(TABLE), subject.name_of(TEXT));
    let (table_name, text_name) = (table_name.as_str(), text_name.as_str());
    block_on(async {
        let database = subject.database();
        write(
            database.as_ref(),
            "bystander",
            mode(Mode::Error),
            &[people(&[(1, "a")])],
        )
        .await
        .unwrap();
        let nasty = "'; drop table bystander; -- \" ` \\' \\";
        let rows = |number: i64| {
            let numbers: ArrayRef = Arc::new(Int64Array::from(vec![number, 2]));
            let texts: ArrayRef = Arc::new(StringArray::from(vec![nasty, "plain"]));
            batch(vec![(NUMBER, numbers), (text_name, texts)])
        };
        let config = WriteConfig {
            keys: vec![NUMBER.to_owned()],
            ..mode(Mode::Upsert)
        };
        write(database.as_ref(), table_name, config.clone(), &[rows(1)])
            .await
            .unwrap();
        write(database.as_ref(), table_name, config, &[rows(3)]).await.unwrap();
        write(database.as_ref(), table_name, mode(Mode::Overwrite), &[rows(1)])
            .await
            .unwrap();
        let equal = Predicate::Compare {
            column: text_name.to_owned(),
            comparison: Comparison::Equal,
            value: Value::Text(nasty.to_owned()),
        };
        let starts = Predicate::StartsWith {
            column: text_name.to_owned(),
            prefix: nasty.to_owned(),
        };
        let description = describe(database.as_ref(), &table(table_name)).await;
        for predicate in [equal, starts] {
            if database.pushdown(&predicate, &description) == tenon_database::Pushdown::No {
                continue;
            }
            let wanted = Read {
                predicate: Some(predicate),
                ..Read::default()
            };
            assert_eq!(read(database.as_ref(), &table(table_name), &wanted).await.num_rows(), 1);
        }
        let keys = [Key {
            column: NUMBER.to_owned(),
            order: Order::Ascending,
        }];
        let last = database.last(&table(table_name), &keys, &description).await.unwrap();
        assert_eq!(last, Some(vec![Value::Integer(2)]));
        let found = database
            .discover(&Discover {
                columns: true,
                ..Discover::default()
            })
            .await
            .unwrap();
        let found: Vec<&str> = found.iter().map(|found| found.name.table.as_str()).collect();
        assert!(found.contains(&table_name) && found.contains(&"bystander"), "{found:?}");
        assert!(found.iter().all(|name| !name.starts_with("_tenon_")), "{found:?}");
    });
}

/// What is not there is named, with what is nearest.
pub(crate) fn unknown_names(subject: &Subject) {
    block_on(async {
        let database = subject.database();
        write(
            database.as_ref(),
            "customers",
            mode(Mode::Append),
            &[people(&[(1, "a")])],
        )
        .await
        .unwrap();
        let error = database
            .describe(&table("custmers"), &ReadConfig::default())
            .await
            .expect_err("not there");
        assert!(
            matches!(error, Error::NoTable { .. }) && error.to_string().contains("customers"),
            "{error}"
        );
        let mut config = ReadConfig::default();
        config.schema.insert("nme".to_owned(), "text".to_owned());
        let error = database
            .describe(&table("customers"), &config)
            .await
            .expect_err("not there");
        assert!(
            matches!(error, Error::NoColumn { .. }) && error.to_string().contains("name"),
            "{error}"
        );
        let missing = TableName::new(Some("no_such_schema"), "customers");
        let error = database
            .describe(&tenon_database::Relation::Table(missing), &ReadConfig::default())
            .await;
        assert!(matches!(error, Err(Error::NoTable { .. })), "{error:?}");
        assert!(database.check().await.unwrap().contains(char::is_numeric));
    });
}
