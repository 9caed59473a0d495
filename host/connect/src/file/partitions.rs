//! Folders whose names are values: `year=2013/month=1/x.csv`.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use object_store::path::Path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::ColumnType;
use super::schema::SqlType;
use super::stored::StoredFile;
use crate::Error;

/// What stands in a folder's name for no value.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Whether names of folders are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Partitions {
    /// Every file lies in folders named `column=value`, and these are columns.
    Hive,
    /// Names of folders mean nothing.
    None,
}

/// The columns that folders stand for, with their values, file by file.
#[derive(Debug, Default)]
pub(super) struct Partitioned {
    pub fields: Vec<FieldRef>,
    pub values: Vec<Arc<[ScalarValue]>>,
}

/// Finds the columns that the folders below `base` stand for. Without a choice, folders are columns if they are so for
/// every file.
pub(super) fn find<'a>(
    url: &str,
    base: &Path,
    files: impl Iterator<Item = &'a Path> + Clone,
    choice: Option<Partitions>,
    given: &BTreeMap<String, SqlType>,
) -> Result<Partitioned, Error> {
    let count = files.clone().count();
    let none = || Partitioned {
        fields: Vec::new(),
        values: vec![Arc::from([]); count],
    };
    if choice == Some(Partitions::None) {
        return Ok(none());
    }
    let mut keys: Option<Vec<String>> = None;
    let mut texts: Vec<Vec<Option<String>>> = Vec::with_capacity(count);
    for location in files {
        let pairs = pairs(base, location);
        let found: Vec<String> = pairs.iter().map(|(key, _)| key.clone()).collect();
        let expected = keys.get_or_insert_with(|| found.clone());
        if *expected != found || found.is_empty() {
            if choice.is_none() {
                return Ok(none());
            }
            return Err(Error::Config {
                subject: url.to_owned(),
                reason: format!(
                    "{location} lies in the partitions [{}], other files in [{}]; set `partitions = \"none\"` to read \
                     them regardless",
                    found.join(", "),
                    expected.join(", ")
                ),
            });
        }
        texts.push(pairs.into_iter().map(|(_, value)| value).collect());
    }
    let keys = keys.unwrap_or_default();
    let types: Vec<DataType> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| match given.get(key) {
            Some(given) => given.data_type().clone(),
            None => infer(texts.iter().filter_map(|values| values[index].as_deref())),
        })
        .collect();
    let mut values = Vec::with_capacity(texts.len());
    for row in texts {
        let parsed = row.into_iter().zip(&types).zip(&keys).map(|((text, data_type), key)| {
            parse(text.as_deref(), data_type).ok_or_else(|| Error::Config {
                subject: url.to_owned(),
                reason: format!(
                    "the folder `{key}={}` does not fit the column's type",
                    text.unwrap_or_default()
                ),
            })
        });
        values.push(parsed.collect::<Result<Arc<[ScalarValue]>, Error>>()?);
    }
    let fields = keys
        .into_iter()
        .zip(types)
        .map(|(key, data_type)| Arc::new(Field::new(key, data_type, true)));
    Ok(Partitioned {
        fields: fields.collect(),
        values,
    })
}

fn pairs(base: &Path, location: &Path) -> Vec<(String, Option<String>)> {
    let mut names: Vec<String> = location
        .prefix_match(base)
        .into_iter()
        .flatten()
        .map(|part| part.as_ref().to_owned())
        .collect();
    names.pop();
    names
        .iter()
        .filter_map(|name| name.split_once('='))
        .map(|(key, value)| {
            let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            (key.to_owned(), (value != NULL).then(|| decoded.into_owned()))
        })
        .collect()
}

fn infer<'a>(texts: impl Iterator<Item = &'a str>) -> DataType {
    let types = texts.map(|text| ColumnType::of(text.as_bytes()));
    types.reduce(ColumnType::or).unwrap_or(ColumnType::Text).data_type()
}

fn parse(text: Option<&str>, data_type: &DataType) -> Option<ScalarValue> {
    let Some(text) = text.filter(|text| !text.is_empty() || *data_type == DataType::Utf8) else {
        return ScalarValue::try_from(data_type).ok();
    };
    let array = ScalarValue::Utf8(Some(text.to_owned())).to_array().ok()?;
    let value = ScalarValue::try_from_array(&cast(&array, data_type).ok()?, 0).ok()?;
    (!value.is_null()).then_some(value)
}

/// How far filters are served: those on partitions alone leave out whole files, others are as `rest` says.
pub(super) fn pushdown(
    fields: &[FieldRef],
    filters: &[&Expr],
    rest: &TableProviderFilterPushDown,
) -> Vec<TableProviderFilterPushDown> {
    let served = |filter: &&Expr| {
        if is_on_partitions(fields, filter) {
            TableProviderFilterPushDown::Exact
        } else {
            rest.clone()
        }
    };
    filters.iter().map(served).collect()
}

fn is_on_partitions(fields: &[FieldRef], filter: &Expr) -> bool {
    let columns = filter.column_refs();
    let known = |name: &str| fields.iter().any(|field| field.name() == name);
    !columns.is_empty() && columns.iter().all(|column| known(column.name())) && !filter.is_volatile()
}

/// The files whose partitions pass the filters on partitions.
pub(super) fn prune(
    files: &[StoredFile],
    fields: &[FieldRef],
    filters: &[Expr],
    state: &dyn Session,
) -> DataFusionResult<Vec<StoredFile>> {
    let mut kept = files.to_vec();
    let schema = Arc::new(Schema::new(fields.to_vec()));
    for filter in filters.iter().filter(|filter| is_on_partitions(fields, filter)) {
        if kept.is_empty() {
            break;
        }
        let names = DFSchema::try_from(Arc::clone(&schema))?;
        let unqualified = unqualified(filter.clone())?;
        let expression = state.create_physical_expr(unqualified, &names)?;
        let columns = (0..fields.len())
            .map(|index| ScalarValue::iter_to_array(kept.iter().map(|file| file.partition[index].clone())));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect::<DataFusionResult<_>>()?)?;
        let passes = expression.evaluate(&batch)?.into_array(kept.len())?;
        let passes = datafusion::common::cast::as_boolean_array(&passes)?;
        let mut verdicts = passes.iter();
        kept.retain(|_| verdicts.next().flatten() == Some(true));
    }
    Ok(kept)
}

/// The filter with columns by their names alone, as the folders have them.
fn unqualified(filter: Expr) -> DataFusionResult<Expr> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let plain = filter.transform(|expression| match expression {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(
            datafusion::common::Column::new_unqualified(column.name),
        ))),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(plain.data)
}
