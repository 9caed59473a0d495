// One function, bound to its configuration and input, as it is called in one sandbox.

import { Batch } from "./batch.js";
import { column } from "./column/build.js";
import { Column } from "./column/column.js";
import { checked } from "./config.js";
import { badConfig, badData, TenonError } from "./error.js";
import { beginCall, takeRejected } from "./reject.js";
import { Schema } from "./schema.js";
import { functions } from "./transform.js";

export class Session {
  /** Binds a function by its name. */
  static open(name, config, input) {
    const known = functions();
    const declared = known.find((candidate) => candidate.name === name);
    if (!declared) {
      throw badConfig(`there is no function \`${name}\`; the functions are ${known.map((one) => one.name).join(", ")}`);
    }
    return new Session(declared, config, input);
  }

  constructor(declared, config, input) {
    for (const name of declared.reads ?? []) within(`function \`${declared.name}\``, () => input.position(name));
    this.declared = declared;
    this.input = input;
    this.config = checked(declared.kind, config);
    const running = declared.open ? declared.open(this.config, input) : undefined;
    this.running = running ?? { process: processOf(declared) };
    this.output = running?.output ? schemaOf(running.output) : this.discover();
    if (declared.shape === "scalar" && this.output.fields.length !== 1) {
      throw badConfig(
        `scalar function \`${declared.name}\` must answer with one column, not ${this.output.fields.length}`,
      );
    }
  }

  /** The output's schema is what the function makes of a batch without rows. */
  discover() {
    if (this.declared.open) return this.input;
    beginCall();
    const [first] = batchesOf(this.running.process(Batch.empty(this.input), this.config));
    takeRejected();
    return first?.schema ?? this.input;
  }

  process(batch) {
    beginCall(batch);
    try {
      const batches = batchesOf(this.running.process(batch, this.config));
      return { batches, rejected: takeRejected() };
    } finally {
      beginCall();
    }
  }

  finish() {
    beginCall();
    const finish = this.running.finish ?? this.declared.finish;
    const batches = finish ? batchesOf(finish.call(this.running, this.config)) : [];
    return { batches, rejected: takeRejected() };
  }
}

function processOf(declared) {
  if (declared.shape !== "scalar") return declared.process;
  const { name } = declared;
  return (batch, config) => {
    const made = declared.each ? eachRow(declared, batch, config) : declared.process(batch, config);
    if (made instanceof Batch) return made;
    const values = made instanceof Column ? made : declared.returns && column(declared.returns, made);
    if (!values)
      throw badConfig(
        `scalar function \`${name}\` must answer with a column: column("utf8", values), or say \`returns\``,
      );
    if (values.length !== batch.rows)
      throw badData(`scalar function \`${name}\` made ${values.length} values for ${batch.rows} rows`);
    return Batch.from({ [name]: values });
  };
}

/** Calls a function of plain values once per row. */
function eachRow({ each, returns }, batch, config) {
  const names = batch.schema.names;
  const [first, second, ...others] = batch.columns(names).map((read) => read.toArray());
  const rows = batch.rows;
  const values = new Array(rows);
  // Few arguments are usual, and spreading them costs as much as the call.
  for (let row = 0; row < rows; row++) {
    if (names.length === 0) values[row] = each(config);
    else if (names.length === 1) values[row] = each(first[row], config);
    else if (others.length === 0) values[row] = each(first[row], second[row], config);
    else values[row] = each(first[row], second[row], ...others.map((other) => other[row]), config);
  }
  return column(returns, values);
}

/** What a function answered with, as batches. */
function batchesOf(answer) {
  if (answer === undefined || answer === null) return [];
  if (answer instanceof Batch) return [answer];
  if (typeof answer.then === "function") {
    throw badConfig("the function answered with a promise: functions in a sandbox can't wait, so leave out `async`");
  }
  if (Array.isArray(answer) && answer.every((batch) => batch instanceof Batch)) return answer;
  throw badConfig("a function must answer with a batch, an array of batches, or nothing");
}

function schemaOf(output) {
  if (output instanceof Schema) return output;
  throw badConfig('`output` of what `open` answers with must be a schema: input.with(field("name", "int64"))');
}

function within(what, operation) {
  try {
    return operation();
  } catch (error) {
    throw error instanceof TenonError ? error.within(what) : error;
  }
}
