// The columns of a batch: names, types, nullability.

import { badConfig } from "./error.js";
import { formatOf, nameOf } from "./type.js";

export class Field {
  constructor(name, format, { encoding = "plain", nullable = true, children = [], metadata = [] } = {}) {
    this.name = name;
    this.format = format;
    this.encoding = encoding;
    this.nullable = nullable;
    this.children = children;
    this.metadata = metadata;
    Object.freeze(this);
  }

  get type() {
    if (this.encoding !== "dictionary") return nameOf(this.format);
    return `dictionary(${nameOf(this.format)}, ${this.children.at(-1).type})`;
  }

  named(name) {
    return name === this.name ? this : new Field(name, this.format, this);
  }

  equals(other) {
    return (
      this.name === other.name &&
      this.format === other.format &&
      this.encoding === other.encoding &&
      this.nullable === other.nullable &&
      this.metadata.length === other.metadata.length &&
      this.metadata.every(([key, value], i) => key === other.metadata[i][0] && value === other.metadata[i][1]) &&
      this.children.length === other.children.length &&
      this.children.every((child, i) => child.equals(other.children[i]))
    );
  }

  toString() {
    const inner = this.children.length > 0 && this.encoding === "plain" ? `<${this.children.join(", ")}>` : "";
    return `${this.name}: ${this.type}${inner}${this.nullable ? "" : " not null"}`;
  }
}

/** A field by its type's name; `dictionary(int32, utf8)` gets the child that it needs. */
export function field(name, type, { nullable = true, children = [], metadata = {} } = {}) {
  const pairs = Array.isArray(metadata) ? metadata : Object.entries(metadata);
  const [, indices, values] = /^dictionary\((\w+),\s*(.+)\)$/.exec(type) ?? [];
  if (indices) {
    const child = children.length > 0 ? children : [field("values", values)];
    return new Field(name, formatOf(indices), { encoding: "dictionary", nullable, children: child, metadata: pairs });
  }
  return new Field(name, formatOf(type), { nullable, children, metadata: pairs });
}

export class Schema {
  constructor(fields) {
    this.fields = Object.freeze([...fields]);
    // A schema of thousands of columns is searched often; one of a name that occurs twice answers with the first.
    this.positions = new Map();
    for (let i = this.fields.length - 1; i >= 0; i--) this.positions.set(this.fields[i].name, i);
  }

  get names() {
    return this.fields.map((field) => field.name);
  }

  has(name) {
    return this.positions.has(name);
  }

  position(name) {
    const position = this.positions.get(name);
    if (position === undefined) {
      throw badConfig(`there is no column \`${name}\`; the columns are ${this.names.join(", ")}`);
    }
    return position;
  }

  field(name) {
    return this.fields[this.position(name)];
  }

  with(...fields) {
    const changed = [...this.fields];
    for (const added of fields) {
      const position = changed.findIndex((present) => present.name === added.name);
      if (position < 0) changed.push(added);
      else changed[position] = added;
    }
    return new Schema(changed);
  }

  select(...names) {
    return new Schema(names.flat().map((name) => this.field(name)));
  }

  without(...names) {
    const gone = this.select(...names).names;
    return new Schema(this.fields.filter((field) => !gone.includes(field.name)));
  }

  equals(other) {
    return (
      this === other ||
      (this.fields.length === other.fields.length && this.fields.every((field, i) => field.equals(other.fields[i])))
    );
  }

  toString() {
    return this.fields.join(", ");
  }
}

/** The fields as they cross: in pre-order, each with the number of its children. */
export function flatten(fields, flat = []) {
  for (const { name, format, encoding, nullable, children, metadata } of fields) {
    flat.push({ name, format, encoding, nullable, children: children.length, metadata });
    flatten(children, flat);
  }
  return flat;
}

/** The schema of fields that crossed. */
export function unflatten(flat) {
  const next = { at: 0 };
  const fields = [];
  while (next.at < flat.length) fields.push(nextField(flat, next));
  return new Schema(fields);
}

function nextField(flat, next) {
  const { name, format, encoding, nullable, children, metadata } = flat[next.at++];
  const inner = Array.from({ length: children }, () => nextField(flat, next));
  return new Field(name, format, { encoding, nullable, metadata, children: inner });
}
