// What a run offers besides data, for tests.

import { fail } from "./batches.js";

/** Most random bytes per call, as in a sandbox. */
const RANDOM_BYTES = 65536;

const fresh = () => ({
  parameters: new Map(),
  secrets: new Map(),
  state: new Map(),
  counters: new Map(),
  expressions: new Map(),
  logs: [],
  now: new Date(0),
  seed: 1,
  sources: new Map(),
  answers: [],
  written: new Map(),
  operations: [],
});

let run = fresh();

/** The run of the current test. */
export const current = () => run;

/** Forgets everything. */
export function reset() {
  run = fresh();
}

/** The contract's interface `host`. */
export const host = {
  log: (level, message) => void run.logs.push({ level, message }),
  count: (metric, amount) => void run.counters.set(metric, (run.counters.get(metric) ?? 0) + amount),
  parameter: (name) => run.parameters.get(name) ?? null,
  secret: (name) => run.secrets.get(name) ?? fail("denied", `the secret \`${name}\` is not granted`),
  now() {
    const milliseconds = run.now.getTime();
    const seconds = Math.floor(milliseconds / 1000);
    return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 };
  },
  random(bytes) {
    if (bytes > RANDOM_BYTES) fail("limit", `${bytes} random bytes are more than the ${RANDOM_BYTES} of one call`);
    return Uint8Array.from({ length: bytes }, randomByte);
  },
  stateGet: (key) => run.state.get(key)?.slice() ?? null,
  statePut: (key, value) => void run.state.set(key, value.slice()),
  stateDelete: (key) => void run.state.delete(key),
};

/** The same bytes in every test: a linear congruential generator is enough. */
function randomByte() {
  run.seed = (Math.imul(run.seed, 1664525) + 1013904223) >>> 0;
  return run.seed >>> 24;
}
