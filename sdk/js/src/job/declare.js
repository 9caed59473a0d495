// The one job of a component.

import { Context } from "./context.js";

let declared;

/** Declares what the component does as a script. */
export function job(run) {
  if (typeof run !== "function") throw new TypeError("job takes a function: job((ctx) => { .. })");
  if (declared) throw new TypeError("a project has one job, and this is the second that it declares");
  declared = run;
  return run;
}

/** Runs it. */
export function runJob(run = declared) {
  if (!run) throw new TypeError("the project declares no job");
  const answer = run(new Context());
  if (typeof answer?.then === "function") {
    throw new TypeError("the job answered with a promise: scripts in a sandbox can't wait, so leave out `async`");
  }
}
