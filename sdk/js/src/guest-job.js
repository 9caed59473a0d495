// The exports of a component that drives a whole job: those of transforms, and the interface `job`.

import { guarded, guest as transforms } from "./guest.js";
import { runJob } from "./job/declare.js";

export function guest(exports, host) {
  return { ...transforms(exports, host), job: { run: () => guarded(() => runJob()) } };
}
