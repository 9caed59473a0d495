import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  Batch,
  TenonError,
  badData,
  boolean,
  choice,
  column,
  count,
  dictionary,
  field,
  instant,
  integer,
  list,
  log,
  now,
  number,
  parameter,
  random,
  record,
  reject,
  scalar,
  secret,
  state,
  text,
  transform,
} from "@tenon/sdk";
import * as testing from "@tenon/sdk/testing";
import { errorOf } from "../src/trace.js";
import { described } from "../src/transform.js";

beforeEach(() => testing.reset());

const configured = transform({
  name: "configured",
  doc: "Shows its configuration.",
  config: {
    late_after: integer({ doc: "Minutes.", minimum: 0 }),
    names: list(text(), { default: ["a"] }),
    mode: choice(["fast", "slow"], { default: "fast" }),
    inner: record({ deep: boolean() }, { optional: true }),
    rates: dictionary(number(), { default: {} }),
  },
  reads: ["id"],
  process: (batch, config) =>
    batch.withColumn("config", column("utf8", new Array(batch.rows).fill(JSON.stringify(config)))),
});
const ids = (...values) => Batch.from({ id: column("int64", values) });
const configOf = (config) => JSON.parse(testing.run(configured, config, ids(1)).batches[0].strings("config").get(0));

test("configurations are checked, and their defaults filled in", () => {
  assert.deepEqual(configOf({ late_after: 5 }), { late_after: 5, names: ["a"], mode: "fast", rates: {} });
  assert.deepEqual(configOf({ late_after: 5, inner: { deep: true }, rates: { eur: 1.5 } }).inner, { deep: true });
  const refused = [
    [{}, "$: the key `late_after` is missing, expected an integer"],
    [{ late_after: "x" }, '$.late_after: `late_after` is the string "x", expected an integer'],
    [{ late_after: 1.5 }, "$.late_after: `late_after` is the number 1.5, expected an integer"],
    [{ late_after: -1 }, "$.late_after: `late_after` is the number -1, expected an integer, 0 at least"],
    [{ late_after: 1, names: [1] }, "$.names[0]: `names[0]` is the number 1, expected a string"],
    [{ late_after: 1, mode: "x" }, '$.mode: `mode` is the string "x", expected one of "fast", "slow"'],
    [{ late_after: 1, inner: { deep: 1 } }, "$.inner.deep: `deep` is the number 1, expected true or false"],
    [{ late_after: 1, colour: 1 }, /\$: unknown key `colour`, expected one of `late_after`, `names`/],
  ];
  for (const [config, message] of refused) assert.throws(() => configOf(config), { kind: "bad-config", message });
});

test("functions describe themselves", () => {
  const [{ config, ...function_ }] = described().filter(({ name }) => name === "configured");
  assert.deepEqual(function_, {
    name: "configured",
    doc: "Shows its configuration.",
    shape: "batchwise",
    reads: ["id"],
    stateless: true,
  });
  const schema = JSON.parse(config);
  assert.deepEqual(schema.required, ["late_after"]);
  assert.deepEqual(schema.properties.late_after, { type: "integer", minimum: 0, description: "Minutes." });
  assert.equal(schema.additionalProperties, false);
});

test("rows are rejected once, and left out", () => {
  const positive = transform({
    name: "positive",
    process(batch) {
      batch
        .numbers("id")
        .toArray()
        .forEach((id, row) => id < 0 && (reject(row, `${id} is negative`), reject(row, "again")));
      return batch.withoutRejected();
    },
  });
  const { batches, rejected } = testing.run(positive, {}, ids(1, -2, 3));
  assert.deepEqual(batches[0].numbers("id").toArray(), [1, 3]);
  assert.deepEqual(rejected, [{ row: 1, reason: "-2 is negative" }]);
});

test("rejected rows are left out of no other batch than the input", () => {
  const late = transform({
    name: "late",
    process(batch) {
      const kept = batch.slice(0, Math.min(batch.rows, 2));
      reject(0, "the first");
      return kept.withoutRejected();
    },
  });
  assert.throws(() => testing.run(late, {}, ids(1, 2, 3)), {
    kind: "bad-config",
    message: /has 2 rows, but the function was given 3, .* before `filter`/,
  });
  assert.deepEqual(testing.run(late, {}, ids(1, 2)).batches[0].numbers("id").toArray(), [2]);
  // What the call before was given is forgotten.
  assert.equal(ids(1).withoutRejected().rows, 1);
});

test("functions keep something between batches", () => {
  const numbered = transform({
    name: "numbered",
    open(config, input) {
      let next = 0;
      return {
        output: input.with(field("number", "int32")),
        process(batch) {
          const first = next;
          next += batch.rows;
          return batch.withColumn(
            "number",
            column(
              "int32",
              Array.from({ length: batch.rows }, (_, row) => first + row),
            ),
          );
        },
        finish: () => Batch.from({ id: column("int64", [0]), number: column("int32", [next]) }),
      };
    },
  });
  const opened = testing.open(numbered, {}, ids().schema);
  opened.process(ids(1, 2));
  assert.deepEqual(opened.process(ids(3)).batches[0].numbers("number").toArray(), [2]);
  assert.deepEqual(opened.finish().batches[0].numbers("number").toArray(), [3]);
  assert.equal(described().find(({ name }) => name === "numbered").stateless, false);
});

test("scalar functions make one value per row", () => {
  const greet = scalar({ name: "greet", returns: "utf8", each: (name) => (name === null ? null : `Hello, ${name}`) });
  const { batches } = testing.run(greet, {}, Batch.from({ arg_1: column("utf8", ["Ann", null]) }));
  assert.deepEqual(batches[0].column("greet").toArray(), ["Hello, Ann", null]);
  const whole = scalar({ name: "whole", process: (batch) => column("int64", new Array(batch.rows + 1).fill(1)) });
  assert.throws(() => testing.run(whole, {}, ids(1)), {
    kind: "bad-data",
    message: /made 1 values for 0 rows|made 2 values for 1 rows/,
  });
});

test("the run answers", () => {
  testing.setParameter("year", 2013);
  testing.setSecret("salt", "pepper");
  testing.setNow(new Date(1_400_000_000_250));
  assert.equal(parameter("year"), "2013");
  assert.equal(parameter("none"), undefined);
  assert.equal(secret("salt"), "pepper");
  assert.throws(() => secret("none"), { kind: "denied" });
  assert.equal(now().getUTCFullYear(), 2014);
  assert.equal(instant(), 1_400_000_000_250_000_000n);
  assert.equal(random(16).length, 16);
  assert.throws(() => random(70_000), { kind: "limit" });
  log.warn("careful");
  count("rows", 3);
  count("rows");
  assert.deepEqual(testing.logs(), [{ level: "warn", message: "careful" }]);
  assert.equal(testing.counter("rows"), 4);
  assert.equal(state.get("k"), undefined);
  state.put("k", "ä");
  assert.deepEqual([...state.get("k")], [195, 164]);
  assert.equal(state.getText("k"), "ä");
  state.delete("k");
  assert.equal(state.get("k"), undefined);
});

test("what is declared wrongly is told at once", () => {
  assert.throws(() => transform({ proces: () => [] }), /has no key `proces`; the keys are name, doc/);
  assert.throws(() => transform({ name: "x" }), /transform `x` needs either `process` or/);
  assert.throws(() => integer({ documentation: "" }), /no option `documentation`/);
  const promised = transform({ name: "promised", process: async (batch) => batch });
  assert.throws(() => testing.run(promised, {}, ids(1)), { kind: "bad-config", message: /leave out `async`/ });
  const wrong = transform({ name: "wrong", process: () => "batch" });
  assert.throws(() => testing.run(wrong, {}, ids(1)), { kind: "bad-config", message: /must answer with a batch/ });
});

test("everything that is thrown has a kind", () => {
  const raised = errorOf(badData("wrong").within("reading"));
  assert.deepEqual([raised.kind, raised.context], ["bad-data", ["reading"]]);
  assert.match(raised.message, /^wrong/);
  const uncaught = errorOf(new TypeError("x is odd", { cause: "rain" }));
  assert.equal(uncaught.kind, "internal");
  assert.match(
    uncaught.message,
    /^TypeError: x is odd\n {4}at .*functions\.test\.js:\d+:\d+[\s\S]*caused by rain was thrown$/,
  );
  assert.equal(errorOf({ odd: 1 }).message, '{"odd":1} was thrown');
  assert.match(errorOf(new ReferenceError("require is not defined")).message, /a part of Node/);
  assert.throws(() => new TenonError("odd", "x"), /no kind of error/);
});
