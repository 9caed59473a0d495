import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, column } from "@tenon/sdk";
import { run } from "@tenon/sdk/testing";
import { categorise } from "../src/index.js";
import { categoryOf } from "../src/category.js";
import { impossible } from "../src/plausible.js";
import { clean, isAmerican } from "../src/tailNumber.js";

const flights = () =>
  Batch.from({
    dep_delay: column("int64", [2, null, 4, -3, 0]),
    arr_delay: column("int64", [11, null, 20, -18, 150]),
    tailnum: column("utf8", [" n14228", null, "N24211", "D942DN", "N668DN"]),
    air_time: column("int64", [227, null, 65, 183, 116]),
    distance: column("int64", [1400, 1416, 762, 1576, 762]),
  });

test("flights are categorised, cleaned and refused", () => {
  const { batches, rejected } = run(categorise, {}, flights());
  const [batch] = batches;
  assert.deepEqual(batch.strings("delay_category").toArray(), ["on time", "cancelled", "very late"]);
  assert.deepEqual(batch.strings("tailnum").toArray(), ["N14228", null, "N668DN"]);
  assert.deepEqual(
    rejected.map(({ row }) => row),
    [2, 3],
  );
  assert.match(rejected[1].reason, /^D942DN is no tail number/);
});

test("thresholds must be in order", () => {
  assert.throws(() => run(categorise, { late_after: 30, very_late_after: 20 }, flights()), {
    kind: "bad-config",
    message: "very_late_after (20 minutes) is less than late_after (30 minutes)",
  });
});

test("every flight has a category", () => {
  const of = (arrival: number | null) => categoryOf({ late_after: 15, very_late_after: 120 }, 0, arrival);
  assert.deepEqual([-1, 0, 15, 16, 120, 121, null].map(of), [
    "early",
    "on time",
    "on time",
    "late",
    "late",
    "very late",
    "diverted",
  ]);
});

test("impossible flights are told apart", () => {
  const flight = (airTime: number, distance: number) =>
    impossible({ departureDelay: 0, arrivalDelay: 0, airTime, distance });
  assert.equal(flight(227, 1400), undefined);
  assert.equal(flight(65, 762), "762 miles in 65 minutes are 703 mph, above 700");
  assert.equal(flight(-5, 762), "-5 minutes in the air");
  assert.equal(flight(60, 0), "0 miles between its airports");
});

test("tail numbers are cleaned and checked", () => {
  assert.deepEqual([" n14228 ", "  ", null].map(clean), ["N14228", null, null]);
  assert.deepEqual(["N14228", "N619AA", "D942DN", "N", "N123456", "NABC"].map(isAmerican), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
