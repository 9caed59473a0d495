// Integers of 64 bits, and what is stored like them: timestamps, durations, microseconds of a day, milliseconds of dates.

import { validityOf } from "../bitmap.js";
import { badData } from "../error.js";
import { Field } from "../schema.js";
import { PER_SECOND, unitOf } from "../type.js";
import { Column, bytesOf, view } from "./column.js";
import { NumberColumn, notA, withValues } from "./number.js";

const HIGH = 4_294_967_296;
/** The upper half of the largest integers that numbers hold exactly. */
const TOP = 0x20_0000;

export class BigColumn extends Column {
  /** The values without regard to nulls: a view on the bytes that crossed. */
  get values() {
    const Values = this.unsigned ? BigUint64Array : BigInt64Array;
    return (this.viewed ??= view(Values, this.buffers[1], this.length));
  }

  get unsigned() {
    return this.field.format === "L";
  }

  valueAt(row) {
    return this.values[row];
  }

  decode() {
    return Array.from(this.values);
  }

  /** The same column as numbers. Fails for a value past 2^53, which a number would round. */
  numbers() {
    const words = view(Int32Array, this.buffers[1], this.length * 2);
    const values = new Float64Array(this.length);
    for (let row = 0, word = 0; row < values.length; row++, word += 2) {
      const high = words[word + 1];
      if (high >= TOP || high < -TOP) this.checkRange(row);
      values[row] = high * HIGH + (words[word] >>> 0);
    }
    return this.asNumbers(values);
  }

  /** A column of these numbers, with this one's nulls. */
  asNumbers(values) {
    const { name, nullable } = this.field;
    const buffers = [this.buffers[0], bytesOf(values)];
    return new NumberColumn({
      field: new Field(name, "g", { nullable }),
      length: this.length,
      nulls: this.nullCount,
      buffers,
    });
  }

  withValues(values) {
    return withValues(this, BigColumn, this.unsigned ? BigUint64Array : BigInt64Array, values);
  }

  /** One value as a number. */
  number(row) {
    const value = this.get(row);
    if (value === null) return null;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) this.checkRange(row);
    return number;
  }

  /** A point in time as a `Date`, which has milliseconds: what is finer is cut. */
  date(row) {
    const { format } = this.field;
    if (format !== "tdm" && !format.startsWith("ts")) throw this.wants("a date", "`get`");
    const value = this.get(row);
    if (value === null) return null;
    const perSecond = format === "tdm" ? 1000 : PER_SECOND[unitOf(format)];
    return new Date(perSecond >= 1000 ? Number(floored(value, BigInt(perSecond / 1000))) : Number(value) * 1000);
  }

  checkRange(row) {
    // Null rows may hold anything.
    if (this.isNull(row)) return;
    throw badData(
      `row ${row} of column \`${this.field.name}\` is ${this.values[row]}, more than a JavaScript number holds exactly ` +
        `(2^53): read it with column("${this.field.name}"), which has bigints`,
    );
  }

  static takes(format) {
    return /^(l|L|tdm|tt[un]|tD.|ts.*)$/.test(format);
  }

  static of(field, values) {
    const { nulls, bits } = validityOf(values);
    return new BigColumn({ field, length: values.length, nulls, buffers: [bits, bytesOf(packed(field, values))] });
  }
}

function floored(value, divisor) {
  const quotient = value / divisor;
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient;
}

function packed(field, given) {
  const Values = field.format === "L" ? BigUint64Array : BigInt64Array;
  if (given instanceof Values) return given;
  const values = new Values(given.length);
  const words = new Int32Array(values.buffer);
  for (let row = 0, word = 0; row < given.length; row++, word += 2) {
    const value = given[row];
    if (typeof value === "number" && value === (value | 0) && (value >= 0 || Values === BigInt64Array)) {
      words[word] = value;
      words[word + 1] = value >> 31;
    } else if (value !== null && value !== undefined) {
      values[row] = bigOf(field, value, row);
      if (values[row] !== BigInt(value)) throw notA(`a value of ${field.type}`, field, value, row);
    }
  }
  return values;
}

function bigOf(field, value, row) {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  if (value instanceof Date) {
    throw badData(
      `row ${row} of column \`${field.name}\` is a Date: give a number of ${field.type}, timestampOf(date, unit)`,
    );
  }
  throw notA(`a whole number or bigint`, field, value, row);
}
