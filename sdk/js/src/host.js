// What the run offers besides data.

import { boundary } from "./boundary.js";
import { call } from "./program.js";
import { decode, encode } from "./text.js";

const logger = (level) => (message) => boundary().host.log(level, String(message));

/** Writes to the run's log. */
export const log = {
  trace: logger("trace"),
  debug: logger("debug"),
  info: logger("info"),
  warn: logger("warn"),
  error: logger("error"),
};

export function count(metric, amount = 1) {
  boundary().host.count(metric, amount);
}

export function parameter(name) {
  return boundary().host.parameter(name) ?? undefined;
}

export function secret(name) {
  return call(() => boundary().host.secret(name));
}

export function now() {
  const { seconds, nanoseconds } = boundary().host.now();
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
}

export function instant() {
  const { seconds, nanoseconds } = boundary().host.now();
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
}

export function random(bytes) {
  return call(() => boundary().host.random(bytes));
}

/** Values kept between runs of a job, saved with the run's commit. */
export const state = {
  get(key) {
    return call(() => boundary().host.stateGet(key)) ?? undefined;
  },
  put(key, value) {
    call(() => boundary().host.statePut(key, typeof value === "string" ? encode(value) : value));
  },
  delete(key) {
    call(() => boundary().host.stateDelete(key));
  },
  getText(key) {
    const bytes = state.get(key);
    return bytes === undefined ? undefined : decode(bytes);
  },
};
