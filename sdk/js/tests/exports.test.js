// The types are written by hand beside the code: both have to offer the same.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import * as sdk from "@tenon/sdk";
import * as testing from "@tenon/sdk/testing";

const types = new URL("../types/", import.meta.url);

/** The values that files of types declare. */
function declared(files) {
  const text = files.map((file) => readFileSync(new URL(file, types), "utf8")).join("\n");
  const names = text.matchAll(/^export (?:abstract )?(?:class|function|const) (\w+)/gm);
  return [...new Set(Array.from(names, ([, name]) => name))].sort();
}

test("every export has its type, and every type its export", () => {
  const files = readdirSync(types).filter((file) => !["index.d.ts", "testing.d.ts"].includes(file));
  // A script is given its context, and doesn't make one.
  const given = ["Context"];
  assert.deepEqual(
    declared(files).filter((name) => !given.includes(name)),
    Object.keys(sdk).sort(),
  );
  assert.deepEqual(declared(["testing.d.ts"]), Object.keys(testing).sort());
});

test("members that types promise are there", () => {
  const text = readFileSync(new URL("batch.d.ts", types), "utf8");
  const members = text.slice(text.indexOf("class Batch")).matchAll(/^ {2}(?:readonly |static )?(\w+)[(:<]/gm);
  for (const [line, name] of members) {
    const holder = line.includes("static") ? sdk.Batch : sdk.Batch.prototype;
    if (name !== "private") assert.ok(name in holder, name);
  }
});
