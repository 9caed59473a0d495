// Values that JavaScript has no array for: decimals, half floats, intervals.

import { validityOf } from "../bitmap.js";
import { badData } from "../error.js";
import { decimalOf } from "../type.js";
import { Column, bytesOf, view } from "./column.js";
import { notA } from "./number.js";

/** Decimals: a bigint of the unscaled value; 12.34 with scale 2 is 1234n. */
export class DecimalColumn extends Column {
  get scale() {
    return decimalOf(this.field.format).scale;
  }

  valueAt(row) {
    const { bits } = decimalOf(this.field.format);
    if (bits === 32) return BigInt(view(Int32Array, this.buffers[1], this.length)[row]);
    const count = bits / 64;
    const words = (this.viewed ??= view(BigUint64Array, this.buffers[1], this.length * count));
    let value = 0n;
    for (let word = count - 1; word >= 0; word--) value = (value << 64n) | words[row * count + word];
    return BigInt.asIntN(bits, value);
  }

  /** One value as text, with its point. */
  text(row) {
    const value = this.get(row);
    return value === null ? null : decimalText(value, this.scale);
  }

  /** One value as the nearest number. */
  number(row) {
    const text = this.text(row);
    return text === null ? null : Number(text);
  }

  static takes(format) {
    return format.startsWith("d:");
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits: validity } = validityOf(values);
    const { bits, scale, precision } = decimalOf(field.format);
    const limit = 10n ** BigInt(precision);
    const unscaled = values.map((value, row) => {
      if (value === null || value === undefined) return 0n;
      const big = unscaledOf(field, value, scale, row);
      if (big >= limit || -big >= limit) throw notA(`a value of ${field.type}`, field, value, row);
      return big;
    });
    const buffer = bits === 32 ? bytesOf(Int32Array.from(unscaled, Number)) : bytesOf(wordsOf(unscaled, bits / 64));
    return new DecimalColumn({ field, length: values.length, nulls, buffers: [validity, buffer] });
  }
}

function wordsOf(values, count) {
  const words = new BigUint64Array(values.length * count);
  values.forEach((value, row) => {
    for (let word = 0; word < count; word++) words[row * count + word] = BigInt.asUintN(64, value >> BigInt(64 * word));
  });
  return words;
}

/** A bigint is the unscaled value; text is read with its point. A number would be a guess. */
function unscaledOf(field, value, scale, row) {
  if (typeof value === "bigint") return value;
  const [, sign, whole, fraction = ""] =
    /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(typeof value === "string" ? value : "") ?? [];
  if (whole === undefined) throw notA('a bigint of the unscaled value, or text like "12.34",', field, value, row);
  const digits = whole + fraction;
  const missing = scale - fraction.length;
  const shifted = missing >= 0 ? digits + "0".repeat(missing) : digits.slice(0, missing);
  if (missing < 0 && /[1-9]/.test(digits.slice(missing))) {
    throw badData(
      `row ${row} of column \`${field.name}\` is ${value}, which has more digits after the point than ${field.type}`,
    );
  }
  return BigInt(`${sign === "-" ? "-" : ""}${shifted || "0"}`);
}

/** An unscaled value with its point. */
export function decimalText(value, scale) {
  const sign = value < 0n ? "-" : "";
  const digits = String(value < 0n ? -value : value);
  if (scale <= 0) return sign + digits + "0".repeat(digits === "0" ? 0 : -scale);
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** Half floats as numbers, which hold all of them exactly. */
export class HalfColumn extends Column {
  valueAt(row) {
    const bits = (this.viewed ??= view(Uint16Array, this.buffers[1], this.length))[row];
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const halves = Uint16Array.from(values, (value, row) => {
      if (value === null || value === undefined) return 0;
      if (typeof value !== "number") throw notA("a number", field, value, row);
      return halfOf(value);
    });
    return new HalfColumn({ field, length: values.length, nulls, buffers: [bits, bytesOf(halves)] });
  }
}

/** The nearest half float, ties to even. */
function halfOf(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  const steps = size / 2 ** (exponent - 10);
  const whole = Math.floor(steps);
  const rest = steps - whole;
  const rounded = rest > 0.5 || (rest === 0.5 && whole & 1) ? whole + 1 : whole;
  // A fraction that is full carries into the exponent by itself.
  return sign | (rounded + ((exponent + 14) << 10));
}

const INTERVALS = {
  tiD: { width: 8, keys: ["days", "milliseconds"] },
  tin: { width: 16, keys: ["months", "days", "nanoseconds"] },
};

/** Intervals as objects: `{ days, milliseconds }` or `{ months, days, nanoseconds }`, the last a bigint. */
export class IntervalColumn extends Column {
  valueAt(row) {
    const bytes = this.buffers[1];
    const data = (this.viewed ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const { width, keys } = INTERVALS[this.field.format];
    const [first, second, third] = keys;
    const value = { [first]: data.getInt32(row * width, true), [second]: data.getInt32(row * width + 4, true) };
    if (third) value[third] = data.getBigInt64(row * width + 8, true);
    return value;
  }

  static takes(format) {
    return Object.hasOwn(INTERVALS, format);
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const { width, keys } = INTERVALS[field.format];
    const data = new DataView(new ArrayBuffer(width * values.length));
    values.forEach((value, row) => {
      if (value === null || value === undefined) return;
      if (!keys.every((key) => key in Object(value)))
        throw notA(`an object with ${keys.join(", ")}`, field, value, row);
      data.setInt32(row * width, value[keys[0]], true);
      data.setInt32(row * width + 4, value[keys[1]], true);
      if (keys[2]) data.setBigInt64(row * width + 8, BigInt(value[keys[2]]), true);
    });
    return new IntervalColumn({ field, length: values.length, nulls, buffers: [bits, bytesOf(data)] });
  }
}
