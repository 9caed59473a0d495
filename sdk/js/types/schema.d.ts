/** A unit of time. */
export type TimeUnit = "s" | "ms" | "us" | "ns";

/** Types whose values are read as numbers, in a typed array. */
export type NumberType =
  | "int8"
  | "int16"
  | "int32"
  | "uint8"
  | "uint16"
  | "uint32"
  | "float32"
  | "float64"
  | "date32"
  | "time[s]"
  | "time[ms]"
  | "interval[months]";
/** Types whose values are read as bigints. */
export type BigType =
  "int64" | "uint64" | "date64" | "time[us]" | "time[ns]" | `timestamp[${string}]` | `duration[${TimeUnit}]`;
/** Types whose values are strings. */
export type TextType = "utf8" | "large_utf8" | "utf8_view";
/** Types whose values are bytes. */
export type BinaryType = "binary" | "large_binary" | "binary_view" | `fixed_binary(${number})`;
/** Types with children, which `field` is given. */
export type NestedType =
  "list" | "large_list" | "list_view" | "large_list_view" | `fixed_list(${number})` | "struct" | "map";

/**
 * The name of a type: `int64`, `utf8`, `timestamp[us, Europe/Paris]`, `decimal(38, 10)`, `dictionary(int32, utf8)`. Types
 * without a name here, such as unions, go by the format string of the Arrow C data interface.
 */
export type TypeName =
  | "null"
  | "boolean"
  | "float16"
  | NumberType
  | BigType
  | TextType
  | BinaryType
  | NestedType
  | "interval[days]"
  | "interval[month_day_nano]"
  | `decimal(${number}, ${number})`
  | `decimal(${number}, ${number}, ${32 | 64 | 128 | 256})`
  | `dictionary(${string}, ${string})`
  | (string & {});

/** One column of a schema, or one child of a nested column. */
export class Field {
  private constructor();
  /** The column's name. */
  readonly name: string;
  /** The name of its type. */
  readonly type: TypeName;
  /** The format string of the Arrow C data interface; of a dictionary, that of its indices. */
  readonly format: string;
  /** Whether the data are values or dictionary indices. */
  readonly encoding: "plain" | "dictionary";
  /** Whether it may hold nulls. */
  readonly nullable: boolean;
  /** The fields of a nested type; of a dictionary, the one field of its values. */
  readonly children: readonly Field[];
  /** Key and value pairs that travel with the field. */
  readonly metadata: readonly (readonly [string, string])[];
  /** The same field under another name. */
  named(name: string): Field;
  /** Whether it is the same field in every respect. */
  equals(other: Field): boolean;
  /** Name and type, for people. */
  toString(): string;
}

/** What `field` may be told. */
export interface FieldOptions {
  /** Whether it may hold nulls; it may unless this says otherwise. */
  nullable?: boolean;
  /** The children of a nested type: `[field("item", "int32")]` for a list. */
  children?: readonly Field[];
  /** Key and value pairs that travel with the field. */
  metadata?: Record<string, string> | readonly (readonly [string, string])[];
}

/** A field: `field("amount", "float64")`. */
export function field(name: string, type: TypeName, options?: FieldOptions): Field;

/** The columns of a batch, in order. */
export class Schema {
  constructor(fields: Iterable<Field>);
  /** The columns. */
  readonly fields: readonly Field[];
  /** The columns' names. */
  readonly names: string[];
  /** Whether there is a column of this name. */
  has(name: string): boolean;
  /** The position of a column. `bad-config` for a name that is not there; the message lists those that are. */
  position(name: string): number;
  /** A column's field. `bad-config` for a name that is not there. */
  field(name: string): Field;
  /** This schema with fields added, or replaced where a name is taken. */
  with(...fields: Field[]): Schema;
  /** The named columns, in that order. */
  select(...names: (string | readonly string[])[]): Schema;
  /** All but the named columns. */
  without(...names: (string | readonly string[])[]): Schema;
  /** Whether it has the same fields in the same order. */
  equals(other: Schema): boolean;
  /** Names and types, for people. */
  toString(): string;
}
