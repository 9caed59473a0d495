import type {
  BinaryColumn,
  BooleanColumn,
  Column,
  ColumnOf,
  CrossingColumn,
  DictionaryColumn,
  FixedBinaryColumn,
  NumberArray,
  NumberColumn,
  TextColumn,
} from "./column.js";
import type { Schema, TypeName } from "./schema.js";

/** What a column may be given as. A plain array doesn't tell its type: `column("utf8", array)`. */
export type Given = Column | Expression | NumberArray | BigInt64Array | BigUint64Array;

/** A SQL expression over a batch, checked, but computed only when it is needed, and then by the host. */
export class Expression {
  private constructor();
  /** Computes and reads it: only the result crosses. */
  column(): Column;
}

/**
 * An immutable batch of rows. The rows stay with the host: only columns that are read, and new ones, cross the boundary.
 * Every operation gives a new batch.
 */
export class Batch {
  private constructor();

  /** A batch of these columns, which must all have the same number of rows. */
  static from(columns: Record<string, Given>): Batch;
  /** A batch of this schema. The host checks every column in full. */
  static build(schema: Schema, rows: number, columns: readonly (Given | Omit<CrossingColumn, "field">)[]): Batch;
  /** A batch of this schema without rows. */
  static empty(schema: Schema): Batch;
  /** The rows of all batches, which must share one schema. */
  static concat(batches: readonly Batch[]): Batch;

  /** The columns' names and types. */
  readonly schema: Schema;
  /** Number of rows. */
  readonly rows: number;

  /**
   * Reads one column: only that column crosses. `bad-config` for one that isn't there, or is of another type than
   * `type`.
   */
  column<N extends TypeName>(name: string, type: N): ColumnOf<N>;
  column(name: string): Column;
  /** Reads several columns at once. */
  columns(...names: (string | readonly string[])[]): Column[];
  /** Reads a column of numbers. 64-bit integers come as numbers too; `bad-data` for one past 2^53. */
  numbers(name: string): NumberColumn;
  /** Reads a column of text, whatever its layout; also a dictionary of text. */
  strings(name: string): TextColumn | DictionaryColumn<string>;
  /** Reads a column of truth values. */
  booleans(name: string): BooleanColumn;
  /** Reads a column of bytes. */
  bytes(name: string): BinaryColumn | FixedBinaryColumn;
  /** Reads a column of any type as it crosses. */
  raw(name: string): CrossingColumn;
  /** Reads every column as it crosses. */
  rawColumns(): CrossingColumn[];

  /** This batch with a column added, or replaced where the name is taken. The others don't move. */
  withColumn(name: string, column: Given): Batch;
  /** This batch with columns added, or replaced where a name is taken. The others don't move. */
  withColumns(columns: Record<string, Given>): Batch;
  /** The named columns, in that order. Nothing is copied. */
  select(...names: (string | readonly string[])[]): Batch;
  /** All but the named columns. Nothing is copied. */
  drop(...names: (string | readonly string[])[]): Batch;
  /** This batch with one column under another name. */
  rename(from: string, to: string): Batch;
  /** Rows `offset` to `offset + length`. Nothing is copied. */
  slice(offset: number, length: number): Batch;
  /** The rows at these positions, in this order; a position may repeat. */
  take(rows: Iterable<number>): Batch;
  /**
   * The rows that were not rejected since this call of the function began. For a batch that has the input's rows: one
   * with another number of rows is an error.
   */
  withoutRejected(): Batch;
  /** Another handle on the same batch, for one that is kept although the function answered with it. */
  share(): Batch;

  /**
   * A SQL expression over the columns, to be computed by the host. Given to `withColumn`, the result never enters the
   * sandbox.
   */
  eval(expression: string): Expression;
  /** One column per SQL expression: `project("carrier", "amount * rate as total")`. */
  project(...expressions: (string | readonly string[])[]): Batch;
  /** The rows for which a boolean SQL expression is true. */
  filter(predicate: string): Batch;

  /** The rows as objects. Slow: for small results and tests. */
  toRows(): Record<string, unknown>[];
}
