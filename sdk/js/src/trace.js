// Stacks of uncaught exceptions, with the files and lines that a person wrote.
//
// The engine runs a bundle, `main.js`, beside the SDK. The build leaves a table of its lines in `globalThis`, so that a frame
// in the bundle can be shown as the place in the source that it came from.

import { TenonError } from "./error.js";

/** How many frames are shown: an endless recursion has thousands. */
const SHOWN = 16;

/** What the contract makes of anything that was thrown. */
export function errorOf(thrown) {
  if (thrown instanceof TenonError) {
    // The first place outside the SDK: which of the calls it was.
    const [place] = framesOf(thrown.stack ?? "");
    const message = place ? `${thrown.message}\n    at ${place}` : thrown.message;
    return { kind: thrown.kind, message, context: thrown.context.map(String) };
  }
  if (isOutOfMemory(thrown)) {
    const frames = framesOf(thrown.stack ?? "").map((frame) => `\n    at ${frame}`);
    const message = "the memory of the sandbox is used up; raise `limits.memory` if the function really needs more";
    return { kind: "limit", message: message + frames.join(""), context: [] };
  }
  return { kind: "internal", message: describe(thrown), context: [] };
}

/** The engine notices that the host gives no more memory before the host has to end the call. */
function isOutOfMemory(thrown) {
  return thrown instanceof Error && thrown.name === "InternalError" && thrown.message === "out of memory";
}

/** What was thrown, with where. */
export function describe(thrown) {
  if (!(thrown instanceof Error)) return `${typeof thrown === "string" ? thrown : shown(thrown)} was thrown`;
  const frames = framesOf(thrown.stack ?? "");
  const cause = thrown.cause === undefined ? "" : `\ncaused by ${describe(thrown.cause)}`;
  const hint = hintFor(thrown);
  return `${thrown.name}: ${thrown.message}${hint}${frames.map((frame) => `\n    at ${frame}`).join("")}${cause}`;
}

function shown(value) {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function hintFor(thrown) {
  const [, name] = /^'?(\w+)'? is not defined$/.exec(thrown.message) ?? [];
  if (!name) return "";
  if (["require", "process", "Buffer", "__dirname", "module"].includes(name)) {
    return ` (it is a part of Node; the sandbox has the JavaScript language and @tenon/sdk only)`;
  }
  if (["fetch", "setTimeout", "setInterval", "XMLHttpRequest", "window", "document"].includes(name)) {
    return ` (the sandbox has no network, no timers and no page)`;
  }
  return "";
}

/** The frames of a stack, the engine's own left out. */
function framesOf(stack) {
  const frames = stack
    .split("\n")
    .map((line) => line.trim().replace(/^at /, ""))
    .filter((line) => line && !line.includes("native)") && !/^\w*Error\b/.test(line))
    .map(placed)
    .filter((frame) => frame !== undefined);
  const more = frames.length - SHOWN;
  return more > 0 ? [...frames.slice(0, SHOWN), `${more} more`] : frames;
}

/** A frame with its place in the sources; nothing for the SDK's own. */
function placed(frame) {
  const [, name, file, line, column] = /^(?:(.*) )?\(?(.*?):(\d+)(?::(\d+))?\)?$/.exec(frame) ?? [];
  if (file === undefined) return frame;
  const place = script ? scriptPlace(file, Number(line), column) : sourceOf(file, Number(line));
  if (!place) return frame;
  const [source, at, col] = place;
  if (source === "") return undefined;
  const where = col ? `${source}:${at}:${col}` : `${source}:${at}`;
  return name && name !== "<anonymous>" && name !== "<eval>" ? `${name} (${where})` : where;
}

/**
 * Where the build leaves its table, in JSON: `sources`, and runs of lines as [first line, source, first line in it].
 */
const LINES = Symbol.for("tenon.lines");
let table;

/** The source of a line of the bundle, without a name where the build or the SDK made it; nothing without a bundle. */
function sourceOf(file, line) {
  if (!globalThis[LINES]) return undefined;
  if (!file.endsWith("main.js")) return ["", 0];
  const { sources, runs } = (table ??= JSON.parse(globalThis[LINES]));
  const run = runs.findLast(([first]) => first <= line);
  if (!run) return ["", 0];
  const [first, source, at] = run;
  return [sources[source], at + line - first];
}

/** Where there is a script, the interpreter around it is left out. */
function scriptPlace(file, line, column) {
  return file === script.evaluated ? [script.name, line, column] : ["", 0];
}

let script;

/** Says that what the engine calls `evaluated` is a script of this name. */
export function nameScript(evaluated, name) {
  script = { evaluated, name };
}
