// Declares the functions of a component. Declaring is registering: the build keeps what the entry module imports.

import { record } from "./config.js";
import { badConfig } from "./error.js";

const registered = [];

const KEYS = {
  transform: ["name", "doc", "config", "reads", "stateless", "open", "process", "finish"],
  scalar: ["name", "doc", "config", "reads", "returns", "each", "process"],
};

/** A function that takes batches and answers with batches. */
export function transform(definition) {
  check("transform", definition);
  if ((definition.open === undefined) === (definition.process === undefined)) {
    throw new TypeError(
      `${called("transform", definition)} needs either \`process\` or, to keep something between batches, \`open\``,
    );
  }
  if (definition.finish && definition.open) {
    throw new TypeError(`${called("transform", definition)}: \`finish\` belongs to what \`open\` answers with`);
  }
  return register({
    ...definition,
    shape: "batchwise",
    // What is kept between batches sees only a part of them in each sandbox.
    stateless: definition.stateless ?? (definition.open === undefined && definition.finish === undefined),
  });
}

/** A function of one value per row, for SQL. */
export function scalar(definition) {
  check("scalar", definition);
  if ((definition.each === undefined) === (definition.process === undefined)) {
    throw new TypeError(
      `${called("scalar", definition)} needs either \`each\`, for one row, or \`process\`, for a batch`,
    );
  }
  if (definition.each && !definition.returns) {
    throw new TypeError(`${called("scalar", definition)} needs \`returns\`, the type of its values`);
  }
  return register({ ...definition, shape: "scalar", stateless: true });
}

function check(kind, definition) {
  const unknown = Object.keys(definition).find((key) => !KEYS[kind].includes(key));
  if (unknown) {
    throw new TypeError(`${called(kind, definition)} has no key \`${unknown}\`; the keys are ${KEYS[kind].join(", ")}`);
  }
}

const called = (kind, { name }) => (name ? `${kind} \`${name}\`` : kind);

function register(definition) {
  const declared = {
    ...definition,
    doc: definition.doc ?? "",
    kind: record(definition.config ?? {}),
  };
  registered.push(declared);
  return declared;
}

/** Names what has no name of its own by the name under which it is exported. */
export function nameByExports(exports) {
  for (const [name, value] of Object.entries(exports)) {
    if (registered.includes(value)) value.name ??= name;
  }
}

/**
 * The name of a declared function. Tests, which don't go through the build, know no exports: there it gets one by its
 * place.
 */
export function nameOf(declared) {
  if (registered.includes(declared) && !declared.name)
    registered.forEach((one, i) => (one.name ??= `function_${i + 1}`));
  return declared?.name;
}

/** Every function that was declared, by name. */
export function functions() {
  const nameless = registered.find((declared) => !declared.name);
  if (nameless) {
    const doc = nameless.doc ? ` (${nameless.doc.split("\n")[0]})` : "";
    throw badConfig(
      `a ${nameless.shape === "scalar" ? "scalar" : "transform"}${doc} has no name: export it, or give it \`name\``,
    );
  }
  const sorted = [...registered].sort((one, other) => (one.name < other.name ? -1 : 1));
  const twice = sorted.find((declared, i) => i > 0 && sorted[i - 1].name === declared.name);
  if (twice) throw badConfig(`there are two functions named \`${twice.name}\``);
  return sorted;
}

/** Forgets what was declared from here on: for whoever evaluates scripts one after the other. */
export function declaredBy(evaluate) {
  const before = registered.length;
  try {
    const result = evaluate();
    return { result, declared: registered.slice(before) };
  } finally {
    registered.length = before;
  }
}

/** What a loader needs to know of each function. */
export function described() {
  return functions().map(({ name, doc, shape, kind, reads, stateless }) => ({
    name,
    doc,
    shape,
    config: JSON.stringify({ $schema: "https://json-schema.org/draft/2020-12/schema", ...kind.schema }),
    reads: reads ?? null,
    stateless,
  }));
}
