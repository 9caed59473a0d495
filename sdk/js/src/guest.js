// The exports of a component: the interface `transform`.

import { Batch } from "./batch.js";
import { connect } from "./boundary.js";
import { flatten, unflatten } from "./schema.js";
import { furnish, reseed } from "./sandbox.js";
import { Session } from "./session.js";
import { errorOf } from "./trace.js";
import { described, nameByExports } from "./transform.js";

furnish();
reseed();

/** What the component exports, given what the user's entry module does, and the host's interfaces. */
export function guest(exports, host) {
  connect(host);
  nameByExports(exports);
  // Computed while the component is built: what is wrong with a declaration fails the build.
  const functions = described();
  let session;
  const transform = {
    describe: () => functions,
    open: (name, config, input) =>
      guarded(() => {
        session = Session.open(name, config, unflatten(input));
        return flatten(session.output.fields);
      }),
    process: (handle) => guarded(() => crossing(session.process(new Batch(handle, session.input)))),
    finish: () => guarded(() => crossing(session.finish())),
  };
  return { transform };
}

/** Everything that is thrown crosses as the contract's error. */
export function guarded(operation) {
  try {
    return operation();
  } catch (thrown) {
    throw errorOf(thrown);
  }
}

/** Batches are given away, each handle once: one that is answered with twice is shared before. */
function crossing({ batches, rejected }) {
  const given = batches.map((batch, i) => (batches.indexOf(batch) < i ? batch.share() : batch));
  return { batches: given.map((batch) => batch.release()), rejected };
}
