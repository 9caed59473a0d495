use arrow::json::LineDelimitedWriter;
use arrow::util::pretty::pretty_format_batches;
use tenon_host::engine::Preview;

use crate::args::PreviewArguments;
use crate::exit::Failure;
use crate::output;

/// `tenon preview`
pub async fn preview(arguments: PreviewArguments) -> Result<(), Failure> {
    let config = arguments.csv.source(&arguments.source)?;
    let preview = Preview::open(&config).await?;
    let rows = preview.rows(arguments.rows).await?;
    if !arguments.json {
        let table = pretty_format_batches(&rows).map_err(|error| Failure::failed(error.into()))?;
        return output::print(&table.to_string());
    }
    let mut writer = LineDelimitedWriter::new(Vec::new());
    let batches: Vec<_> = rows.iter().collect();
    let written = writer.write_batches(&batches).and_then(|()| writer.finish());
    written.map_err(|error| Failure::failed(error.into()))?;
    output::write(&writer.into_inner())
}
