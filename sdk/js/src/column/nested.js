// Columns with children: lists, structs, maps, dictionaries.

import { validityOf } from "../bitmap.js";
import { badData } from "../error.js";
import { Column, arrayOf, bytesOf, view } from "./column.js";
import { build } from "./build.js";
import { notA } from "./number.js";
import { offsetsOf, packedOffsets } from "./text.js";

/** Lists as arrays, maps as arrays of `[key, value]`. */
export class ListColumn extends Column {
  get offsets() {
    return (this.viewed ??= offsetsOf(this.field.format, this.buffers[1], this.length));
  }

  get items() {
    return (this.itemsOnce ??= this.children[0].toArray());
  }

  valueAt(row) {
    return this.items.slice(this.offsets[row], this.offsets[row + 1]);
  }

  static takes(format) {
    return ["+l", "+L", "+vl", "+vL", "+m"].includes(format);
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const ends = new Float64Array(values.length);
    const items = [];
    values.forEach((value, row) => {
      if (value !== null && value !== undefined) for (const item of listed(field, value, row)) items.push(item);
      ends[row] = items.length;
    });
    const children = [build(field.children[0], items)];
    return new ListColumn({
      field,
      length: values.length,
      nulls,
      buffers: [bits, packedOffsets(field, ends)],
      children,
    });
  }
}

export class MapColumn extends ListColumn {
  get items() {
    if (this.itemsOnce) return this.itemsOnce;
    const [keys, values] = this.children[0].children.map((child) => child.toArray());
    return (this.itemsOnce = keys.map((key, i) => [key, values[i]]));
  }

  static of(field, values) {
    const [key, value] = field.children[0].children.map((child) => child.name);
    const rows = Array.from(values, (row) => {
      const entries = row instanceof Map ? [...row] : row;
      return entries?.map?.((entry) => ({ [key]: entry[0], [value]: entry[1] })) ?? entries;
    });
    return new MapColumn({ ...ListColumn.of(field, rows), nulls: validityOf(rows).nulls });
  }
}

export class FixedListColumn extends Column {
  get size() {
    return Number(this.field.format.slice(3));
  }

  get items() {
    return (this.itemsOnce ??= this.children[0].toArray());
  }

  valueAt(row) {
    return this.items.slice(row * this.size, (row + 1) * this.size);
  }

  static takes(format) {
    return format.startsWith("+w:");
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const size = Number(field.format.slice(3));
    const nothing = new Array(size).fill(null);
    const items = values.flatMap((value, row) => {
      if (value === null || value === undefined) return nothing;
      if (listed(field, value, row).length !== size) throw notA(`a list of ${size}`, field, value, row);
      return Array.from(value);
    });
    return new FixedListColumn({
      field,
      length: values.length,
      nulls,
      buffers: [bits],
      children: [build(field.children[0], items)],
    });
  }
}

/** Structs as objects. */
export class StructColumn extends Column {
  get members() {
    return (this.membersOnce ??= this.children.map((child) => [child.field.name, child.toArray()]));
  }

  valueAt(row) {
    const value = {};
    for (const [name, values] of this.members) value[name] = values[row];
    return value;
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const row = values.findIndex((value) => value !== null && value !== undefined && typeof value !== "object");
    if (row >= 0) throw notA("an object", field, values[row], row);
    const children = field.children.map((child) =>
      build(
        child,
        values.map((value) => value?.[child.name] ?? null),
      ),
    );
    return new StructColumn({ field, length: values.length, nulls, buffers: [bits], children });
  }
}

const INDICES = {
  c: Int8Array,
  s: Int16Array,
  i: Int32Array,
  l: BigInt64Array,
  C: Uint8Array,
  S: Uint16Array,
  I: Uint32Array,
  L: BigUint64Array,
};

/** Dictionaries: the values of the indices, decoded when they are asked for. */
export class DictionaryColumn extends Column {
  /** The position of each row's value in the dictionary. */
  get indices() {
    if (this.viewed) return this.viewed;
    const indices = view(INDICES[this.field.format], this.buffers[1], this.length);
    return (this.viewed =
      indices instanceof BigInt64Array || indices instanceof BigUint64Array
        ? Float64Array.from(indices, Number)
        : indices);
  }

  /** The distinct values: work on these, where there are fewer of them than rows. */
  get dictionary() {
    return (this.dictionaryOnce ??= this.children.at(-1).toArray());
  }

  isNull(row) {
    return super.isNull(row) || this.dictionary[this.indices[row]] === null;
  }

  valueAt(row) {
    return this.dictionary[this.indices[row]];
  }

  decode() {
    const { dictionary } = this;
    const values = arrayOf(this.indices);
    for (let row = 0; row < values.length; row++) values[row] = dictionary[values[row]];
    return values;
  }

  /** The rows with other values in the dictionary: `map` is called once per distinct value. */
  mapDictionary(map) {
    const child = this.children.at(-1);
    const values = build(
      child.field,
      this.dictionary.map((value) => (value === null ? null : map(value))),
    );
    return new DictionaryColumn({ ...this, nulls: this.nullCount, children: [values] });
  }

  static of(field, values) {
    if (!Array.isArray(values)) values = Array.from(values);
    const { nulls, bits } = validityOf(values);
    const places = new Map();
    const Indices = INDICES[field.format];
    const indices = new Indices(values.length);
    const isBig = Indices === BigInt64Array || Indices === BigUint64Array;
    values.forEach((value, row) => {
      if (value === null || value === undefined) return;
      // Bytes and the like are the same value when their text is the same.
      const key = typeof value === "object" ? JSON.stringify(value instanceof Uint8Array ? [...value] : value) : value;
      let place = places.get(key);
      if (!place) places.set(key, (place = { at: places.size, value }));
      indices[row] = isBig ? BigInt(place.at) : place.at;
    });
    if (!isBig && places.size > 2 ** (8 * Indices.BYTES_PER_ELEMENT - (/[csi]/.test(field.format) ? 1 : 0))) {
      throw badData(`column \`${field.name}\` has ${places.size} different values, too many for ${field.type}`);
    }
    const dictionary = build(
      field.children.at(-1),
      [...places.values()].map(({ value }) => value),
    );
    return new DictionaryColumn({
      field,
      length: values.length,
      nulls,
      buffers: [bits, bytesOf(indices)],
      children: [dictionary],
    });
  }
}

function listed(field, value, row) {
  if (typeof value !== "object" || typeof value[Symbol.iterator] !== "function")
    throw notA("a list", field, value, row);
  return Array.from(value);
}
