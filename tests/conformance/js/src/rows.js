// Rows: native operations, rejects, counting over all batches.

import { Batch, Schema, column, field, integer, list, reject, scalar, text, transform } from "@tenon/sdk";

export const kernel = transform({
  doc: "What the host makes of SQL expressions.",
  config: { expressions: list(text(), { doc: "Items of a select list." }) },
  process: (batch, config) => batch.project(config.expressions),
});

export const filter = transform({
  doc: "The rows for which the host finds a predicate true.",
  config: { predicate: text({ doc: "A boolean SQL expression." }) },
  process: (batch, config) => batch.filter(config.predicate),
});

export const slice = transform({
  doc: "Some rows in a row.",
  config: { offset: integer({ minimum: 0 }), length: integer({ minimum: 0 }) },
  // While the function is opened it is called with a batch of no rows, of which there is no such slice.
  process: (batch, config) => (batch.rows === 0 ? batch : batch.slice(config.offset, config.length)),
});

export const take = transform({
  doc: "Rows by their positions.",
  config: { rows: list(integer({ minimum: 0 })) },
  process: (batch, config) => (batch.rows === 0 ? batch : batch.take(config.rows)),
});

export const select = transform({
  doc: "Some of the columns.",
  config: { columns: list(text()) },
  process: (batch, config) => batch.select(config.columns),
});

export const concat = transform({
  doc: "The batch twice.",
  process: (batch) => Batch.concat([batch, batch]),
});

export const rejecting = transform({
  name: "reject",
  doc: "Rejects the rows whose column isn't true.",
  config: { column: text(), reason: text() },
  process(batch, config) {
    batch
      .booleans(config.column)
      .toArray()
      .forEach((kept, row) => kept === true || reject(row, config.reason));
    return batch.withoutRejected();
  },
});

export const rejectLate = transform({
  name: "reject_late",
  doc: "Filters before it leaves out what it rejected.",
  config: { predicate: text() },
  process(batch, config) {
    reject(0, "it is the first");
    return batch.filter(config.predicate).withoutRejected();
  },
});

export const countRows = transform({
  name: "count_rows",
  doc: "The number of rows of all batches of a partition.",
  open() {
    let rows = 0;
    return {
      output: new Schema([field("rows", "int64")]),
      process(batch) {
        rows += batch.rows;
      },
      finish: () => Batch.from({ rows: column("int64", [rows]) }),
    };
  },
});

export const greet = scalar({
  doc: "Greets whoever the argument names.",
  returns: "utf8",
  each: (name) => (name === null ? null : `Hello, ${name}`),
});

export const clean = transform({
  doc: "Texts in upper case, with nothing but the letters and digits of ASCII; null where nothing is left.",
  config: { column: text() },
  process(batch, config) {
    const cleaned = batch.strings(config.column).toArray().map(kept);
    return batch.withColumn(config.column, column("utf8", cleaned));
  },
});

function kept(value) {
  return value === null ? null : value.replace(/[^A-Za-z0-9]+/g, "").toUpperCase() || null;
}

export const branch = transform({
  doc: "Adds the column `size`, which tells amounts apart.",
  config: { column: text() },
  process(batch, config) {
    const sizes = batch.numbers(config.column).toArray().map(sizeOf);
    return batch.withColumn("size", column("utf8", sizes));
  },
});

function sizeOf(amount) {
  if (amount === null) return "unknown";
  if (amount < 0) return "refund";
  if (amount < 10) return "small";
  return amount < 100 ? "medium" : "large";
}
