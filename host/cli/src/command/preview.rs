use std::io::Write;

use arrow::json::LineDelimitedWriter;
use arrow::util::pretty::pretty_format_batches;
use tenon_host::engine::Preview;

use crate::args::PreviewArguments;
use crate::exit::Failure;

/// `tenon preview`
pub async fn preview(arguments: PreviewArguments) -> Result<(), Failure> {
    let config = arguments.csv.source(&arguments.source)?;
    let preview = Preview::open(&config).await?;
    let rows = preview.rows(arguments.rows).await?;
    let mut stdout = std::io::stdout().lock();
    let written = if arguments.json {
        let mut writer = LineDelimitedWriter::new(&mut stdout);
        let batches: Vec<_> = rows.iter().collect();
        writer
            .write_batches(&batches)
            .and_then(|()| writer.finish())
            .map_err(anyhow::Error::from)
    } else {
        pretty_format_batches(&rows)
            .map_err(anyhow::Error::from)
            .and_then(|table| writeln!(stdout, "{table}").map_err(anyhow::Error::from))
    };
    written.map_err(Failure::failed)
}
