// Columns of any type: out of what crossed, and out of values.

import { badData, unsupported } from "../error.js";
import { Field, field as fieldOf } from "../schema.js";
import { BigColumn } from "./big.js";
import { BooleanColumn, NullColumn } from "./boolean.js";
import { Column } from "./column.js";
import { DictionaryColumn, FixedListColumn, ListColumn, MapColumn, StructColumn } from "./nested.js";
import { NumberColumn } from "./number.js";
import { BinaryColumn, FixedBinaryColumn, TextColumn } from "./text.js";
import { DecimalColumn, HalfColumn, IntervalColumn } from "./wide.js";

/** A column whose values can't be read one by one: unions and run-end encoded ones. */
export class RawColumn extends Column {
  get(row) {
    throw this.refusal(row);
  }

  toArray() {
    throw this.refusal();
  }

  isNull() {
    throw this.refusal();
  }

  refusal() {
    return unsupported(
      `column \`${this.field.name}\` is of the type \`${this.field.format}\`, whose values the SDK can't read one by one: ` +
        "pass it on as it is, read it with `raw`, or let the host convert it with `eval`",
    );
  }
}

/** The class for a field. */
function classOf({ format, encoding }) {
  if (encoding === "dictionary") return DictionaryColumn;
  if (NumberColumn.takes(format)) return NumberColumn;
  if (TextColumn.takes(format)) return TextColumn;
  if (BigColumn.takes(format)) return BigColumn;
  if (format === "b") return BooleanColumn;
  if (format === "n") return NullColumn;
  if (format === "e") return HalfColumn;
  if (format === "+s") return StructColumn;
  if (format === "+m") return MapColumn;
  const Others = [BinaryColumn, FixedBinaryColumn, DecimalColumn, IntervalColumn, ListColumn, FixedListColumn];
  return Others.find((Other) => Other.takes(format)) ?? RawColumn;
}

/** How many buffers a field's own node has, without those of its children. */
function bufferCount(field) {
  const { format } = field;
  if (field.encoding === "dictionary") return 2;
  if (format === "n" || format === "+r") return 0;
  if (format === "+s" || format.startsWith("+w:") || format.startsWith("+us:")) return 1;
  return TextColumn.takes(format) || BinaryColumn.takes(format) ? 3 : 2;
}

/** A column out of nodes and buffers in pre-order. */
export function columnOf({ field, nodes, buffers }) {
  return read(field, { column: field, nodes, buffers, node: 0, buffer: 0 });
}

/**
 * The next column of those that cross. Not a closure that calls itself: that would be a cycle, and keep the buffers until
 * the engine looks for such.
 */
function read(field, next) {
  const node = next.nodes[next.node++] ?? fewer("nodes", next);
  const end = next.buffer + bufferCount(field);
  if (end > next.buffers.length) fewer("buffers", next);
  const buffers = next.buffers.slice(next.buffer, end);
  next.buffer = end;
  const children = field.children.map((child) => read(child, next));
  return new (classOf(field))({ field, length: node.length, nulls: node.nulls, buffers, children });
}

function fewer(what, { column }) {
  throw badData(`column \`${column.name}\` has too few ${what} for its type ${column.type}`);
}

/** A column without rows, of any type. */
export function emptyColumn(field) {
  const buffers = Array.from({ length: bufferCount(field) }, () => new Uint8Array(0));
  return new (classOf(field))({ field, length: 0, nulls: 0, buffers, children: field.children.map(emptyColumn) });
}

/** A column of this field out of values. */
export function build(field, values) {
  const Type = classOf(field);
  if (Type === RawColumn) {
    throw unsupported(
      `column \`${field.name}\` is of the type \`${field.format}\`, which the SDK can't build from values`,
    );
  }
  return Type.of(field, values);
}

const TYPED = new Map([
  [Int8Array, "int8"],
  [Int16Array, "int16"],
  [Int32Array, "int32"],
  [BigInt64Array, "int64"],
  [Uint8Array, "uint8"],
  [Uint16Array, "uint16"],
  [Uint32Array, "uint32"],
  [BigUint64Array, "uint64"],
  [Float32Array, "float32"],
  [Float64Array, "float64"],
]);

/** A column of values, by its type's name or its field. */
export function column(type, values) {
  const field = type instanceof Field ? type : fieldOf("", type);
  const list = Array.isArray(values) || ArrayBuffer.isView(values) ? values : Array.from(values);
  return build(field, list);
}

/** What is given for a column, as a column: typed arrays tell their type, other arrays don't. */
export function columnFrom(name, given) {
  if (given instanceof Column) return given;
  const type = TYPED.get(given?.constructor);
  if (type) return column(type, given);
  throw badData(
    `column \`${name}\` is given as ${Array.isArray(given) ? "an array" : typeof given}, which doesn't tell its type: ` +
      'give column("utf8", values), or another type',
  );
}
