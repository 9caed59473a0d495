import type { Batch } from "./batch.js";
import type { Column } from "./column.js";
import type { ConfigOf, Members } from "./config.js";
import type { Schema, TypeName } from "./schema.js";

/** What a function may answer with. */
export type Answer = Batch | readonly Batch[] | undefined | null | void;

/** What all functions are told. */
interface Described<M extends Members> {
  /** Name by which jobs call it; that of the export, if it has none. */
  name?: string;
  /** What it does, in Markdown; the first line is its summary. */
  doc?: string;
  /** The keys of its configuration. */
  config?: M;
  /** The columns that it reads, where it knows them; others may then not reach it. */
  reads?: readonly string[];
}

/** A function over batches. */
export interface PlainTransform<M extends Members> extends Described<M> {
  /** Whether batches may go to several sandboxes in any order. They may, unless there is a `finish`. */
  stateless?: boolean;
  /**
   * Takes one batch. It is called with a batch without rows first, which tells the schema of what it makes; one that
   * answers with nothing then is taken to make what it gets.
   */
  process(batch: Batch, config: ConfigOf<M>): Answer;
  /** Ends, after the last batch of the partition; may answer with more batches. */
  finish?(config: ConfigOf<M>): Answer;
}

/** A function that keeps something between batches: `open` is called once per sandbox, and so per partition. */
export interface StatefulTransform<M extends Members> extends Described<M> {
  /** Whether batches may go to several sandboxes in any order; they may not, unless this says so. */
  stateless?: boolean;
  /** Starts, before the first batch. */
  open(config: ConfigOf<M>, input: Schema): Running;
}

/** What `open` answers with. */
export interface Running {
  /** The schema of what comes out; that of the input unless this says otherwise. */
  output?: Schema;
  /** Takes one batch. */
  process(batch: Batch): Answer;
  /** Ends, after the last batch; may answer with more batches. */
  finish?(): Answer;
}

/** A declared function. */
export interface Declared {
  /** Name by which jobs call it. */
  readonly name?: string;
}

/**
 * Declares a function that takes batches and answers with batches.
 *
 *     export const late = transform({
 *       doc: "Says which flights were late.",
 *       config: { late_after: integer({ doc: "Minutes behind schedule from which a flight is late.", default: 15 }) },
 *       process(batch, config) {
 *         const delays = batch.numbers("arr_delay").toArray();
 *         return batch.withColumn("late", column("boolean", delays.map((delay) => delay !== null && delay > config.late_after)));
 *       },
 *     });
 */
export function transform<M extends Members = {}>(definition: PlainTransform<M>): Declared;
export function transform<M extends Members = {}>(definition: StatefulTransform<M>): Declared;

/** A function of one value per row, for SQL, called row by row. */
export interface EachScalar<M extends Members> extends Described<M> {
  /** The type of its values. */
  returns: TypeName;
  /** The value for the arguments of one row, which may be `null`; the configuration comes last. */
  each(...values: any[]): unknown;
}

/** A function of one value per row, for SQL, called with whole batches. */
export interface BatchScalar<M extends Members> extends Described<M> {
  /** The type of its values, where it answers with an array. */
  returns?: TypeName;
  /** The column of values for the arguments, which are columns `arg_1`, `arg_2`, or those in `reads`. */
  process(batch: Batch, config: ConfigOf<M>): Column | readonly unknown[];
}

/** Declares a function of one value per row, for SQL. */
export function scalar<M extends Members = {}>(definition: EachScalar<M>): Declared;
export function scalar<M extends Members = {}>(definition: BatchScalar<M>): Declared;

/**
 * Refuses a row of the batch that the function was given: it goes to the job's reject sink with this reason, for people to
 * read. A row is refused once; the first reason stays. `batch.withoutRejected()` leaves the rows out.
 */
export function reject(row: number, reason: string): void;
