// Strings and bytes of any length. Views travel as 32-bit offsets and bytes.

import { validityOf } from "../bitmap.js";
import { badData } from "../error.js";
import { decode, decodeAll, encodeAll } from "../text.js";
import { Column, bytesOf, view } from "./column.js";
import { notA } from "./number.js";

const MOST = 0x7fff_ffff;

class VariableColumn extends Column {
  /** Where each value starts and the last one ends. */
  get offsets() {
    return (this.viewed ??= offsetsOf(this.field.format, this.buffers[1], this.length));
  }

  /** The bytes of all values. */
  get bytes() {
    return this.buffers[2];
  }
}

export class TextColumn extends VariableColumn {
  valueAt(row) {
    return decode(this.bytes.subarray(this.offsets[row], this.offsets[row + 1]));
  }

  decode() {
    return decodeAll(this.bytes, this.offsets, this.length);
  }

  static takes(format) {
    return format === "u" || format === "U" || format === "vu";
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const refuse = (row) => {
      throw notA("a string", field, values[row], row);
    };
    const { bytes, ends } = encodeAll(values, refuse);
    return new TextColumn({ field, length: values.length, nulls, buffers: [bits, packedOffsets(field, ends), bytes] });
  }
}

export class BinaryColumn extends VariableColumn {
  valueAt(row) {
    return this.bytes.subarray(this.offsets[row], this.offsets[row + 1]);
  }

  static takes(format) {
    return format === "z" || format === "Z" || format === "vz";
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const { bytes, ends } = joined(field, values);
    return new BinaryColumn({
      field,
      length: values.length,
      nulls,
      buffers: [bits, packedOffsets(field, ends), bytes],
    });
  }
}

export class FixedBinaryColumn extends Column {
  get width() {
    return Number(this.field.format.slice(2));
  }

  valueAt(row) {
    return this.buffers[1].subarray(row * this.width, (row + 1) * this.width);
  }

  static takes(format) {
    return format.startsWith("w:");
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const width = Number(field.format.slice(2));
    const bytes = new Uint8Array(width * values.length);
    values.forEach((value, row) => {
      if (value === null || value === undefined) return;
      if (!(value instanceof Uint8Array) || value.length !== width)
        throw notA(`a Uint8Array of ${width} bytes`, field, value, row);
      bytes.set(value, row * width);
    });
    return new FixedBinaryColumn({ field, length: values.length, nulls, buffers: [bits, bytes] });
  }
}

function joined(field, values) {
  const ends = new Float64Array(values.length);
  let end = 0;
  values.forEach((value, row) => {
    if (value instanceof Uint8Array) end += value.length;
    else if (value !== null && value !== undefined) throw notA("a Uint8Array", field, value, row);
    ends[row] = end;
  });
  const bytes = new Uint8Array(end);
  values.forEach((value, row) => value && bytes.set(value, ends[row] - value.length));
  return { bytes, ends };
}

const isLarge = (format) => format === "U" || format === "Z" || format === "+L" || format === "+vL";

/** Offsets as numbers, whatever their width: a batch's bytes number less than 2^53. */
export function offsetsOf(format, bytes, length) {
  // A column without rows may come without offsets.
  if (bytes.length === 0) return new Int32Array(1);
  if (!isLarge(format)) return view(Int32Array, bytes, length + 1);
  return Float64Array.from(view(BigInt64Array, bytes, length + 1), Number);
}

/** The offsets of values that end there. */
export function packedOffsets(field, ends) {
  const last = ends.length > 0 ? ends[ends.length - 1] : 0;
  if (isLarge(field.format)) {
    const offsets = new BigInt64Array(ends.length + 1);
    for (let row = 0; row < ends.length; row++) offsets[row + 1] = BigInt(ends[row]);
    return bytesOf(offsets);
  }
  if (last > MOST) {
    throw badData(
      `column \`${field.name}\` has ${last} bytes or items, more than ${field.type} holds in a batch: use large_${field.type}`,
    );
  }
  const offsets = new Int32Array(ends.length + 1);
  offsets.set(ends, 1);
  return bytesOf(offsets);
}
