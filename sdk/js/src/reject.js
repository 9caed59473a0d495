// Rows that a function refuses.

import { badData } from "./error.js";

/** Reasons by row, in the order in which the rows were refused. */
let refused = new Map();

export function reject(row, reason) {
  if (!Number.isInteger(row) || row < 0) throw badData(`reject(${row}, ..): a row is a whole number from 0`);
  // A row is refused once; the first reason stays.
  if (!refused.has(row)) refused.set(row, String(reason));
}

/** The rows below `rows` that were not refused; nothing if none were. */
export function keptRows(rows) {
  if (refused.size === 0) return undefined;
  const kept = [];
  for (let row = 0; row < rows; row++) {
    if (!refused.has(row)) kept.push(row);
  }
  return kept;
}

/** Ends a call: what was refused in it. */
export function takeRejected() {
  if (refused.size === 0) return [];
  const rejected = Array.from(refused, ([row, reason]) => ({ row, reason }));
  refused = new Map();
  return rejected;
}
