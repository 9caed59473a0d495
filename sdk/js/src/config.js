// Configurations, described by plain objects: their JSON Schema, and the check that values fit.

import { badConfig } from "./error.js";

/** A description: `schema` is JSON Schema, `check` answers with the value or throws. */
class Kind {
  constructor(schema, check, options = {}) {
    const { doc, default: byDefault, optional = false, ...unknown } = options;
    const strange = Object.keys(unknown)[0];
    if (strange)
      throw new TypeError(`a config key has no option \`${strange}\`; the options are doc, default, optional`);
    this.schema = {
      ...schema,
      ...(doc && { description: doc }),
      ...(byDefault !== undefined && { default: byDefault }),
    };
    this.check = check;
    this.byDefault = byDefault;
    this.required = byDefault === undefined && !optional;
  }
}

/** A kind whose values pass a test. */
function simple(schema, expected, fits, { minimum, maximum, pattern, ...options } = {}) {
  const bounds = Object.entries({ minimum, maximum, pattern: pattern?.source ?? pattern }).filter(
    ([, bound]) => bound !== undefined,
  );
  return new Kind(
    { ...schema, ...Object.fromEntries(bounds) },
    (value, path) => {
      if (!fits(value)) throw misfit(path, value, expected);
      if (minimum !== undefined && value < minimum) throw misfit(path, value, `${expected}, ${minimum} at least`);
      if (maximum !== undefined && value > maximum) throw misfit(path, value, `${expected}, ${maximum} at most`);
      if (pattern !== undefined && !new RegExp(pattern).test(value))
        throw misfit(path, value, `${expected} that matches ${pattern}`);
      return value;
    },
    options,
  );
}

export const integer = (options) => simple({ type: "integer" }, "an integer", Number.isSafeInteger, options);
export const number = (options) =>
  simple({ type: "number" }, "a number", (value) => typeof value === "number", options);
export const text = (options) => simple({ type: "string" }, "a string", (value) => typeof value === "string", options);
export const boolean = (options) =>
  simple({ type: "boolean" }, "true or false", (value) => typeof value === "boolean", options);
export const json = (options) => simple({}, "any value", () => true, options);

export function choice(values, options) {
  const expected = `one of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
  return simple({ enum: values }, expected, (value) => values.includes(value), options);
}

export function list(items, options) {
  const check = (value, path) => {
    if (!Array.isArray(value)) throw misfit(path, value, "an array");
    return value.map((item, i) => items.check(item, `${path}[${i}]`));
  };
  return new Kind({ type: "array", items: items.schema }, check, options);
}

export function dictionary(values, options) {
  const check = (value, path) => {
    if (!isObject(value)) throw misfit(path, value, "an object");
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, values.check(member, `${path}.${key}`)]),
    );
  };
  return new Kind({ type: "object", additionalProperties: values.schema }, check, options);
}

export function record(members, options) {
  const entries = Object.entries(members);
  for (const [key, kind] of entries) {
    if (!(kind instanceof Kind))
      throw new TypeError(`config key \`${key}\` is no description: say integer(), text() or the like`);
  }
  const schema = {
    type: "object",
    properties: Object.fromEntries(entries.map(([key, kind]) => [key, kind.schema])),
    required: entries.filter(([, kind]) => kind.required).map(([key]) => key),
    additionalProperties: false,
  };
  return new Kind(schema, (value, path) => checkMembers(entries, value, path), options);
}

function checkMembers(entries, value, path) {
  if (!isObject(value)) throw misfit(path, value, "an object");
  for (const key of Object.keys(value)) {
    if (entries.some(([known]) => known === key)) continue;
    const known = entries.map(([name]) => `\`${name}\``).join(", ");
    throw badConfig(`$${path}: unknown key \`${key}\`, ${known ? `expected one of ${known}` : "no keys are expected"}`);
  }
  const checked = {};
  for (const [key, kind] of entries) {
    if (value[key] !== undefined && (value[key] !== null || kind.required))
      checked[key] = kind.check(value[key], `${path}.${key}`);
    else if (kind.required)
      throw badConfig(`$${path}: the key \`${key}\` is missing, expected ${expectation(kind.schema)}`);
    else checked[key] = structured(kind.byDefault);
  }
  return checked;
}

/** The configuration in JSON, checked. Nothing means an empty one. */
export function checked(kind, text) {
  let value;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    throw badConfig(`the configuration is no JSON: ${error.message}`);
  }
  return kind.check(value ?? {}, "");
}

function misfit(path, value, expected) {
  const key = /[^.]*$/.exec(path)[0];
  const about = key ? `\`${key}\` is ` : "";
  return badConfig(`$${path}: ${about}${shown(value)}, expected ${expected}`);
}

function shown(value) {
  const text = JSON.stringify(value) ?? String(value);
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return kind === "null" ? "null" : `the ${kind} ${text.length > 60 ? `${text.slice(0, 60)}..` : text}`;
}

function expectation(schema) {
  if (schema.enum) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  const names = {
    integer: "an integer",
    number: "a number",
    string: "a string",
    boolean: "true or false",
    array: "an array",
    object: "an object",
  };
  return names[schema.type] ?? "a value";
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A default is shared by all calls: each gets a copy of its own. */
const structured = (value) => (typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value);
