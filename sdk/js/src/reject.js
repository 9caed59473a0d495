// Rows that a function refuses.

import { badConfig, badData } from "./error.js";

/** The batch that this call was given, if it was given one. */
let input;

/** Reasons by row, in the order in which the rows were refused. */
let refused = new Map();

export function reject(row, reason) {
  if (!Number.isInteger(row) || row < 0) throw badData(`reject(${row}, ..): a row is a whole number from 0`);
  // A row is refused once; the first reason stays.
  if (!refused.has(row)) refused.set(row, String(reason));
}

/** Starts a call, on a batch or on none. */
export function beginCall(batch) {
  input = batch;
  refused = new Map();
}

/** The rows below `rows` that were not refused; nothing if none were. */
export function keptRows(rows) {
  if (input && input.rows !== rows) {
    throw badConfig(
      `this batch has ${rows} rows, but the function was given ${input.rows}, and rows are rejected by their positions in ` +
        "those: call `withoutRejected` before `filter` and whatever else leaves rows out, moves or adds them",
    );
  }
  if (refused.size === 0) return undefined;
  const kept = [];
  for (let row = 0; row < rows; row++) {
    if (!refused.has(row)) kept.push(row);
  }
  return kept;
}

/** Ends a call: what was refused in it. */
export function takeRejected() {
  const rejected = Array.from(refused, ([row, reason]) => ({ row, reason }));
  beginCall();
  return rejected;
}
