// Batches: handles on rows that stay in the host's memory.

import { boundary } from "./boundary.js";
import { column, columnFrom, columnOf, emptyColumn } from "./column/build.js";
import { BigColumn } from "./column/big.js";
import { BooleanColumn } from "./column/boolean.js";
import { Column } from "./column/column.js";
import { DictionaryColumn } from "./column/nested.js";
import { NumberColumn } from "./column/number.js";
import { BinaryColumn, FixedBinaryColumn, TextColumn } from "./column/text.js";
import { HalfColumn } from "./column/wide.js";
import { badConfig, badData, internal } from "./error.js";
import { call, compiled } from "./program.js";
import { keptRows } from "./reject.js";
import { Schema, flatten, unflatten } from "./schema.js";
import { quote } from "./sql.js";
import { formatOf } from "./type.js";

/** From how many rows on the host makes numbers of 64-bit integers: below, compiling the expression costs more. */
const WORTH_A_PROGRAM = 1024;
const EXACT = "9007199254740991";

/** An expression over a batch, checked, but computed only when it is needed, and then by the host. */
export class Expression {
  constructor(batch, text) {
    compiled(batch.schema, [text]);
    this.batch = batch;
    this.text = text;
  }

  /** Computes and reads it: only the result crosses. */
  column() {
    const batch = this.batch.project(this.text);
    return batch.column(batch.schema.fields[0].name);
  }
}

export class Batch {
  constructor(handle, schema, rows) {
    this.held = handle;
    this.knownSchema = schema;
    this.knownRows = rows;
  }

  /** The host's name for it. */
  get handle() {
    if (!this.held)
      throw internal("this batch was given away when a function answered with it: keep batch.share() instead");
    return this.held;
  }

  static from(columns) {
    const entries = Object.entries(columns).map(([name, given]) => columnFrom(name, given).named(name));
    const schema = new Schema(entries.map((entry) => entry.field));
    return Batch.build(schema, entries.length > 0 ? entries[0].length : 0, entries);
  }

  static build(schema, rows, columns) {
    if (schema.fields.length !== columns.length) {
      throw badData(`the schema has ${schema.fields.length} columns, but ${columns.length} were given`);
    }
    const raws = columns.map((given, i) => crossing(schema.fields[i].name, given, rows));
    const handle = call(() => boundary().batches.Batch.build(flatten(schema.fields), rows, raws));
    return new Batch(handle, schema, rows);
  }

  static empty(schema) {
    return Batch.build(schema, 0, schema.fields.map(emptyColumn));
  }

  static concat(batches) {
    const parts = Array.from(batches, (batch) => batch.handle);
    const handle = call(() => boundary().batches.Batch.concat(parts));
    return new Batch(handle, batches[0].knownSchema);
  }

  get schema() {
    return (this.knownSchema ??= unflatten(this.handle.schema()));
  }

  get rows() {
    return (this.knownRows ??= this.handle.rows());
  }

  raw(name) {
    const position = this.schema.position(name);
    return this.readAt([position])[0];
  }

  rawColumns() {
    return this.readAt(this.schema.fields.map((_, position) => position));
  }

  readAt(positions) {
    const { fields } = this.schema;
    const read = call(() => this.handle.read(positions));
    if (read.length !== positions.length)
      throw internal(`the host answered with ${read.length} columns, not ${positions.length}`);
    return read.map(({ nodes, buffers }, i) => ({ field: fields[positions[i]], nodes, buffers }));
  }

  column(name, type) {
    const read = columnOf(this.raw(name));
    if (type !== undefined && type !== read.type && formatOf(type) !== read.field.format) {
      throw badConfig(
        `column \`${name}\` is ${read.type}, not ${type}: read it as that, or convert it with eval("cast(..)")`,
      );
    }
    return read;
  }

  columns(...names) {
    const wanted = names.flat();
    return this.readAt(wanted.map((name) => this.schema.position(name))).map(columnOf);
  }

  numbers(name) {
    const field = this.schema.field(name);
    if (field.format === "l" && this.rows >= WORTH_A_PROGRAM && !boundary().computesNothing) {
      const numbers = this.numbersByHost(name);
      if (numbers) return numbers;
    }
    const read = this.column(name);
    if (read instanceof NumberColumn || read instanceof BigColumn) return read.numbers();
    if (read instanceof HalfColumn) return column("float64", read.toArray()).named(name);
    throw read.wants("a column of numbers", "`column`");
  }

  /** 64-bit integers as numbers, made by the host; nothing if one is too large, for the caller to say which. */
  numbersByHost(name) {
    const quoted = quote(name);
    const fits = `${quoted} is null or ${quoted} between -${EXACT} and ${EXACT}`;
    const exact = `case when ${fits} then cast(${quoted} as double) else cast('NaN' as double) end as ${quoted}`;
    const numbers = columnOf(this.select(name).project(exact).readAt([0])[0]);
    return numbers.values.includes(NaN) ? undefined : numbers;
  }

  strings(name) {
    const read = this.column(name);
    const isText =
      read instanceof TextColumn ||
      (read instanceof DictionaryColumn && TextColumn.takes(read.children[0].field.format));
    if (!isText) throw read.wants("text", '`column`, or as text with eval("cast(.. as varchar)")');
    return read;
  }

  booleans(name) {
    const read = this.column(name);
    if (!(read instanceof BooleanColumn)) throw read.wants("boolean", "`column`");
    return read;
  }

  bytes(name) {
    const read = this.column(name);
    if (!(read instanceof BinaryColumn || read instanceof FixedBinaryColumn)) throw read.wants("binary", "`column`");
    return read;
  }

  withColumn(name, given) {
    return this.withColumns({ [name]: given });
  }

  withColumns(columns) {
    const added = [];
    const expressions = new Map();
    for (const [name, given] of Object.entries(columns)) {
      if (given instanceof Expression && given.batch === this) expressions.set(name, given.text);
      else added.push((given instanceof Expression ? given.column() : columnFrom(name, given)).named(name));
    }
    const base = expressions.size > 0 ? this.withExpressions(expressions) : this;
    if (added.length === 0) return base;
    const raws = added.map((column) => crossing(column.field.name, column, this.rows));
    const fields = added.map((column) => column.field);
    const handle = call(() => base.handle.withColumns(flatten(fields), raws));
    return new Batch(handle, base.schema.with(...fields), this.knownRows);
  }

  withExpressions(expressions) {
    const named = (name) => `${expressions.get(name)} as ${quote(name)}`;
    const kept = this.schema.names.map((name) => (expressions.has(name) ? named(name) : quote(name)));
    const added = [...expressions.keys()].filter((name) => !this.schema.has(name)).map(named);
    return this.project(...kept, ...added);
  }

  select(...names) {
    const wanted = names.flat();
    const schema = this.schema.select(wanted);
    return new Batch(
      call(() => this.handle.select(wanted)),
      schema,
      this.knownRows,
    );
  }

  drop(...names) {
    return this.select(this.schema.without(...names).names);
  }

  rename(from, to) {
    const position = this.schema.position(from);
    if (from !== to && this.schema.has(to))
      throw badConfig(`can't rename column \`${from}\` to \`${to}\`: there is one of that name`);
    const names = this.schema.names.map((name, i) => (i === position ? to : name));
    return this.project(...this.schema.names.map((name, i) => `${quote(name)} as ${quote(names[i])}`));
  }

  slice(offset, length) {
    return this.same(
      call(() => this.handle.slice(offset, length)),
      length,
    );
  }

  take(rows) {
    const wanted = Array.isArray(rows) ? rows : Array.from(rows);
    return this.same(
      call(() => this.handle.take(wanted)),
      wanted.length,
    );
  }

  withoutRejected() {
    const kept = keptRows(this.rows);
    return kept ? this.take(kept) : this;
  }

  share() {
    return new Batch(this.handle.share(), this.knownSchema, this.knownRows);
  }

  eval(expression) {
    return new Expression(this, expression);
  }

  project(...expressions) {
    const program = compiled(this.schema, expressions.flat());
    return new Batch(program.project(this.handle), program.output, this.knownRows);
  }

  filter(predicate) {
    const program = compiled(this.schema, [predicate]);
    return this.same(program.filter(this.handle));
  }

  /** The rows as objects. Slow, and meant for small results and tests. */
  toRows() {
    const names = this.schema.names;
    const values = this.columns(names).map((column) => column.toArray());
    return Array.from({ length: this.rows }, (_, row) =>
      Object.fromEntries(names.map((name, i) => [name, values[i][row]])),
    );
  }

  same(handle, rows) {
    return new Batch(handle, this.schema, rows);
  }

  /** The handle, to be given away. The batch is of no use after. */
  release() {
    const { handle } = this;
    this.held = undefined;
    return handle;
  }
}

/** A column as it crosses. */
function crossing(name, given, rows) {
  const raw = given instanceof Column ? given.raw() : given;
  if (!Array.isArray(raw?.nodes) || !Array.isArray(raw?.buffers)) {
    const { nodes, buffers } = columnFrom(name, given).raw();
    return crossing(name, { nodes, buffers }, rows);
  }
  const length = raw.nodes[0]?.length;
  if (length !== rows) throw badData(`column \`${name}\` has ${length} rows, but the batch has ${rows}`);
  return { nodes: raw.nodes, buffers: raw.buffers };
}
