// Batches in memory, as the host holds them: the contract's resources `batch` and `program`.

import { has } from "../bitmap.js";
import { build, columnOf, emptyColumn } from "../column/build.js";
import { TenonError } from "../error.js";
import { Schema, flatten, unflatten } from "../schema.js";
import { current } from "./run.js";

/** The host's errors cross as records. */
export function fail(kind, message) {
  throw Object.assign(new Error(message), { payload: { kind, message, context: [] } });
}

export class HeldBatch {
  constructor(fields, rows, columns) {
    this.fields = fields;
    this.length = rows;
    this.columns = columns;
  }

  static build(flat, rows, columns) {
    const { fields } = unflatten(flat);
    columns.forEach((column, i) => check(fields[i], rows, column));
    return new HeldBatch(fields, rows, columns.map(copied));
  }

  static concat(parts) {
    if (parts.length === 0) fail("bad-config", "concat needs at least one batch");
    const [{ fields }] = parts;
    if (parts.some((part) => !new Schema(part.fields).equals(new Schema(fields))))
      fail("bad-config", "the batches' schemas differ");
    const rows = parts.reduce((sum, part) => sum + part.length, 0);
    return new HeldBatch(
      fields,
      rows,
      fields.map((field, i) =>
        rebuilt(
          field,
          parts.flatMap((part) => part.values(i)),
        ),
      ),
    );
  }

  schema() {
    return flatten(this.fields);
  }

  rows() {
    return this.length;
  }

  read(positions) {
    return positions.map((position) =>
      copied(this.columns[position] ?? fail("bad-config", `there is no column ${position}`)),
    );
  }

  withColumns(flat, columns) {
    const added = unflatten(flat).fields;
    columns.forEach((column, i) => check(added[i], this.length, column));
    const fields = [...this.fields];
    const changed = [...this.columns];
    added.forEach((field, i) => {
      const present = fields.findIndex(({ name }) => name === field.name);
      const at = present < 0 ? fields.length : present;
      fields[at] = field;
      changed[at] = copied(columns[i]);
    });
    return new HeldBatch(fields, this.length, changed);
  }

  select(names) {
    const schema = new Schema(this.fields);
    const positions = names.map((name) =>
      schema.has(name) ? schema.position(name) : fail("bad-config", `there is no column \`${name}\``),
    );
    return new HeldBatch(
      positions.map((at) => this.fields[at]),
      this.length,
      positions.map((at) => this.columns[at]),
    );
  }

  slice(offset, length) {
    if (offset + length > this.length)
      fail("bad-config", `rows ${offset} to ${offset + length} are past the end, at ${this.length}`);
    return this.take(Array.from({ length }, (_, row) => offset + row));
  }

  take(rows) {
    const past = rows.find((row) => row >= this.length);
    if (past !== undefined) fail("bad-config", `row ${past} is past the end, at ${this.length}`);
    const taken = this.fields.map((field, i) => {
      const values = this.values(i);
      return rebuilt(
        field,
        rows.map((row) => values[row]),
      );
    });
    return new HeldBatch(this.fields, rows.length, taken);
  }

  share() {
    return new HeldBatch(this.fields, this.length, this.columns);
  }

  values(position) {
    return columnOf({ field: this.fields[position], ...this.columns[position] }).toArray();
  }

  /** The rows as objects. */
  objects() {
    const columns = this.fields.map(({ name }, i) => [name, this.values(i)]);
    return Array.from({ length: this.length }, (_, row) =>
      Object.fromEntries(columns.map(([name, values]) => [name, values[row]])),
    );
  }
}

/** A program: expressions that are columns' names, and those that the test says how to compute. */
export class HeldProgram {
  constructor(fields, expressions) {
    this.parts = expressions.map((text) => partOf(new Schema(fields), text));
  }

  static compile(flat, expressions) {
    return new HeldProgram(unflatten(flat).fields, expressions);
  }

  output() {
    return flatten(this.parts.map(({ field }) => field));
  }

  project(batch) {
    const rows = batch.objects();
    const columns = this.parts.map(({ field, compute }) => rebuilt(field, rows.map(compute)));
    return new HeldBatch(
      this.parts.map(({ field }) => field),
      batch.length,
      columns,
    );
  }

  filter(batch) {
    const [{ compute }] = this.parts;
    const kept = batch.objects().flatMap((row, at) => (compute(row) === true ? [at] : []));
    return batch.take(kept);
  }
}

/** A part of a program: `"name"`, `name`, or an expression of the test's, each perhaps with `as name`. */
function partOf(schema, text) {
  const [, expression, alias] = /^(.*?)(?:\s+as\s+("(?:[^"]|"")*"|\w+))?$/is.exec(text.trim());
  const name = alias === undefined ? undefined : unquoted(alias);
  const column = unquoted(expression);
  if (schema.has(column)) {
    const field = schema.field(column);
    return { field: field.named(name ?? column), compute: (row) => row[column] };
  }
  const known = current().expressions.get(expression);
  if (known) return { field: known.field.named(name ?? expression), compute: known.compute };
  return fail(
    "unsupported",
    `outside a sandbox \`${expression}\` can't be computed: say what it comes to with ` +
      `testing.expression(${JSON.stringify(expression)}, "float64", (row) => ..)`,
  );
}

const unquoted = (name) => (/^".*"$/s.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name);

const copied = ({ nodes, buffers }) => ({
  nodes: nodes.map((node) => ({ ...node })),
  buffers: buffers.map((bytes) => bytes.slice()),
});

function rebuilt(field, values) {
  const column = values.length === 0 ? emptyColumn(field) : build(field, values);
  const { nodes, buffers } = column.raw();
  return { nodes, buffers };
}

/** What the host checks of a column, as far as tests need it. */
function check(field, rows, { nodes, buffers }) {
  const wrong = (what) => fail("bad-data", `column \`${field.name}\`: ${what}`);
  let column;
  try {
    column = columnOf({ field, nodes, buffers });
  } catch (error) {
    if (error instanceof TenonError) wrong(error.message);
    throw error;
  }
  if (column.length !== rows) wrong(`it has ${column.length} rows, and the batch ${rows}`);
  const isNullType = field.format === "n";
  if (!field.nullable && column.nullCount > 0 && !isNullType)
    wrong(`it has ${column.nullCount} nulls, but may have none`);
  const [validity] = column.buffers;
  if (column.nullCount > 0 && !isNullType && validity) {
    let counted = 0;
    for (let row = 0; row < rows; row++) counted += has(validity, row) ? 0 : 1;
    if (counted !== column.nullCount) wrong(`it says that it has ${column.nullCount} nulls, but has ${counted}`);
  }
}
