// Names of types for people (`timestamp[us, UTC]`) and format strings of the Arrow C data interface (`tsu:UTC`).

import { badConfig } from "./error.js";

const SIMPLE = {
  n: "null",
  b: "boolean",
  c: "int8",
  s: "int16",
  i: "int32",
  l: "int64",
  C: "uint8",
  S: "uint16",
  I: "uint32",
  L: "uint64",
  e: "float16",
  f: "float32",
  g: "float64",
  u: "utf8",
  U: "large_utf8",
  vu: "utf8_view",
  z: "binary",
  Z: "large_binary",
  vz: "binary_view",
  tdD: "date32",
  tdm: "date64",
  tiM: "interval[months]",
  tiD: "interval[days]",
  tin: "interval[month_day_nano]",
  "+l": "list",
  "+L": "large_list",
  "+vl": "list_view",
  "+vL": "large_list_view",
  "+s": "struct",
  "+m": "map",
  "+r": "run_end_encoded",
};
const FORMATS = Object.fromEntries(Object.entries(SIMPLE).map(([format, name]) => [name, format]));
const PARAMETERISED = /^(t[tD][smun]|ts[smun]:.*|d:\d+,-?\d+(,\d+)?|\+?w:\d+|\+u[ds]:.*)$/;
const UNITS = { s: "s", m: "ms", u: "us", n: "ns" };
const LETTERS = { s: "s", ms: "m", us: "u", ns: "n" };

/** How many of a unit make a second. */
export const PER_SECOND = { s: 1, ms: 1_000, us: 1_000_000, ns: 1_000_000_000 };

/** The name of a format; a format that has none is its own. */
export function nameOf(format) {
  if (Object.hasOwn(SIMPLE, format)) return SIMPLE[format];
  const arguments_ = format.slice(format.indexOf(":") + 1);
  if (format.startsWith("d:")) return `decimal(${arguments_.split(",").join(", ")})`;
  if (format.startsWith("w:")) return `fixed_binary(${arguments_})`;
  if (format.startsWith("+w:")) return `fixed_list(${arguments_})`;
  const unit = UNITS[format[2]];
  if (format.startsWith("tt")) return `time[${unit}]`;
  if (format.startsWith("tD")) return `duration[${unit}]`;
  if (format.startsWith("ts")) return arguments_ ? `timestamp[${unit}, ${arguments_}]` : `timestamp[${unit}]`;
  return format;
}

/** The format of a name. */
export function formatOf(name) {
  if (Object.hasOwn(FORMATS, name)) return FORMATS[name];
  // A format string is taken too: what has no name, like a union, can be said only so.
  if (Object.hasOwn(SIMPLE, name) || PARAMETERISED.test(name)) return name;
  const [, kind, inner] = /^(\w+)[([](.*)[)\]]$/.exec(name) ?? [];
  const parts = inner?.split(",").map((part) => part.trim()) ?? [];
  const letter = LETTERS[parts[0]];
  if (kind === "timestamp" && letter) return `ts${letter}:${parts[1] ?? ""}`;
  if (kind === "time" && letter) return `tt${letter}`;
  if (kind === "duration" && letter) return `tD${letter}`;
  const numbers = parts.length > 0 && parts.every((part) => /^-?\d+$/.test(part));
  if (kind === "decimal" && numbers && parts.length >= 2)
    return `d:${parts.filter((p, i) => i < 2 || p !== "128").join(",")}`;
  if (kind === "fixed_binary" && numbers) return `w:${inner.trim()}`;
  if (kind === "fixed_list" && numbers) return `+w:${inner.trim()}`;
  throw badConfig(
    `there is no type \`${name}\`; types are ${Object.keys(FORMATS).join(", ")}, decimal(precision, scale), ` +
      "fixed_binary(bytes), fixed_list(length), time[unit], timestamp[unit, zone], duration[unit] with a unit of s, ms, us or ns, " +
      "and dictionary(indices, values)",
  );
}

/** Precision, scale and bits of a decimal's format. */
export function decimalOf(format) {
  const [precision, scale, bits = 128] = format.slice(2).split(",").map(Number);
  return { precision, scale, bits };
}

/** The number after the colon: a width. */
export function widthOf(format) {
  return Number(format.slice(format.indexOf(":") + 1));
}

/** The unit of a time, timestamp or duration. */
export function unitOf(format) {
  return UNITS[format[2]];
}
