import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Batch, column, field, quote } from "@tenon/sdk";
import * as testing from "@tenon/sdk/testing";

beforeEach(() => testing.reset());

const orders = () =>
  Batch.from({
    id: column("int64", [1, 2, 3]),
    amount: column("float64", [10, null, 30]),
    name: column("utf8", ["a", "b", "c"]),
  });

test("batches are shaped", () => {
  const batch = orders();
  assert.equal(batch.rows, 3);
  assert.deepEqual(batch.schema.names, ["id", "amount", "name"]);
  assert.equal(String(batch.schema), "id: int64, amount: float64, name: utf8");
  assert.deepEqual(batch.select("name", "id").schema.names, ["name", "id"]);
  assert.deepEqual(batch.drop("id").schema.names, ["amount", "name"]);
  assert.deepEqual(batch.rename("id", "key").schema.names, ["key", "amount", "name"]);
  assert.deepEqual(batch.slice(1, 2).strings("name").toArray(), ["b", "c"]);
  assert.deepEqual(batch.take([2, 0, 0]).strings("name").toArray(), ["c", "a", "a"]);
  assert.deepEqual(Batch.concat([batch, batch.share()]).numbers("amount").toArray(), [10, null, 30, 10, null, 30]);
  assert.equal(Batch.empty(batch.schema).rows, 0);
  assert.deepEqual(batch.select("id", "name").toRows()[0], { id: 1n, name: "a" });
});

test("columns are added and replaced", () => {
  const batch = orders().withColumns({
    flag: column("boolean", [true, false, null]),
    amount: new Float64Array([1, 2, 3]),
  });
  assert.deepEqual(batch.schema.names, ["id", "amount", "name", "flag"]);
  assert.deepEqual([...batch.numbers("amount")], [1, 2, 3]);
  assert.deepEqual(batch.booleans("flag").toArray(), [true, false, null]);
  assert.throws(() => batch.withColumn("x", ["a", "b", "c"]), {
    message: /doesn't tell its type: give column\("utf8", values\)/,
  });
  assert.throws(() => batch.withColumn("x", column("int8", [1])), {
    kind: "bad-data",
    message: /column `x` has 1 rows, but the batch has 3/,
  });
});

test("mistakes about columns are named", () => {
  const batch = orders();
  assert.throws(() => batch.column("nowhere"), {
    kind: "bad-config",
    message: "there is no column `nowhere`; the columns are id, amount, name",
  });
  assert.throws(() => batch.column("id", "utf8"), { kind: "bad-config", message: /column `id` is int64, not utf8/ });
  assert.throws(() => batch.strings("id"), { kind: "bad-config", message: /column `id` is int64, not text/ });
  assert.throws(() => batch.numbers("name"), { kind: "bad-config" });
  assert.throws(() => batch.column("id").get(3), RangeError);
  assert.throws(() => batch.slice(2, 2), { kind: "bad-config" });
});

test("expressions are computed by the host, here by the test", () => {
  testing.expression("amount * 2", "float64", (row) => (row.amount === null ? null : row.amount * 2));
  testing.expression("amount > 20", "boolean", (row) => row.amount > 20);
  const batch = orders();
  const doubled = batch.withColumn("twice", batch.eval("amount * 2"));
  assert.deepEqual(doubled.schema.names, ["id", "amount", "name", "twice"]);
  assert.deepEqual(doubled.numbers("twice").toArray(), [20, null, 60]);
  assert.deepEqual(batch.eval("amount * 2").column().toArray(), [20, null, 60]);
  assert.deepEqual(batch.project("name", "amount * 2 as x").schema.names, ["name", "x"]);
  assert.deepEqual(batch.filter("amount > 20").strings("name").toArray(), ["c"]);
  assert.throws(() => batch.eval("sha256(name)"), {
    kind: "unsupported",
    message: /say what it comes to with testing.expression/,
  });
  assert.equal(quote('a "b"'), '"a ""b"""');
});

test("fields are told apart", () => {
  const one = field("x", "timestamp[us, UTC]", { metadata: { unit: "m" } });
  assert.equal(one.type, "timestamp[us, UTC]");
  assert.ok(one.equals(field("x", "tsu:UTC", { metadata: [["unit", "m"]] })));
  assert.ok(!one.equals(field("x", "timestamp[us, UTC]")));
  assert.equal(field("x", "dictionary(int8, utf8)").type, "dictionary(int8, utf8)");
});
