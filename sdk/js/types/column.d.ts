import type { BigType, BinaryType, Field, NumberType, TextType, TypeName } from "./schema.js";

/** Typed arrays of numbers. */
export type NumberArray =
  Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/** A column as it crosses: the nodes and buffers of an Arrow IPC record batch, in pre-order. */
export interface CrossingColumn {
  /** Its field. */
  readonly field: Field;
  /** Length and null count of each array. */
  readonly nodes: readonly { readonly length: number; readonly nulls: number }[];
  /** The buffers of all arrays. */
  readonly buffers: readonly Uint8Array[];
}

/** The values of one column, in the sandbox. `T` is what a value is in JavaScript. */
export abstract class Column<T = unknown> {
  /** The column's field. */
  readonly field: Field;
  /** The name of its type. */
  readonly type: TypeName;
  /** Number of rows. */
  readonly length: number;
  /** Number of rows without a value. */
  readonly nullCount: number;
  /** Its own buffers: validity first. */
  readonly buffers: readonly Uint8Array[];
  /** The columns of a nested type. */
  readonly children: readonly Column[];
  /** Whether a row has no value. */
  isNull(row: number): boolean;
  /** One value; `null` where there is none. A loop over `toArray()` is faster. */
  get(row: number): T | null;
  /** All values, `null` where there is none. */
  toArray(): (T | null)[];
  /** All values, as `toArray` has them. */
  [Symbol.iterator](): IterableIterator<T | null>;
  /** The same values under another name. */
  named(name: string): this;
  /** The column as it crosses. */
  raw(): CrossingColumn;
}

/** Numbers in a typed array: integers of up to 32 bits, floats, days, seconds. */
export class NumberColumn<A extends NumberArray = NumberArray> extends Column<number> {
  /** The values without regard to nulls: a view on the bytes that crossed. */
  readonly values: A;
  /** A column of other values of the same type, null where this one is: the fast way to compute with numbers. */
  withValues(values: A): NumberColumn<A>;
  /** A day of `date32` as a `Date`, at midnight UTC. */
  date(row: number): Date | null;
  /** The column itself. */
  numbers(): this;
}

/** Integers of 64 bits, and what is stored like them: timestamps, durations, times of day. */
export class BigColumn<A extends BigInt64Array | BigUint64Array = BigInt64Array> extends Column<bigint> {
  /** The values without regard to nulls: a view on the bytes that crossed. */
  readonly values: A;
  /** A column of other values of the same type, null where this one is. */
  withValues(values: A): BigColumn<A>;
  /** The same column as numbers. `bad-data` for a value past 2^53, which a number would round. */
  numbers(): NumberColumn<Float64Array>;
  /** One value as a number. `bad-data` past 2^53. */
  number(row: number): number | null;
  /** A timestamp or `date64` as a `Date`, which has milliseconds: what is finer is cut. */
  date(row: number): Date | null;
}

/** Truth values. */
export class BooleanColumn extends Column<boolean> {}
/** Nothing but nulls. */
export class NullColumn extends Column<never> {}

/** Strings. All of them are decoded at once, which is much faster than one by one. */
export class TextColumn extends Column<string> {
  /** Where each value starts in `bytes`, and the last one ends. */
  readonly offsets: Int32Array | Float64Array;
  /** The values in UTF-8, one after the other. */
  readonly bytes: Uint8Array;
}

/** Bytes of any length. */
export class BinaryColumn extends Column<Uint8Array> {
  /** Where each value starts in `bytes`, and the last one ends. */
  readonly offsets: Int32Array | Float64Array;
  /** The values, one after the other. */
  readonly bytes: Uint8Array;
}

/** Bytes of one length. */
export class FixedBinaryColumn extends Column<Uint8Array> {
  /** Bytes per value. */
  readonly width: number;
}

/** Decimals: the unscaled value as a bigint; 12.34 with scale 2 is `1234n`. */
export class DecimalColumn extends Column<bigint> {
  /** Digits after the point. */
  readonly scale: number;
  /** One value with its point: `"12.34"`. */
  text(row: number): string | null;
  /** One value as the nearest number. */
  number(row: number): number | null;
}

/** Half floats, as numbers. */
export class HalfColumn extends Column<number> {}

/** A span of the calendar. */
export type Interval = { days: number; milliseconds: number } | { months: number; days: number; nanoseconds: bigint };
/** Intervals as objects. */
export class IntervalColumn extends Column<Interval> {}

/** Lists as arrays. */
export class ListColumn extends Column<unknown[]> {
  /** Where each list starts among the items of all rows, and the last one ends. */
  readonly offsets: Int32Array | Float64Array;
  /** The items of all rows. */
  readonly items: unknown[];
}
/** Lists of one length. */
export class FixedListColumn extends Column<unknown[]> {
  /** Items per list. */
  readonly size: number;
}
/** Maps as arrays of key and value. */
export class MapColumn extends Column<[unknown, unknown][]> {}
/** Structs as objects. */
export class StructColumn extends Column<Record<string, unknown>> {}

/** Dictionaries: indices into distinct values, decoded when they are asked for. */
export class DictionaryColumn<T = unknown> extends Column<T> {
  /** The position of each row's value in the dictionary. */
  readonly indices: Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float64Array;
  /** The distinct values. */
  readonly dictionary: (T | null)[];
  /** The rows with other values in the dictionary: `map` is called once per distinct value. */
  mapDictionary(map: (value: T) => T): DictionaryColumn<T>;
}

/** A column whose values can't be read one by one: unions, run-end encoded ones. It can be passed on. */
export class RawColumn extends Column<never> {}

/** What a column of a type is, by the type's name. */
export type ColumnOf<N extends string> = N extends "float64"
  ? NumberColumn<Float64Array>
  : N extends "float32"
    ? NumberColumn<Float32Array>
    : N extends "int32" | "date32"
      ? NumberColumn<Int32Array>
      : N extends NumberType
        ? NumberColumn
        : N extends "uint64"
          ? BigColumn<BigUint64Array>
          : N extends BigType
            ? BigColumn
            : N extends TextType
              ? TextColumn
              : N extends "boolean"
                ? BooleanColumn
                : N extends "float16"
                  ? HalfColumn
                  : N extends "null"
                    ? NullColumn
                    : N extends `fixed_binary(${string}`
                      ? FixedBinaryColumn
                      : N extends BinaryType
                        ? BinaryColumn
                        : N extends `decimal(${string}`
                          ? DecimalColumn
                          : N extends `dictionary(${string}`
                            ? DictionaryColumn
                            : Column;

/** What a column of a type is made of, by the type's name. */
export type ValueOf<N extends string> = N extends NumberType | "float16"
  ? number
  : N extends BigType
    ? bigint | number
    : N extends TextType
      ? string
      : N extends "boolean"
        ? boolean
        : N extends BinaryType
          ? Uint8Array
          : N extends `decimal(${string}`
            ? bigint | string
            : unknown;

/**
 * A column of values, by its type's name or its field: `column("utf8", ["a", null])`. `bad-data` for a value that
 * doesn't fit.
 */
export function column<N extends TypeName>(
  type: N,
  values: Iterable<ValueOf<N> | null | undefined> | NumberArray | BigInt64Array | BigUint64Array,
): ColumnOf<N>;
export function column(type: Field, values: Iterable<unknown>): Column;
