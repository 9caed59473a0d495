// What ordinary libraries expect to be there, and the engine of the sandbox doesn't have.

import { random, log } from "./host.js";
import { decode, encode } from "./text.js";

/** Puts it into `globalThis`, where it is missing. */
export function furnish() {
  const missing = { console: consoleOf(), TextEncoder, TextDecoder, structuredClone };
  for (const [name, value] of Object.entries(missing)) globalThis[name] ??= value;
}

function consoleOf() {
  const written =
    (write) =>
    (...values) =>
      write(values.map(shown).join(" "));
  return {
    log: written(log.info),
    info: written(log.info),
    debug: written(log.debug),
    trace: written(log.trace),
    warn: written(log.warn),
    error: written(log.error),
    assert: (fits, ...values) => fits || written(log.error)("assertion failed:", ...values),
  };
}

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}n` : inner)) ?? String(value);
  } catch {
    return String(value);
  }
}

class TextEncoder {
  encoding = "utf-8";
  encode(text = "") {
    return encode(String(text));
  }
}

class TextDecoder {
  encoding = "utf-8";
  decode(bytes = new Uint8Array(0)) {
    return decode(
      ArrayBuffer.isView(bytes)
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : new Uint8Array(bytes),
    );
  }
}

/** Plain data only, which is what it is used for. */
function structuredClone(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(structuredClone);
  if (value instanceof Date) return new Date(value);
  if (value instanceof Map)
    return new Map(Array.from(value, ([key, inner]) => [structuredClone(key), structuredClone(inner)]));
  if (value instanceof Set) return new Set(Array.from(value, structuredClone));
  if (ArrayBuffer.isView(value)) return value.slice();
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structuredClone(inner)]));
}

/**
 * Seeds `Math.random` by the host. The snapshot that every sandbox starts from holds the state of the engine's own
 * generator, so that all of them would draw the same numbers. The seed is drawn when the first number is.
 */
export function reseed() {
  let words;
  Math.random = () => {
    words ??= new Uint32Array(random(16).buffer);
    // xorshift128
    let word = words[3];
    const first = words[0];
    words[3] = words[2];
    words[2] = words[1];
    words[1] = first;
    word ^= word << 11;
    word ^= word >>> 8;
    words[0] = word ^ first ^ (first >>> 19);
    return words[0] / 4294967296;
  };
}
