// Run with `npm install && npm test`: a stand-in for the host holds the rows. The SDK is in .tenon/sdk/js, where `tenon new`
// and each `tenon build` put it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, column } from "@tenon/sdk";
import { run } from "@tenon/sdk/testing";
import { classify } from "../src/index.js";

test("sizes are told and negative amounts rejected", () => {
  const orders = Batch.from({ amount: column("float64", [20, 250, -1, null]) });
  const { batches, rejected } = run(classify, { large_from: 100 }, orders);
  assert.deepEqual(batches[0].strings("size").toArray(), ["small", "large", null]);
  assert.deepEqual(rejected, [{ row: 2, reason: "the amount is negative" }]);
});
