// Runs transforms and scripts in tests, outside a sandbox: a stand-in for the host holds the rows.

import { Batch } from "../batch.js";
import { connect } from "../boundary.js";
import { badConfig } from "../error.js";
import { Context } from "../job/context.js";
import { runJob } from "../job/declare.js";
import { encode } from "../text.js";
import { field } from "../schema.js";
import { Session } from "../session.js";
import { HeldBatch, HeldProgram } from "./batches.js";
import { HeldFrame } from "./frames.js";
import { current, host } from "./run.js";

export { reset } from "./run.js";

connect({
  batches: { Batch: HeldBatch, Program: HeldProgram },
  host,
  pipeline: { Frame: HeldFrame },
  computesNothing: true,
});

/** A function that is bound to its configuration and input, checked as the host checks it. */
class Opened {
  constructor(session) {
    this.session = session;
  }

  get output() {
    return this.session.output;
  }

  process(batch) {
    return this.checked(this.session.process(batch));
  }

  finish() {
    return this.checked(this.session.finish());
  }

  checked(answer) {
    const other = answer.batches.find((batch) => !batch.schema.equals(this.output));
    if (other) throw badConfig(`the function said that it makes ${this.output}, but made ${other.schema}`);
    return answer;
  }
}

export function open(declared, config, input) {
  const json = JSON.stringify(config ?? {});
  const session =
    typeof declared === "string" ? Session.open(declared, json, input) : new Session(declared, json, input);
  return new Opened(session);
}

export function run(declared, config, batch) {
  const opened = open(declared, config, batch.schema);
  const first = opened.process(batch);
  const last = opened.finish();
  return { batches: [...first.batches, ...last.batches], rejected: [...first.rejected, ...last.rejected] };
}

export function runScript(script) {
  runJob(script);
}

export const context = () => new Context();

export const setParameter = (name, value) => void current().parameters.set(name, String(value));
export const setSecret = (name, value) => void current().secrets.set(name, value);
export const setNow = (date) => void (current().now = date);
export const setState = (key, value) =>
  void current().state.set(key, typeof value === "string" ? encode(value) : value);

export function expression(text, type, compute) {
  current().expressions.set(text, { field: field(text, type), compute });
}

export function source(name, batch) {
  const { sources } = current();
  sources.set(name, [...(sources.get(name) ?? []), batch.handle]);
}

export const answer = (batch) => void current().answers.push(batch.handle);
export const written = (url) => (current().written.get(url) ?? []).map((held) => new Batch(held));
export const operations = () => [...current().operations];
export const logs = () => [...current().logs];
export const counter = (metric) => current().counters.get(metric) ?? 0;
