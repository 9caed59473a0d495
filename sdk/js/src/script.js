// For interpreters, whose functions are declared while a component runs, and not while it is built: the SDK with what it
// declares and opens functions by.

import * as sdk from "./index.js";

export * from "./index.js";
export { sdk };
export { Session } from "./session.js";
export { describe, nameScript } from "./trace.js";
export { declaredBy } from "./transform.js";
