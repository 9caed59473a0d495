// SQL expressions that the host computes, compiled once per sandbox.

import { boundary } from "./boundary.js";
import { fromHost } from "./error.js";
import { flatten, unflatten } from "./schema.js";

/** How many programs a sandbox keeps; the oldest goes first. */
const KEPT = 64;
const kept = [];

export class Program {
  constructor(handle) {
    this.handle = handle;
    this.output = unflatten(handle.output());
  }

  project(batch) {
    return call(() => this.handle.project(batch));
  }

  filter(batch) {
    return call(() => this.handle.filter(batch));
  }
}

/** The program of these expressions over this schema. */
export function compiled(schema, expressions) {
  const key = expressions.join("\0");
  const known = kept.find((entry) => entry.key === key && entry.schema.equals(schema) && entry.side === boundary());
  if (known) return known.program;
  const handle = call(() => boundary().batches.Program.compile(flatten(schema.fields), expressions));
  const program = new Program(handle);
  if (kept.length === KEPT) kept.shift();
  kept.push({ key, schema, program, side: boundary() });
  return program;
}

/** Calls the host: its errors become the SDK's. */
export function call(operation) {
  try {
    return operation();
  } catch (error) {
    throw fromHost(error);
  }
}
