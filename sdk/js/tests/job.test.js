import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Batch, column, job, parameter, reject, sink, source, transform } from "@tenon/sdk";
import * as testing from "@tenon/sdk/testing";

beforeEach(() => testing.reset());

const check = transform({
  name: "check",
  process(batch) {
    batch
      .numbers("amount")
      .toArray()
      .forEach((amount, row) => amount < 0 && reject(row, "it is negative"));
    return batch.withoutRejected();
  },
});

const run = job((ctx) => {
  const orders = ctx.read(source.csv("orders.csv", { "csv.null": ["NA"] })).filter("amount is not null");
  const checked = orders.apply(check).withColumns({ eur: "amount * 2" });
  checked.write(sink.parquet("out/", { partition_by: ["id"], mode: "overwrite" }));
  checked.rejected().write("rejected.ndjson");
  checked
    .join(ctx.read("rates"), "id", "left")
    .aggregate("id", "sum(eur) as total")
    .sort("id desc")
    .write("totals.csv");
  if (ctx.param("limit", 5) !== 2) throw new Error("the parameter is a number");
});

const orders = () => Batch.from({ id: column("int64", [1, 2]), amount: column("float64", [10, -1]) });

test("a script reads, applies and writes", () => {
  testing.setParameter("limit", "2");
  testing.source("orders.csv", orders());
  testing.source("rates", orders());
  testing.expression("amount is not null", "boolean", (row) => row.amount !== null);
  testing.expression("amount * 2", "float64", (row) => row.amount * 2);
  for (let i = 0; i < 3; i++) testing.answer(Batch.from({ id: column("int64", [1]), total: column("float64", [20]) }));
  testing.runScript(run);
  assert.deepEqual(testing.written("out/")[0].numbers("eur").toArray(), [20]);
  assert.deepEqual(testing.written("rejected.ndjson")[0].strings("rejected_because").toArray(), ["it is negative"]);
  assert.equal(testing.written("totals.csv")[0].rows, 1);
  const operations = testing.operations();
  assert.ok(operations.includes("apply check {}"));
  assert.ok(operations.includes("join left on id"));
  assert.ok(operations.some((text) => text.includes('"partition_by":["id"]') && text.includes('"format":"parquet"')));
});

test("what the stand-in can't run is said, with what to do", () => {
  testing.source("orders.csv", orders());
  const ctx = testing.context();
  const frame = ctx.read("orders.csv");
  assert.throws(() => frame.sort("id"), { kind: "unsupported", message: /testing\.answer\(batch\)/ });
  assert.throws(() => ctx.read("none.csv"), { kind: "bad-config", message: /testing\.source\("none\.csv", batch\)/ });
  assert.throws(() => frame.join(frame, "id", "outer"), { kind: "bad-config", message: /no join `outer`/ });
  assert.equal(frame.limit(1).count(), 1);
  assert.equal(frame.union(frame).count(), 4);
  assert.deepEqual(frame.select("id").collect()[0].schema.names, ["id"]);
  assert.deepEqual(frame.schema.names, ["id", "amount"]);
  assert.equal(parameter("limit"), undefined);
});

test("tables are those of a job file", () => {
  assert.deepEqual(source.csv("x.csv", { "csv.null": ["NA", "-"], "csv.delimiter": ";" }), {
    connector: "file",
    url: "x.csv",
    format: "csv",
    csv: { null: ["NA", "-"], delimiter: ";" },
  });
  assert.deepEqual(source.connector("postgres", { connection: "shop", table: "orders" }), {
    connector: "postgres",
    connection: "shop",
    table: "orders",
  });
});
