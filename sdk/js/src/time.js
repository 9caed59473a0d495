// Dates of JavaScript as Arrow's columns hold them.

import { badData } from "./error.js";

const PER_MILLISECOND = { us: 1_000n, ns: 1_000_000n };

/** The days from 1970-01-01 to a date, for `date32`. */
export function daysOf(date) {
  return Math.floor(date.getTime() / 86_400_000);
}

/** The time since 1970 in a unit, for `timestamp[unit]`. */
export function timestampOf(date, unit) {
  const milliseconds = date.getTime();
  if (unit === "s") return BigInt(Math.floor(milliseconds / 1000));
  if (unit === "ms") return BigInt(milliseconds);
  if (!Object.hasOwn(PER_MILLISECOND, unit)) throw badData(`there is no unit \`${unit}\`; units are s, ms, us and ns`);
  return BigInt(milliseconds) * PER_MILLISECOND[unit];
}
