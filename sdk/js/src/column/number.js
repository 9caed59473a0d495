// Numbers of up to 32 bits, floats, and what is stored like them: days, seconds and milliseconds of a day, months.

import { validityOf } from "../bitmap.js";
import { badData } from "../error.js";
import { Column, arrayOf, bytesOf, view } from "./column.js";

const ARRAYS = {
  c: Int8Array,
  s: Int16Array,
  i: Int32Array,
  C: Uint8Array,
  S: Uint16Array,
  I: Uint32Array,
  f: Float32Array,
  g: Float64Array,
  tdD: Int32Array,
  tts: Int32Array,
  ttm: Int32Array,
  tiM: Int32Array,
};

/** Days to milliseconds. */
const DAY = 86_400_000;

export class NumberColumn extends Column {
  /** The values without regard to nulls: a view on the bytes that crossed. */
  get values() {
    return (this.viewed ??= view(ARRAYS[this.field.format], this.buffers[1], this.length));
  }

  valueAt(row) {
    return this.values[row];
  }

  decode() {
    return arrayOf(this.values);
  }

  numbers() {
    return this;
  }

  withValues(values) {
    return withValues(this, NumberColumn, ARRAYS[this.field.format], values);
  }

  /** A day as a `Date`, at midnight UTC. */
  date(row) {
    if (this.field.format !== "tdD") throw this.wants("a date", "`get`");
    const days = this.get(row);
    return days === null ? null : new Date(days * DAY);
  }

  static takes(format) {
    return Object.hasOwn(ARRAYS, format);
  }

  static of(field, values) {
    const Values = ARRAYS[field.format];
    const { nulls, bits } = validityOf(values);
    return new NumberColumn({
      field,
      length: values.length,
      nulls,
      buffers: [bits, bytesOf(packed(Values, field, values))],
    });
  }
}

function packed(Values, field, given) {
  if (given instanceof Values) return given;
  const values = new Values(given.length);
  values.set(given);
  if (Values === Float64Array || Values === Float32Array) {
    // Anything that is no number has become NaN.
    if (values.includes(NaN)) checkNumbers(field, given);
    return values;
  }
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== given[row]) checkInteger(field, values[row], given[row], row);
  }
  return values;
}

function checkNumbers(field, given) {
  const row = given.findIndex((value) => typeof value !== "number" && value !== null && value !== undefined);
  if (row >= 0) throw notA("a number", field, given[row], row);
}

function checkInteger(field, stored, value, row) {
  if (value === null || value === undefined || (value === 0 && stored === 0)) return;
  if (field.format === "tdD" && value instanceof Date) {
    throw badData(`row ${row} of column \`${field.name}\` is a Date: give days since 1970-01-01, daysOf(date)`);
  }
  throw notA(`a value of ${field.type}`, field, value, row);
}

/** A column of other values of the same type, null where this one is. */
export function withValues(column, Type, Values, values) {
  const { field, length, nullCount: nulls, buffers } = column;
  if (!(values instanceof Values))
    throw badData(`values of ${field.type} come in a ${Values.name}, for column \`${field.name}\``);
  if (values.length !== length)
    throw badData(`column \`${field.name}\` has ${length} rows, and was given ${values.length} values`);
  return new Type({ field, length, nulls, buffers: [buffers[0], bytesOf(values)] });
}

/** An error that shows the value that doesn't fit. */
export function notA(what, field, value, row) {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  return badData(
    `row ${row} of column \`${field.name}\` is ${shown.slice(0, 60)} (${typeof value}), which is not ${what}`,
  );
}
