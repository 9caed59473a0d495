// Run with `npm install && npm test`: a stand-in for the host holds the rows. The SDK is in .tenon/sdk/js, where `tenon new`
// and each `tenon build` put it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, column } from "@tenon/sdk";
import { runScript, source, written } from "@tenon/sdk/testing";
import { run } from "../src/index.js";

test("orders are classified and written", () => {
  source("data/orders.csv", Batch.from({ amount: column("float64", [20, 250, -1]) }));
  runScript(run);
  assert.deepEqual(written("out/classified.csv")[0].strings("size").toArray(), ["small", "large"]);
  assert.deepEqual(written("out/rejected.ndjson")[0].strings("rejected_because").toArray(), ["the amount is negative"]);
});
