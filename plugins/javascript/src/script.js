// A script, opened: evaluated, its function chosen, bound to its configuration and input.

import { Session, badConfig, declaredBy, describe, nameScript, sdk, unsupported } from "@tenon/sdk/script";
import { asFunction } from "./module.js";
import { rejectRow, rowFunction } from "./rows.js";

/** What the engine calls text that it evaluates. */
const EVALUATED = "<input>";

/** What stands in for a script that is only looked at. */
const PASSES = "function batch(batch) { return batch; }";

/** What `script` opens: the function in the script, called as if it had been built in. */
export function opened({ script, file, function: name, config = {}, check = false }, input) {
  nameScript(EVALUATED, file);
  if (check) {
    parsed(asFunction(script, file));
    return opened({ script: PASSES, file }, input);
  }
  const chosen = choose(evaluated(script, file), name, file);
  refuse(chosen, file);
  const session = new Session(chosen, JSON.stringify(config), input);
  return { output: session.output, process: (batch) => session.running.process(batch, session.config) };
}

/** Runs the script: the functions that it declares, and everything else at its top by name. */
function evaluated(text, file) {
  const offered = { ...sdk, reject: rejectRow, job: () => refuseJob(file) };
  Object.assign(globalThis, offered);
  const run = parsed(asFunction(text, file));
  const { result, declared } = declaredBy(() => run(offered));
  for (const [name, value] of Object.entries(result)) {
    if (declared.includes(value)) value.name ??= name;
  }
  return { declared, top: result };
}

/** A mistake in the script's form is its author's, and not a defect of this plugin. */
function parsed(text) {
  try {
    // Not by this function's own `eval`, which would see its variables.
    return (0, eval)(text);
  } catch (error) {
    throw error instanceof SyntaxError ? badConfig(describe(error)) : error;
  }
}

/** The function that is meant: a declared one, or a plain one of rows or batches. */
function choose({ declared, top }, name, file) {
  const plain = (called) => (typeof top[called] === "function" ? plainFunction(called, top) : undefined);
  const names = declared.map((one) => one.name).filter(Boolean);
  if (name !== undefined) {
    const named = declared.find((one) => one.name === name) ?? plain(name);
    if (named) return named;
    const there = [
      ...names,
      ...Object.keys(top).filter((key) => typeof top[key] === "function" && !names.includes(key)),
    ];
    throw badConfig(`there is no function \`${name}\` in ${file}; its functions are ${there.join(", ") || "none"}`);
  }
  if (declared.length === 1) return { ...declared[0], name: declared[0].name ?? "script" };
  if (declared.length > 1) {
    throw badConfig(
      `${file} declares several functions, ${names.join(", ")}: say which one is meant with \`function\``,
    );
  }
  const found = plain("row") ?? plain("batch") ?? plain("process");
  if (found) return found;
  throw badConfig(
    `${file} has nothing to call: declare a transform, transform({ process(batch) { .. } }), or write a function \`row(row)\` ` +
      "or `batch(batch)`",
  );
}

/** A function that takes `batch` first is called with batches, any other with rows. */
function plainFunction(name, top) {
  const call = top[name];
  const takesBatch = /^(?:function\s*\w*)?\s*\(?\s*batch\b/.test(String(call));
  if (!takesBatch) return rowFunction(name, call, top);
  return { name, doc: "", shape: "batchwise", stateless: true, kind: { check: (value) => value }, process: call };
}

/** What a script's function can't be, since its batches go to several sandboxes. */
function refuse({ name, shape, stateless }, file) {
  if (shape === "scalar") {
    throw unsupported(
      `\`${name}\` in ${file} is a function for SQL: give it a project of its own, with \`tenon new NAME --lang js\``,
    );
  }
  if (!stateless) {
    throw unsupported(
      `\`${name}\` in ${file} keeps something between batches, but a script's batches go to several sandboxes: give it a project ` +
        "of its own, or say `stateless: true` if that doesn't matter",
    );
  }
}

function refuseJob(file) {
  throw unsupported(
    `${file} has a job, which drives a whole run: make it a project with \`tenon new NAME --lang js --kind job\``,
  );
}
