// Everything that goes wrong on purpose.

import { TenonError, choice, column, text, transform } from "@tenon/sdk";

const KINDS = ["bad-data", "bad-config", "transient", "unsupported", "denied", "limit", "internal"];

export const fail = transform({
  doc: "Fails as it is told to.",
  config: { kind: choice(KINDS), message: text() },
  process(batch, config) {
    if (batch.rows === 0) return batch;
    throw new TenonError(config.kind, config.message);
  },
});

export const raise = transform({
  doc: "Throws an exception that nobody catches.",
  process: (batch) => (batch.rows === 0 ? batch : outer()),
});

function outer() {
  return middle();
}

function middle() {
  return inner();
}

function inner() {
  throw new Error("raised on purpose");
}

export const lie = transform({
  doc: "Announces its input's schema, and answers with another.",
  open: (_, input) => ({
    output: input,
    process: (batch) => batch.withColumn("more", column("int64", new Array(batch.rows).fill(1))),
  }),
});

export const memory = transform({
  doc: "Allocates without end.",
  process(batch) {
    if (batch.rows === 0) return batch;
    const held = [];
    for (;;) held.push(new Uint8Array(1 << 20).fill(1));
  },
});

export const spin = transform({
  doc: "Loops without end.",
  process(batch) {
    if (batch.rows === 0) return batch;
    for (;;);
  },
});
