// Every function that the conformance suite asks of a language, written with the SDK as a user would.

export * from "./columns.js";
export * from "./failures.js";
export * from "./rows.js";
export * from "./run.js";
