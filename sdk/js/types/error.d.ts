/** What a caller can do about an error. Only `transient` is tried again. */
export type ErrorKind = "bad-data" | "bad-config" | "transient" | "unsupported" | "denied" | "limit" | "internal";

/** An error with a message for people, a kind for the engine, and what was being done when it happened. */
export class TenonError extends Error {
  constructor(kind: ErrorKind, message: string, context?: string[]);
  /** What a caller can do about it. */
  readonly kind: ErrorKind;
  /** What was being done, from the outside in. */
  readonly context: string[];
  /** Adds what was being done around it. */
  within(what: string): this;
}

/** The data are wrong; the same data will fail again. */
export function badData(message: string): TenonError;
/** The configuration or the plugin is wrong. */
export function badConfig(message: string): TenonError;
/** Worth trying again. */
export function transient(message: string): TenonError;
/** Not something that this plugin does. */
export function unsupported(message: string): TenonError;
/** A defect of the plugin. */
export function internal(message: string): TenonError;
