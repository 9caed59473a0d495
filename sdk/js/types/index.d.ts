export * from "./batch.js";
export * from "./column.js";
export * from "./config.js";
export * from "./error.js";
export * from "./host.js";
export * from "./job.js";
export * from "./schema.js";
export * from "./transform.js";
