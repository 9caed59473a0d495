// Queries that have not run. Planning happens as a frame is made, so that a wrong column is an error where it was named.

import { Batch } from "../batch.js";
import { boundary } from "../boundary.js";
import { badConfig } from "../error.js";
import { call } from "../program.js";
import { unflatten } from "../schema.js";
import { quote } from "../sql.js";
import { nameOf } from "../transform.js";
import { toJson } from "./table.js";

const KINDS = ["inner", "left", "right", "full", "semi", "anti"];

export class Frame {
  constructor(handle) {
    this.handle = handle;
  }

  static read(source) {
    return made(() => boundary().pipeline.Frame.read(toJson("source", source)));
  }

  static sql(query, frames) {
    const inputs = Object.entries(frames).map(([name, frame]) => [name, frame.handle]);
    return made(() => boundary().pipeline.Frame.sql(query, inputs));
  }

  get schema() {
    return (this.knownSchema ??= unflatten(call(() => this.handle.schema())));
  }

  filter(predicate) {
    return made(() => this.handle.filter(predicate));
  }

  select(...names) {
    return this.project(names.flat().map(quote));
  }

  project(...expressions) {
    return made(() => this.handle.project(expressions.flat()));
  }

  withColumns(columns) {
    const named = (name) => `${columns[name]} as ${quote(name)}`;
    const kept = this.schema.names.map((name) => (Object.hasOwn(columns, name) ? named(name) : quote(name)));
    const added = Object.keys(columns).filter((name) => !this.schema.has(name));
    return this.project(...kept, ...added.map(named));
  }

  join(other, on, kind = "inner") {
    if (!KINDS.includes(kind)) throw badConfig(`there is no join \`${kind}\`; the kinds are ${KINDS.join(", ")}`);
    return made(() => this.handle.join(other.handle, [on].flat(), kind));
  }

  union(other) {
    return made(() => this.handle.union(other.handle));
  }

  aggregate(groupBy, expressions) {
    return made(() => this.handle.aggregate([groupBy].flat(), [expressions].flat()));
  }

  sort(...by) {
    return made(() => this.handle.sort(by.flat()));
  }

  limit(rows) {
    return made(() => this.handle.limit(rows));
  }

  apply(transform, config = {}) {
    const name = typeof transform === "string" ? transform : nameOf(transform);
    if (!name) throw badConfig('apply takes a function of this project, or a name like "plugin:function"');
    return made(() => this.handle.apply(name, JSON.stringify(config)));
  }

  rejected() {
    return made(() => this.handle.rejected());
  }

  write(sink) {
    return call(() => this.handle.write(toJson("sink", sink)));
  }

  collect() {
    return call(() => this.handle.collect()).map((handle) => new Batch(handle));
  }

  count() {
    return call(() => this.handle.count());
  }
}

const made = (operation) => new Frame(call(operation));
