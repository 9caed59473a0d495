import type { Batch } from "./batch.js";
import type { Schema } from "./schema.js";
import type { Declared } from "./transform.js";

/** What stands in a source's or sink's table of a job file. */
export type Table = Record<string, unknown>;
/** Options by their path in the table: `{ "csv.null": ["NA"], mode: "overwrite" }`. */
export type TableOptions = Record<string, unknown>;

/** Tables of files by their format, and of connectors. */
export interface Tables {
  /** CSV files. */
  csv(url: string, options?: TableOptions): Table;
  /** Files with values separated by tabs. */
  tsv(url: string, options?: TableOptions): Table;
  /** Files with one JSON object per line. */
  ndjson(url: string, options?: TableOptions): Table;
  /** Parquet files. */
  parquet(url: string, options?: TableOptions): Table;
  /** Avro files. */
  avro(url: string, options?: TableOptions): Table;
  /** Whatever a connector reads or writes. */
  connector(name: string, options?: TableOptions): Table;
}

/** What a script reads: `source.csv("data/flights.csv.gz", { "csv.null": ["NA"] })`. */
export const source: Tables;
/** Where a script writes: `sink.parquet("out/flights/", { partition_by: ["carrier"], mode: "overwrite" })`. */
export const sink: Tables;

/** Which rows of a join survive. */
export type JoinKind = "inner" | "left" | "right" | "full" | "semi" | "anti";

/** What a sink has taken. It becomes visible when the job has ended well. */
export interface Written {
  /** Rows written. */
  rows: number;
  /** Bytes written. */
  bytes: number;
  /** Files, tables or messages. */
  objects: number;
}

/**
 * A query that has not run: `write`, `collect` and `count` run it. Rows never enter the script's sandbox, unless it collects
 * them. Planning happens as a frame is made, so that a wrong column is an error where it was named.
 */
export class Frame {
  private constructor();
  /** The columns that it will have. */
  readonly schema: Schema;
  /** The rows for which a SQL predicate is true. */
  filter(predicate: string): Frame;
  /** The named columns, in that order. */
  select(...names: (string | readonly string[])[]): Frame;
  /** One column per SQL expression: `project("carrier", "amount * rate as total")`. */
  project(...expressions: (string | readonly string[])[]): Frame;
  /** This frame with columns added, or replaced where a name is taken: SQL expressions by name. */
  withColumns(columns: Record<string, string>): Frame;
  /** Rows of this frame and another, paired where the columns `on` are equal. */
  join(other: Frame, on: string | readonly string[], kind?: JoinKind): Frame;
  /** The rows of both, columns matched by name. */
  union(other: Frame): Frame;
  /** One row per group: the group's columns, and one column per SQL expression such as `sum(amount) as total`. */
  aggregate(groupBy: string | readonly string[], expressions: string | readonly string[]): Frame;
  /** Ordered by SQL order expressions: `sort("amount desc", "id")`. */
  sort(...by: (string | readonly string[])[]): Frame;
  /** The first rows. */
  limit(rows: number): Frame;
  /** Passes the rows through a function: one of this project, or `"plugin:function"`. */
  apply(transform: Declared | string, config?: Record<string, unknown>): Frame;
  /** The rows that functions rejected on the way to this frame, with the step and the reason. */
  rejected(): Frame;
  /** Runs the frame into a sink: a URL or a table. */
  write(sink: string | Table): Written;
  /** Runs the frame and hands its batches to the script. `limit` past what a sandbox may hold. */
  collect(): Batch[];
  /** Runs the frame and counts its rows. */
  count(): number;
}

/** The run that a script drives. */
export class Context {
  private constructor();
  /** A source: the URL of files, the name of a table that the job knows, or a table. */
  read(source: string | Table): Frame;
  /** A SQL query over frames, which are its tables by these names. */
  sql(query: string, frames: Record<string, Frame>): Frame;
  /**
   * A parameter of the job, of the type of its default; as text where there is none. `bad-config` if it is missing or
   * doesn't fit.
   */
  param(name: string): string;
  param(name: string, byDefault: number): number;
  param(name: string, byDefault: boolean): boolean;
  param(name: string, byDefault: string): string;
  /** A secret by name. `denied` unless the job was granted it. */
  secret(name: string): string;
}

/** What a job is. */
export type Script = (ctx: Context) => void;
/** Declares what the project does as a whole job: it reads, transforms and writes. A project has one at most. */
export function job(run: Script): Script;
