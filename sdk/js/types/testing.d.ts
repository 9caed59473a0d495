import type { Batch } from "./batch.js";
import type { Context, Script } from "./job.js";
import type { Schema, TypeName } from "./schema.js";
import type { Declared } from "./transform.js";

/** What came of one call. */
export interface Output {
  /** The batches, in order. */
  batches: Batch[];
  /** Rows of the input that were refused, in the order in which they were. */
  rejected: { row: number; reason: string }[];
}

/** A function that is bound to its configuration and input. */
export interface Opened {
  /** The schema that the function says its output has. */
  readonly output: Schema;
  /** Gives it one batch. */
  process(batch: Batch): Output;
  /** Ends it. */
  finish(): Output;
}

/** Binds a function, by itself or by its name, as the host does. */
export function open(transform: Declared | string, config: Record<string, unknown>, input: Schema): Opened;
/** Opens a function, gives it one batch and finishes it. */
export function run(transform: Declared | string, config: Record<string, unknown>, batch: Batch): Output;
/** Runs a job. */
export function runScript(script: Script): void;
/** What a job is called with. */
export function context(): Context;

/** Forgets everything that was set, logged, counted and kept: for `beforeEach`. */
export function reset(): void;
/** Sets a job parameter. */
export function setParameter(name: string, value: string | number | boolean): void;
/** Grants a secret. */
export function setSecret(name: string, value: string): void;
/** Sets the run's clock, which otherwise stands at 1970. */
export function setNow(date: Date): void;
/** Sets a value that earlier runs kept. */
export function setState(key: string, value: Uint8Array | string): void;
/**
 * Says what a SQL expression comes to, which only the host can compute: its type, and its value for a row. Columns by their
 * names need no such help.
 */
export function expression(text: string, type: TypeName, compute: (row: Record<string, any>) => unknown): void;
/** Gives the script a source, by the name or URL with which it reads it. Given again, there are more rows. */
export function source(name: string, batch: Batch): void;
/**
 * Gives the result of the next operation that only the host can run: a query, a join, an aggregation, a sort, a
 * function of another plugin.
 */
export function answer(batch: Batch): void;
/** What the script wrote to this URL. */
export function written(url: string): Batch[];
/** What the script asked for, in order: `filter status = 'paid'`. */
export function operations(): string[];
/** What was logged, in order. */
export function logs(): { level: "trace" | "debug" | "info" | "warn" | "error"; message: string }[];
/** The sum of what was counted under this name. */
export function counter(metric: string): number;
