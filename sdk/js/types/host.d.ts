/** Writes to the run's log. `console` does so too. */
export const log: {
  /** Each step of an algorithm. */
  trace(message: string): void;
  /** For whoever develops the plugin. */
  debug(message: string): void;
  /** For whoever runs the job. */
  info(message: string): void;
  /** Something looks wrong, the run goes on. */
  warn(message: string): void;
  /** Something failed. */
  error(message: string): void;
};

/** Adds to a counter of the run's metrics; 1 unless told otherwise. */
export function count(metric: string, amount?: number): void;
/** A job parameter by name, as text. */
export function parameter(name: string): string | undefined;
/** A secret by name. `denied` unless the job was granted it. */
export function secret(name: string): string;
/** The run's clock. `Date.now()` is the sandbox's. */
export function now(): Date;
/** The run's clock, in nanoseconds since 1970. */
export function instant(): bigint;
/** Random bytes, at most 64 KiB per call. */
export function random(bytes: number): Uint8Array;

/** Values kept between runs of a job, saved with the run's commit. */
export const state: {
  /** A value, if there is one. */
  get(key: string): Uint8Array | undefined;
  /** A value as text, if there is one. */
  getText(key: string): string | undefined;
  /** Sets a value. `limit` past the run's state quota. */
  put(key: string, value: Uint8Array | string): void;
  /** Removes a value, if it is there. */
  delete(key: string): void;
};

/** A column's name as it must stand in a SQL expression, so that upper case, spaces and keywords work. */
export function quote(name: string): string;
/** A text as it must stand in a SQL expression. Never a secret: errors quote expressions. */
export function literal(text: string): string;
/** The days from 1970-01-01 to a date, for `date32`. */
export function daysOf(date: Date): number;
/** The time since 1970 in a unit, for `timestamp[unit]`. */
export function timestampOf(date: Date, unit: "s" | "ms" | "us" | "ns"): bigint;
