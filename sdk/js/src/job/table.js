// What a script reads and writes: what stands in a source's or sink's table of a job file.

import { badConfig } from "../error.js";

const FORMATS = ["csv", "tsv", "ndjson", "parquet", "avro"];

/** A maker of tables: by format, by connector. */
function tables() {
  const byFormat = FORMATS.map((format) => [
    format,
    (url, options) => ({ connector: "file", url, format, ...nested(options) }),
  ]);
  return Object.freeze({
    ...Object.fromEntries(byFormat),
    connector: (name, options) => ({ connector: name, ...nested(options) }),
  });
}

export const source = tables();
export const sink = tables();

/** Options by their path in the table: `{ "csv.null": ["NA"] }` is `{ csv: { null: ["NA"] } }`. */
function nested(options = {}) {
  const table = {};
  for (const [path, value] of Object.entries(options)) {
    const keys = path.split(".");
    const last = keys.pop();
    const inner = keys.reduce((at, key) => (at[key] = { ...at[key] }), table);
    inner[last] = value;
  }
  return table;
}

/** A URL or a table, in JSON. */
export function toJson(what, table) {
  if (typeof table === "string" || (typeof table === "object" && table !== null && !Array.isArray(table)))
    return JSON.stringify(table);
  throw badConfig(`a ${what} is a URL, or a table like ${what}.csv("data/orders.csv"), not ${JSON.stringify(table)}`);
}
