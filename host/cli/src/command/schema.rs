use serde_json::json;
use tenon_host::engine::Preview;

use crate::args::SchemaArguments;
use crate::exit::Failure;
use crate::output;
use crate::report::pairs;

/// `tenon schema`
pub async fn schema(arguments: SchemaArguments) -> Result<(), Failure> {
    let Some(source) = &arguments.source else {
        return output::print(&format!("{:#}", tenon_host::engine::job_schema()));
    };
    let config = arguments.csv.source(source)?;
    let preview = Preview::open(&config).await?;
    let schema = preview.schema();
    if arguments.json {
        let fields = schema.fields().iter().map(|field| {
            json!({ "name": field.name(), "type": field.data_type().to_string(), "nullable": field.is_nullable() })
        });
        return output::print(&format!("{:#}", serde_json::Value::Array(fields.collect())));
    }
    let rows = schema.fields().iter().map(|field| {
        let null = if field.is_nullable() { "" } else { ", never null" };
        (field.name().clone(), format!("{}{null}", field.data_type()))
    });
    let mut lines = vec![pairs(rows, false).trim_fmt()];
    let remarks = preview.remarks().into_iter();
    lines.extend(remarks.map(|(column, remark)| format!("note: {column} is {remark}")));
    output::print(&lines.join("\n"))
}
