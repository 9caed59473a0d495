use serde_json::json;
use tenon_host::engine::Preview;

use crate::args::SchemaArguments;
use crate::exit::Failure;
use crate::report::pairs;

/// `tenon schema`
pub async fn schema(arguments: SchemaArguments) -> Result<(), Failure> {
    let Some(source) = &arguments.source else {
        println!("{:#}", tenon_host::engine::job_schema());
        return Ok(());
    };
    let config = arguments.csv.source(source)?;
    let preview = Preview::open(&config).await?;
    let schema = preview.schema();
    if arguments.json {
        let fields = schema.fields().iter().map(|field| {
            json!({ "name": field.name(), "type": field.data_type().to_string(), "nullable": field.is_nullable() })
        });
        println!("{:#}", serde_json::Value::Array(fields.collect()));
        return Ok(());
    }
    let rows = schema.fields().iter().map(|field| {
        let null = if field.is_nullable() { "" } else { ", never null" };
        (field.name().clone(), format!("{}{null}", field.data_type()))
    });
    println!("{}", pairs(rows, false).trim_fmt());
    for (column, remark) in preview.remarks() {
        println!("note: {column} is {remark}");
    }
    Ok(())
}
