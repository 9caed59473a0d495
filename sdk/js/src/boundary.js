// What stands on the other side: the host, or in tests what stands in for it. Whoever starts the SDK says which.

import { unsupported } from "./error.js";

let other;

/**
 * Says who stands on the other side: an object with `batches`, `host` and, for scripts, `pipeline`. One that
 * `computesNothing` is given no expressions but those of the user.
 */
export function connect(boundary) {
  other = boundary;
}

export function boundary() {
  if (!other) {
    throw unsupported('outside a sandbox there is no host: in tests, import "@tenon/sdk/testing" first');
  }
  return other;
}
