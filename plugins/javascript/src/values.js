// The values of columns as a script wants them: numbers for integers, dates for points in time.

import { BigColumn, DecimalColumn, badData, daysOf, timestampOf } from "@tenon/sdk/script";

const UNITS = { s: "s", m: "ms", u: "us", n: "ns" };

const isDate = ({ format }) => format === "tdD" || format === "tdm" || format.startsWith("ts");

/** All values of a column. */
export function reader(batch, name) {
  const { format } = batch.schema.field(name);
  if (format === "l") return batch.numbers(name).toArray();
  const read = batch.column(name);
  const each = (value) => Array.from({ length: read.length }, (_, row) => value(row));
  if (isDate(read.field)) return each((row) => read.date(row));
  if (read instanceof BigColumn) return read.numbers().toArray();
  if (read instanceof DecimalColumn) return each((row) => read.number(row));
  return read.toArray();
}

/** What makes of a script's value what a column of this field takes; nothing where that is the same. */
export function writer(field) {
  const { format } = field;
  if (format.startsWith("d:"))
    return (value) => (typeof value === "number" ? value.toFixed(Math.max(0, scaleOf(format))) : value);
  if (!isDate(field)) return undefined;
  return (value) => {
    if (value === null || value === undefined) return null;
    if (!(value instanceof Date))
      throw badData(`column \`${field.name}\` was set to ${String(value).slice(0, 60)}, which is no Date`);
    if (format === "tdD") return daysOf(value);
    return timestampOf(value, format === "tdm" ? "ms" : UNITS[format[2]]);
  };
}

const scaleOf = (format) => Number(format.slice(2).split(",")[1]);
