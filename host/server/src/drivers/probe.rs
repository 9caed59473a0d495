//! Looks for new objects and new rows, for triggers that wait for them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tenon_connect::file::{FileBookmark, ReadConfig, SourceFile, StoreOptions, new_files};
use tenon_connect::{Bookmark, SourceConfig, database};
use tenon_engine::{Job, Preview};
use tenon_metadata::Name;
use tenon_triggers::{Found, MOST_ITEMS, Probe, ProbeConfig};
use url::Url;

use crate::executor::{Confined, configured};
use crate::server::Shared;

/// Rows that an event holds; there may be more.
const ROWS: usize = 100;

/// Looks with the rights of the tenant whose trigger it is.
pub(super) struct Storage(pub Arc<Shared>);

#[async_trait]
impl Probe for Storage {
    async fn look(&self, tenant: &Name, config: &ProbeConfig, cursor: Option<Value>) -> Result<Found, String> {
        match config {
            ProbeConfig::Objects(objects) => {
                let store = match &objects.connection {
                    Some(connection) => self.store(tenant, connection).await?,
                    None => StoreOptions::default(),
                };
                let terms = self.0.terms(tenant).await.map_err(|error| error.to_string())?;
                let home = Home::of(&terms.files);
                let found = self.objects(tenant, objects, store, cursor, &home).await;
                found.map_err(|error| home.kept_out_of(&error))
            }
            ProbeConfig::Rows(rows) => self.rows(tenant, rows, cursor).await,
        }
    }
}

impl Storage {
    async fn objects(
        &self,
        tenant: &Name,
        objects: &tenon_triggers::Objects,
        store: StoreOptions,
        cursor: Option<Value>,
        home: &Home,
    ) -> Result<Found, String> {
        // What is there already is passed over at once, however much it is.
        let most = if cursor.is_none() && !objects.existing {
            usize::MAX
        } else {
            MOST_ITEMS
        };
        let since: FileBookmark = known(cursor)?.unwrap_or_default();
        let config = ReadConfig {
            store,
            ..ReadConfig::new(objects.url.as_str())
        };
        let SourceConfig::File(config) = self.confined(tenant, config.into()).await? else {
            return Err("it is no place of files".to_owned());
        };
        let looked = new_files(&config.url, &config.store, &since, most).await;
        let (mut files, next) = looked.map_err(|error| error.to_string())?;
        files.truncate(MOST_ITEMS);
        let is_own = !objects.url.contains("://");
        let items = files.iter().map(|file| {
            let own = is_own.then(|| home.path_of(file)).flatten();
            let url = own.as_ref().unwrap_or(&file.url);
            json!({ "url": url, "bytes": file.bytes, "modified": file.modified, "etag": file.etag })
        });
        Ok(Found {
            items: items.collect(),
            cursor: serde_json::to_value(next).map_err(|error| error.to_string())?,
        })
    }

    async fn rows(&self, tenant: &Name, rows: &tenon_triggers::Rows, cursor: Option<Value>) -> Result<Found, String> {
        let since: Bookmark = known(cursor)?.unwrap_or_default();
        let (driver, connection) = self.connection(tenant, &rows.connection).await?;
        let config = database::SourceConfig {
            driver,
            connection,
            read: tenon_database::ReadConfig {
                query: Some(rows.query.clone()),
                bookmark_keys: vec![rows.cursor_column.clone()],
                ..tenon_database::ReadConfig::default()
            },
            slot: String::new(),
        };
        let config = self.confined(tenant, config.into()).await?;
        let preview = Preview::since(&config, &since)
            .await
            .map_err(|error| error.to_string())?;
        let batches = preview.rows(ROWS + 1).await.map_err(|error| error.to_string())?;
        let mut found = objects(&batches)?;
        let more = found.len() > ROWS;
        found.truncate(ROWS);
        let event = json!({ "rows": found, "more": more });
        Ok(Found {
            items: if found.is_empty() { Vec::new() } else { vec![event] },
            cursor: serde_json::to_value(preview.next_bookmark()).map_err(|error| error.to_string())?,
        })
    }

    /// The source, if the tenant's jobs might read it.
    async fn confined(&self, tenant: &Name, config: SourceConfig) -> Result<SourceConfig, String> {
        let terms = self.0.terms(tenant).await.map_err(|error| error.to_string())?;
        let mut job = Job::new("trigger").source("trigger", config);
        let confined = terms.house().confine(&mut job);
        confined.map_err(|error: Confined| crate::executor::with_cause(&error))?;
        job.sources
            .remove("trigger")
            .ok_or_else(|| "the source is gone".to_owned())
    }

    async fn connection(
        &self,
        tenant: &Name,
        name: &Name,
    ) -> Result<(tenon_database::Driver, tenon_database::ConnectionConfig), String> {
        configured(self.resolved(tenant, name).await?)
    }

    async fn store(&self, tenant: &Name, name: &Name) -> Result<StoreOptions, String> {
        let resolved = self.resolved(tenant, name).await?;
        serde_json::from_value(Value::Object(resolved.options))
            .map_err(|_| format!("the options of the connection `{name}` are not those of a store"))
    }

    async fn resolved(
        &self,
        tenant: &Name,
        name: &Name,
    ) -> Result<tenon_tenants::connections::ResolvedConnection, String> {
        let (keys, tenant, name) = (self.0.keys(), tenant.clone(), name.clone());
        let resolving = self
            .0
            .metadata
            .read(move |tx| tenon_tenants::connections::resolve(tx, &keys, &tenant, &name, None));
        resolving.await.map_err(|error: tenon_tenants::Error| error.to_string())
    }
}

/// Where a tenant's own files are on the server's disk, which is not for its tenants to know: for them, paths begin there.
struct Home(Vec<PathBuf>);

impl Home {
    /// The folder as it is found, with links followed, and as it is configured.
    fn of(files: &Path) -> Self {
        let found = files.canonicalize().ok();
        Self(found.into_iter().chain([files.to_owned()]).collect())
    }

    /// The path of a file that is in there, as jobs name it.
    fn path_of(&self, file: &SourceFile) -> Option<String> {
        let path = file.path.as_ref()?;
        let path = self.0.iter().find_map(|home| path.strip_prefix(home).ok())?;
        Some(path.to_string_lossy().into_owned())
    }

    /// A message without the folder.
    fn kept_out_of(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for home in &self.0 {
            if let Ok(url) = Url::from_directory_path(home) {
                message = message.replace(url.as_str(), "");
            }
            let home = home.to_string_lossy();
            message = message.replace(&format!("{home}/"), "").replace(&*home, ".");
        }
        message
    }
}

fn known<T: serde::de::DeserializeOwned>(cursor: Option<Value>) -> Result<Option<T>, String> {
    cursor
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| format!("where the last look ended cannot be read: {error}"))
}

/// Rows as JSON objects: numbers and booleans as such, everything else as text.
fn objects(batches: &[RecordBatch]) -> Result<Vec<Value>, String> {
    let options = FormatOptions::default().with_null("");
    let mut rows = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options));
        let formatters = formatters
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        for row in 0..batch.num_rows() {
            let mut object = Map::new();
            for (field, (column, formatter)) in schema.fields().iter().zip(batch.columns().iter().zip(&formatters)) {
                let value = if column.is_null(row) {
                    Value::Null
                } else {
                    value(field.data_type(), formatter.value(row).to_string())
                };
                object.insert(field.name().clone(), value);
            }
            rows.push(Value::Object(object));
        }
    }
    Ok(rows)
}

fn value(data_type: &DataType, text: String) -> Value {
    let is_plain = data_type.is_integer() || data_type.is_floating() || *data_type == DataType::Boolean;
    match serde_json::from_str(&text) {
        Ok(value) if is_plain => value,
        _ => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_tenant_is_told_paths_in_its_own_folder() {
        let home = Home(vec![PathBuf::from("/data/shop/my files")]);
        let file = |path: &str| SourceFile {
            url: path.to_owned(),
            bytes: 1,
            modified: 0,
            etag: None,
            path: Some(PathBuf::from(path)),
        };
        assert_eq!(
            home.path_of(&file("/data/shop/my files/in/a.csv")).as_deref(),
            Some("in/a.csv")
        );
        assert_eq!(home.path_of(&file("/data/bank/my files/in/a.csv")), None);
        for (message, told) in [
            ("cannot list /data/shop/my files/in/: denied", "cannot list in/: denied"),
            ("cannot list file:///data/shop/my%20files/in/", "cannot list in/"),
            ("cannot list /data/shop/my files", "cannot list ."),
        ] {
            assert_eq!(home.kept_out_of(message), told);
        }
    }

    #[test]
    fn rows_are_objects() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["7", "x"]));
        let batch = RecordBatch::try_from_iter([("number", numbers), ("text", texts)]).expect("a batch");
        let rows = objects(&[batch]).expect("rows");
        assert_eq!(
            rows,
            [
                json!({ "number": 7, "text": "7" }),
                json!({ "number": null, "text": "x" })
            ]
        );
    }
}
