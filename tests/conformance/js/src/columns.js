// Columns: read by value and raw, replaced, computed.

import { Batch, column, text, transform } from "@tenon/sdk";

/** Answers with what it gets. */
export const pass = transform({ doc: "Answers with what it gets.", process: (batch) => batch });

export const rebuild = transform({
  doc: "Reads every value and builds the columns anew from them.",
  process(batch) {
    const { fields } = batch.schema;
    const columns = fields.map((field) => column(field, batch.column(field.name).toArray()));
    return Batch.build(batch.schema, batch.rows, columns);
  },
});

export const raw = transform({
  doc: "Reads every column as it crosses and builds the batch anew.",
  process: (batch) => Batch.build(batch.schema, batch.rows, batch.rawColumns()),
});

export const double = transform({
  doc: "Replaces a column of 64-bit integers by twice its values.",
  config: { column: text({ doc: "The column." }) },
  process(batch, config) {
    const column = batch.column(config.column, "int64");
    return batch.withColumn(config.column, column.withValues(column.values.map((value) => value * 2n)));
  },
});

export const missing = transform({
  doc: "Reads a column that isn't there.",
  process: (batch) => batch.withColumn("nowhere", batch.column("nowhere")),
});
