// What a function fails with: a kind for the engine, a message for people, and what was being done.

/** The kinds, by their names in the contract. */
export const KINDS = ["bad-data", "bad-config", "transient", "unsupported", "denied", "limit", "internal"];

export class TenonError extends Error {
  constructor(kind, message, context = []) {
    super(message);
    this.name = "TenonError";
    if (!KINDS.includes(kind)) {
      throw new TypeError(`\`${kind}\` is no kind of error; the kinds are ${KINDS.join(", ")}`);
    }
    this.kind = kind;
    this.context = context;
  }

  within(what) {
    this.context.unshift(what);
    return this;
  }

  toString() {
    return [...this.context, this.message].join(": ");
  }
}

export const badData = (message) => new TenonError("bad-data", message);
export const badConfig = (message) => new TenonError("bad-config", message);
export const transient = (message) => new TenonError("transient", message);
export const unsupported = (message) => new TenonError("unsupported", message);
export const internal = (message) => new TenonError("internal", message);

/** Errors of the host carry the contract's record as `payload`; everything else stays what it is. */
export function fromHost(error) {
  const payload = error?.payload;
  if (payload && typeof payload === "object" && KINDS.includes(payload.kind)) {
    return new TenonError(payload.kind, payload.message, [...payload.context]);
  }
  return error;
}
