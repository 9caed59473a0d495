// What the run offers: configuration, log, metrics, parameters, secrets, clock, random bytes, state.

import {
  TenonError,
  boolean,
  column,
  count,
  integer,
  list,
  log,
  now,
  number,
  parameter,
  random,
  secret,
  state,
  text,
  transform,
} from "@tenon/sdk";

export const config = transform({
  doc: "Shows its configuration.",
  config: {
    text: text({ doc: "A text." }),
    number: integer({ doc: "A whole number." }),
    ratio: number({ doc: "A number." }),
    flag: boolean({ doc: "A truth value.", default: true }),
    names: list(text(), { doc: "Some texts.", default: [] }),
  },
  process(batch, config) {
    return batch.withColumn("config", repeated("utf8", batch.rows, JSON.stringify(config)));
  },
});

export const host = transform({
  doc: "Asks the host for all that it has.",
  config: { parameter: text(), secret: text() },
  process(batch, config) {
    for (const level of ["trace", "debug", "info", "warn", "error"]) log[level](`a line of ${level}`);
    count("conformance.rows", batch.rows);
    const { rows } = batch;
    return batch.withColumns({
      parameter: repeated("utf8", rows, parameter(config.parameter) ?? null),
      secret: repeated("utf8", rows, secretOrKind(config.secret)),
      year: repeated("int64", rows, now().getUTCFullYear()),
      random: repeated("int64", rows, random(16).length),
    });
  },
});

function secretOrKind(name) {
  try {
    return secret(name);
  } catch (error) {
    if (error instanceof TenonError) return error.kind;
    throw error;
  }
}

export const runs = transform({
  name: "state",
  doc: "Counts its runs.",
  open(_, input) {
    const runs = Number(state.getText("runs") ?? "0") + 1;
    state.put("runs", String(runs));
    const withRuns = (batch) => batch.withColumn("runs", repeated("int64", batch.rows, runs));
    return { output: input.with(column("int64", []).named("runs").field), process: withRuns };
  },
});

const repeated = (type, rows, value) => column(type, new Array(rows).fill(value));
