// Plain functions of one row, as transforms.

import { Field, badConfig, badData, field, column as newColumn, reject } from "@tenon/sdk/script";
import { reader, writer } from "./values.js";

/** A function of one row, and what stands beside it in the script, as a declared transform. */
export function rowFunction(name, call, top) {
  return {
    name,
    doc: "",
    shape: "batchwise",
    stateless: true,
    kind: { check: (value) => value },
    open(config, input) {
      const table = new Table(input, input.with(...declaredColumns(top.columns)));
      const Row = rowClass(table);
      return { output: table.output, process: (batch) => processed(table, batch, Row, call, config) };
    },
  };
}

/** New columns: `const columns = { total: "float64" }`. */
function declaredColumns(columns = {}) {
  if (typeof columns !== "object" || columns === null) {
    throw badConfig('`columns` must be an object of types by name: const columns = { total: "float64" }');
  }
  return Object.entries(columns).map(([name, type]) => (type instanceof Field ? type.named(name) : field(name, type)));
}

/** The row that is at hand, while a function of rows runs. */
let atHand;

/** `reject("reason")` refuses the row at hand, `reject(row, "reason")` any row of a batch. */
export function rejectRow(row, reason) {
  if (reason !== undefined || !atHand) return reject(row, reason);
  atHand.refused = true;
  reject(atHand.row, row);
  return false;
}

function processed(table, batch, Row, call, config) {
  table.start(batch);
  const { rows } = batch;
  const kept = [];
  atHand = { row: 0, refused: false };
  try {
    for (let row = 0; row < rows; row++) {
      atHand.row = row;
      atHand.refused = false;
      const answer = call(new Row(row), config);
      if (atHand.refused || answer === false || answer === null) continue;
      if (answer !== undefined && answer !== true) table.setAll(row, answer);
      kept.push(row);
    }
  } finally {
    atHand = undefined;
  }
  const changed = table.changed();
  return kept.length === rows ? changed : changed.take(kept);
}

function notARow(answer) {
  return badData(
    `the row function answered with the ${typeof answer} ${String(answer).slice(0, 60)}: it answers with an object of columns to ` +
      "set, false to leave the row out, or nothing",
  );
}

/** The values of the batch at hand. A column crosses when a row is first asked for it. */
class Table {
  constructor(input, output) {
    this.input = input;
    this.output = output;
    this.columns = new Map(output.fields.map((field) => [field.name, { field, values: undefined, isWritten: false }]));
  }

  start(batch) {
    this.batch = batch;
    for (const column of this.columns.values()) {
      column.values = undefined;
      column.isWritten = false;
    }
  }

  load(column) {
    const { name } = column.field;
    column.values = this.input.has(name) ? reader(this.batch, name) : new Array(this.batch.rows).fill(null);
    return column.values;
  }

  set(column, row, value) {
    const values = column.values ?? this.load(column);
    // A column that is only set to what it is stays as it is, with all that a JavaScript value doesn't hold.
    if (values[row] === value) return;
    values[row] = value;
    column.isWritten = true;
  }

  setAll(row, answer) {
    if (typeof answer !== "object") throw notARow(answer);
    for (const name of Object.keys(answer)) {
      const column = this.columns.get(name);
      if (!column) throw unknownColumn(name, this.output);
      this.set(column, row, answer[name]);
    }
  }

  /** The batch with the columns that were written, and those that were only declared. */
  changed() {
    const made = {};
    for (const column of this.columns.values()) {
      const { field, isWritten } = column;
      if (!isWritten && this.input.has(field.name)) continue;
      const values = column.values ?? this.load(column);
      const write = writer(field);
      made[field.name] = newColumn(field, write ? values.map(write) : values);
    }
    return this.batch.withColumns(made);
  }
}

/** A class of rows with a property for each column of a table. */
function rowClass(table) {
  class Row {
    #row;
    constructor(row) {
      this.#row = row;
    }
    static {
      for (const [name, column] of table.columns) {
        Object.defineProperty(Row.prototype, name, {
          enumerable: true,
          get() {
            return (column.values ?? table.load(column))[this.#row];
          },
          set(value) {
            table.set(column, this.#row, value);
          },
        });
      }
    }
  }
  Object.defineProperty(Row.prototype, "toJSON", {
    value() {
      return Object.fromEntries(table.output.names.map((name) => [name, this[name]]));
    },
  });
  // What is no column is a mistake, and not `undefined`.
  const unknown = (_, name) => {
    throw unknownColumn(name, table.output);
  };
  const get = (_, name) => (typeof name === "symbol" || name === "then" ? undefined : unknown(_, name));
  Object.setPrototypeOf(Row.prototype, new Proxy(Object.create(null), { get, set: unknown }));
  return Row;
}

function unknownColumn(name, schema) {
  return badConfig(
    `there is no column \`${name}\`; the columns are ${schema.names.join(", ")}. A new one is declared: const columns = { ${name}: "utf8" }`,
  );
}
