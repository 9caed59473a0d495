// Truth values, and columns of nothing.

import { has, unpack, validityOf } from "../bitmap.js";
import { Column } from "./column.js";
import { notA } from "./number.js";

export class BooleanColumn extends Column {
  valueAt(row) {
    return has(this.buffers[1], row);
  }

  decode() {
    return unpack(this.buffers[1], this.length);
  }

  static of(field, values) {
    const { nulls, bits } = validityOf(values);
    const truths = new Uint8Array((values.length + 7) >> 3);
    for (let row = 0; row < values.length; row++) {
      const value = values[row];
      if (value === true) truths[row >> 3] |= 1 << (row & 7);
      else if (value !== false && value !== null && value !== undefined) throw notA("true or false", field, value, row);
    }
    return new BooleanColumn({ field, length: values.length, nulls, buffers: [bits, truths] });
  }
}

export class NullColumn extends Column {
  isNull() {
    return true;
  }

  toArray() {
    return new Array(this.length).fill(null);
  }

  static of(field, values) {
    const row = Array.from(values).findIndex((value) => value !== null && value !== undefined);
    if (row >= 0) throw notA("null", field, values[row], row);
    return new NullColumn({ field, length: values.length, nulls: values.length, buffers: [] });
  }
}
