// Everything that a transform or a job is written with.

export { Batch, Expression } from "./batch.js";
export { BigColumn } from "./column/big.js";
export { BooleanColumn, NullColumn } from "./column/boolean.js";
export { RawColumn, column } from "./column/build.js";
export { Column } from "./column/column.js";
export { DictionaryColumn, FixedListColumn, ListColumn, MapColumn, StructColumn } from "./column/nested.js";
export { NumberColumn } from "./column/number.js";
export { BinaryColumn, FixedBinaryColumn, TextColumn } from "./column/text.js";
export { DecimalColumn, HalfColumn, IntervalColumn } from "./column/wide.js";
export { boolean, choice, dictionary, integer, json, list, number, record, text } from "./config.js";
export { TenonError, badConfig, badData, internal, transient, unsupported } from "./error.js";
export { count, instant, log, now, parameter, random, secret, state } from "./host.js";
export { job } from "./job/declare.js";
export { Frame } from "./job/frame.js";
export { sink, source } from "./job/table.js";
export { reject } from "./reject.js";
export { Field, Schema, field } from "./schema.js";
export { literal, quote } from "./sql.js";
export { daysOf, timestampOf } from "./time.js";
export { scalar, transform } from "./transform.js";
