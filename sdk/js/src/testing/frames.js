// Frames that hold their rows: the contract's resource `frame`. What only the host can run, the test answers.

import { Batch } from "../batch.js";
import { Schema, field, flatten } from "../schema.js";
import { Session } from "../session.js";
import { HeldProgram, fail } from "./batches.js";
import { column } from "../column/build.js";
import { current } from "./run.js";

const note = (text) => void current().operations.push(text);

export class HeldFrame {
  constructor(schema, batches, rejected = []) {
    this.held = schema;
    this.batches = batches;
    this.refused = rejected;
  }

  static read(json) {
    const name = urlOf(json);
    note(`read ${name}`);
    const batches = current().sources.get(name);
    if (!batches)
      fail("bad-config", `there is no source \`${name}\`: give the test one with testing.source("${name}", batch)`);
    return new HeldFrame(new Schema(batches[0].fields), batches);
  }

  static sql(query, inputs) {
    note(`sql ${query}`);
    return answer(
      "a query",
      inputs.flatMap(([, frame]) => frame.refused),
    );
  }

  schema() {
    return flatten(this.held.fields);
  }

  filter(predicate) {
    note(`filter ${predicate}`);
    const program = HeldProgram.compile(this.schema(), [predicate]);
    return new HeldFrame(
      this.held,
      this.batches.map((batch) => program.filter(batch)),
      this.refused,
    );
  }

  project(expressions) {
    note(`project ${expressions.join(", ")}`);
    const program = HeldProgram.compile(this.schema(), expressions);
    const schema = new Schema(program.parts.map(({ field }) => field));
    return new HeldFrame(
      schema,
      this.batches.map((batch) => program.project(batch)),
      this.refused,
    );
  }

  join(other, on, kind) {
    note(`join ${kind} on ${on.join(", ")}`);
    return answer("a join", [...this.refused, ...other.refused]);
  }

  union(other) {
    note("union");
    const { names } = this.held;
    const same = other.held.fields.length === names.length && names.every((name) => other.held.has(name));
    if (!same) fail("bad-config", `a union needs frames of the same columns, not ${this.held} and ${other.held}`);
    const others = other.batches.map((batch) => batch.select(names));
    return new HeldFrame(this.held, [...this.batches, ...others], [...this.refused, ...other.refused]);
  }

  aggregate(groups, expressions) {
    note(`aggregate ${expressions.join(", ")} by ${groups.join(", ")}`);
    return answer("an aggregation", this.refused);
  }

  sort(by) {
    note(`sort ${by.join(", ")}`);
    return answer("a sort", this.refused);
  }

  limit(rows) {
    note(`limit ${rows}`);
    let left = rows;
    const batches = this.batches.map((batch) => {
      const taken = Math.min(left, batch.length);
      left -= taken;
      return batch.slice(0, taken);
    });
    return new HeldFrame(this.held, batches, this.refused);
  }

  apply(name, config) {
    note(`apply ${name} ${config}`);
    if (name.includes(":")) return answer("a function of another plugin", this.refused);
    const session = Session.open(name, config, this.held);
    const refused = [...this.refused];
    const batches = this.batches.flatMap((held) => {
      const { batches, rejected } = session.process(new Batch(held, this.held));
      if (rejected.length > 0) refused.push(withReasons(held, name, rejected));
      return batches.map((batch) => batch.handle);
    });
    batches.push(...session.finish().batches.map((batch) => batch.handle));
    return new HeldFrame(session.output, batches, refused);
  }

  rejected() {
    note("rejected");
    const [first] = this.refused;
    return new HeldFrame(new Schema(first?.fields ?? []), this.refused);
  }

  write(json) {
    note(`write ${json}`);
    const url = urlOf(json);
    const { written } = current();
    written.set(url, [...(written.get(url) ?? []), ...this.batches]);
    return { rows: this.count(), bytes: 0, objects: 1 };
  }

  collect() {
    return this.batches.map((batch) => batch.share());
  }

  count() {
    return this.batches.reduce((sum, batch) => sum + batch.length, 0);
  }
}

/** What the test gave as the result of the next operation that can't be run here. */
function answer(what, rejected) {
  const batch = current().answers.shift();
  if (!batch)
    fail("unsupported", `outside a sandbox ${what} can't be run: give the test its result with testing.answer(batch)`);
  return new HeldFrame(new Schema(batch.fields), [batch], rejected);
}

/** The text that a source or sink is, or the URL in its table; else the table itself. */
function urlOf(json) {
  const table = JSON.parse(json);
  return typeof table === "string" ? table : (table.url ?? json);
}

function withReasons(held, name, rejected) {
  const rows = held.take(rejected.map(({ row }) => row));
  const added = {
    rejected_by: column(
      "utf8",
      rejected.map(() => name),
    ),
    rejected_row: column(
      "int64",
      rejected.map(({ row }) => row),
    ),
    rejected_because: column(
      "utf8",
      rejected.map(({ reason }) => reason),
    ),
  };
  const fields = Object.entries(added).map(([called, { type }]) => field(called, type));
  return rows.withColumns(
    flatten(fields),
    Object.values(added).map((values) => values.raw()),
  );
}
