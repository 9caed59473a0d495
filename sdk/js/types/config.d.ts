/** What every key of a configuration may be told. */
export interface KeyOptions<T> {
  /** What it means, for people. */
  doc?: string;
  /** Its value where the configuration doesn't say. */
  default?: T;
  /** Whether it may be missing; it is `undefined` then. */
  optional?: boolean;
}

/** Bounds of a number. */
export interface NumberOptions extends KeyOptions<number> {
  /** The least value. */
  minimum?: number;
  /** The greatest value. */
  maximum?: number;
}

/** The form of a text. */
export interface TextOptions extends KeyOptions<string> {
  /** What it must match. */
  pattern?: RegExp | string;
}

declare const value: unique symbol;

/** What values of a key look like. `T` is what the function gets. */
export interface Kind<T> {
  readonly [value]: T;
  /** Its JSON Schema. */
  readonly schema: Record<string, unknown>;
}

/** `T`, or `undefined` where the key is optional and has no default. */
type Maybe<T, O> = O extends { optional: true } ? (O extends { default: unknown } ? T : T | undefined) : T;

/** A whole number. */
export function integer<const O extends NumberOptions>(options?: O): Kind<Maybe<number, O>>;
/** A number. */
export function number<const O extends NumberOptions>(options?: O): Kind<Maybe<number, O>>;
/** A string. */
export function text<const O extends TextOptions>(options?: O): Kind<Maybe<string, O>>;
/** True or false. */
export function boolean<const O extends KeyOptions<boolean>>(options?: O): Kind<Maybe<boolean, O>>;
/** One of some values. */
export function choice<const V extends string | number | boolean, const O extends KeyOptions<NoInfer<V>>>(
  values: readonly V[],
  options?: O,
): Kind<Maybe<V, O>>;
/** A list of values of one kind. */
export function list<T, const O extends KeyOptions<readonly NoInfer<T>[]>>(
  items: Kind<T>,
  options?: O,
): Kind<Maybe<T[], O>>;
/** An object of any keys, with values of one kind. */
export function dictionary<T, const O extends KeyOptions<Record<string, NoInfer<T>>>>(
  values: Kind<T>,
  options?: O,
): Kind<Maybe<Record<string, T>, O>>;
/** An object of these keys. */
export function record<M extends Members, const O extends KeyOptions<ConfigOf<M>>>(
  members: M,
  options?: O,
): Kind<Maybe<ConfigOf<M>, O>>;
/** Anything that JSON can say. */
export function json<const O extends KeyOptions<unknown>>(options?: O): Kind<unknown>;

/** A configuration, described: its keys. */
export type Members = Record<string, Kind<unknown>>;
/** What a function gets of a configuration that is described so. */
export type ConfigOf<M extends Members> = { [K in keyof M]: M[K] extends Kind<infer T> ? T : never };
