// What a script starts from.

import { badConfig } from "../error.js";
import { parameter, secret } from "../host.js";
import { Frame } from "./frame.js";

const READERS = {
  number(text) {
    const value = Number(text);
    return text.trim() === "" || Number.isNaN(value) ? undefined : value;
  },
  boolean: (text) => ({ true: true, false: false })[text],
  string: (text) => text,
};

export class Context {
  read(source) {
    return Frame.read(source);
  }

  sql(query, frames) {
    return Frame.sql(query, frames);
  }

  /** A parameter of the job, of the type of its default; as text where there is none. */
  param(name, byDefault) {
    const text = parameter(name);
    if (text === undefined) {
      if (byDefault === undefined) throw badConfig(`the job has no parameter \`${name}\``);
      return byDefault;
    }
    const type = byDefault === undefined ? "string" : typeof byDefault;
    const value = READERS[type]?.(text);
    if (value === undefined) throw badConfig(`the parameter \`${name}\` is \`${text}\`, which is no ${type}`);
    return value;
  }

  secret(name) {
    return secret(name);
  }
}
