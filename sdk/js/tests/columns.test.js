import assert from "node:assert/strict";
import { test } from "node:test";
import { Batch, Schema, column, daysOf, field, timestampOf } from "@tenon/sdk";
import "@tenon/sdk/testing";

/** What comes back of values that were put into a batch. */
function through(type, values) {
  const of = typeof type === "string" ? field("x", type) : type;
  return Batch.build(new Schema([of]), values.length, [column(of, values)])
    .column("x")
    .toArray();
}

const UTC = (text) => new Date(`${text}Z`);

test("values of every type come back as they were", () => {
  const samples = {
    boolean: [true, null, false],
    int8: [-128, null, 127],
    int16: [-32768, null, 32767],
    int32: [-2147483648, null, 2147483647],
    uint8: [0, null, 255],
    uint16: [0, null, 65535],
    uint32: [0, null, 4294967295],
    int64: [-(2n ** 63n), null, 2n ** 63n - 1n],
    uint64: [0n, null, 2n ** 64n - 1n],
    float16: [0.5, null, -65504, 2 ** -24, Infinity],
    float32: [0.5, null, -3.25],
    float64: [0.1, null, -1e300],
    utf8: ["", null, "Zürich", "日本語", "🎉"],
    large_utf8: ["plain", null, "é"],
    utf8_view: ["a view that is longer than twelve bytes", null],
    binary: [new Uint8Array([1, 255]), null, new Uint8Array(0)],
    large_binary: [new Uint8Array([7]), null],
    "fixed_binary(2)": [new Uint8Array([1, 2]), null],
    date32: [-1, null, 20000],
    date64: [86_400_000n, null],
    "time[s]": [1, null],
    "time[ns]": [5n, null],
    "timestamp[us, Europe/Paris]": [-1n, null, 1_400_000_000_000_000n],
    "duration[ms]": [-5n, null],
    "interval[months]": [14, null],
    "interval[days]": [{ days: 1, milliseconds: -2 }, null],
    "interval[month_day_nano]": [{ months: 1, days: -2, nanoseconds: 3n }, null],
    "decimal(9, 2, 32)": [1234n, null, -1n],
    "decimal(18, -2, 64)": [5n, null],
    "decimal(38, 10)": [10n ** 37n, null, -(10n ** 37n)],
    "decimal(76, 4, 256)": [10n ** 75n, null, -1n],
    "dictionary(int8, utf8)": ["a", null, "b", "a"],
    null: [null, null],
  };
  for (const [type, values] of Object.entries(samples)) assert.deepEqual(through(type, values), values, type);
});

test("nested values come back as they were", () => {
  const list = field("x", "list", { children: [field("item", "int32")] });
  assert.deepEqual(through(list, [[1, null], null, []]), [[1, null], null, []]);
  const large = field("x", "large_list", { children: [field("item", "utf8")] });
  assert.deepEqual(through(large, [["é"], null]), [["é"], null]);
  const fixed = field("x", "fixed_list(2)", { children: [field("item", "float64")] });
  assert.deepEqual(through(fixed, [[1, 2], null]), [[1, 2], null]);
  const struct = field("x", "struct", { children: [field("a", "int64"), field("b", "utf8")] });
  assert.deepEqual(through(struct, [{ a: 1n, b: null }, null]), [{ a: 1n, b: null }, null]);
  const entries = field("entries", "struct", {
    nullable: false,
    children: [field("key", "utf8", { nullable: false }), field("value", "int32")],
  });
  const map = field("x", "map", { children: [entries] });
  assert.deepEqual(through(map, [[["k", 1]], null, []]), [[["k", 1]], null, []]);
});

test("long columns of text are read and made whole", () => {
  const plain = Array.from({ length: 10_000 }, (_, row) => (row % 7 === 3 ? null : `row ${row}`));
  assert.deepEqual(through("utf8", plain), plain);
  const wide = plain.map((value, row) => (row % 11 === 5 ? "größer 🦊" : value));
  assert.deepEqual(through("utf8", wide), wide);
  assert.deepEqual(through("utf8", ["half \ud800", "\udc00 other"]), ["half \ufffd", "\ufffd other"]);
});

test("64-bit integers are read as numbers where they fit", () => {
  const batch = Batch.from({ x: column("int64", [1, null, -(2 ** 53) + 1]), y: column("int64", [2n ** 53n, 0n, 0n]) });
  assert.deepEqual(batch.numbers("x").toArray(), [1, null, -(2 ** 53) + 1]);
  assert.equal(batch.column("x").number(0), 1);
  const many = Array.from({ length: 5000 }, (_, row) => row - 2500);
  assert.deepEqual(
    Batch.from({ x: column("int64", many) })
      .numbers("x")
      .toArray(),
    many,
  );
  assert.throws(() => batch.numbers("y"), {
    kind: "bad-data",
    message: /row 0 of column `y` is 9007199254740992, more than/,
  });
});

test("numbers are computed with as whole arrays, nulls stay", () => {
  const amounts = column("float64", [1, null, 3]);
  assert.deepEqual(amounts.withValues(amounts.values.map((value) => value * 2)).toArray(), [2, null, 6]);
  const ids = column("int64", [1, null]);
  assert.deepEqual(ids.withValues(ids.values.map((value) => value + 1n)).toArray(), [2n, null]);
  assert.throws(() => amounts.withValues([1, 2, 3]), { kind: "bad-data", message: /come in a Float64Array/ });
  assert.throws(() => amounts.withValues(new Float64Array(1)), {
    kind: "bad-data",
    message: /has 3 rows, and was given 1/,
  });
});

test("points in time are dates too", () => {
  const at = UTC("1969-12-31T23:59:59.500");
  const batch = Batch.from({
    us: column("timestamp[us]", [timestampOf(at, "us")]),
    s: column("timestamp[s]", [timestampOf(at, "s")]),
    day: column("date32", [daysOf(at), null].slice(0, 1)),
  });
  assert.deepEqual(batch.column("us").date(0), at);
  assert.deepEqual(batch.column("s").date(0), UTC("1969-12-31T23:59:59"));
  assert.deepEqual(batch.column("day").date(0), UTC("1969-12-31T00:00:00"));
  assert.deepEqual(
    Batch.from({ ns: column("timestamp[ns]", [-1n]) })
      .column("ns")
      .date(0),
    UTC("1969-12-31T23:59:59.999"),
  );
});

test("decimals are read and written as text too", () => {
  const prices = column("decimal(10, 2)", ["12.3", "-0.05", "7", null]);
  assert.deepEqual(prices.toArray(), [1230n, -5n, 700n, null]);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => prices.text(row)),
    ["12.30", "-0.05", "7.00", null],
  );
  assert.throws(() => column("decimal(10, 2)", ["1.234"]), {
    kind: "bad-data",
    message: /more digits after the point/,
  });
  assert.throws(() => column("decimal(3, 2)", [1000n]), { kind: "bad-data" });
});

test("dictionaries are mapped once per distinct value", () => {
  const batch = Batch.from({ x: column("dictionary(int32, utf8)", ["a", "b", "a", null]) });
  let calls = 0;
  const upper = batch.strings("x").mapDictionary((value) => (calls++, value.toUpperCase()));
  assert.deepEqual(upper.toArray(), ["A", "B", "A", null]);
  assert.equal(calls, 2);
});

test("values that don't fit are named with their row", () => {
  const refused = [
    ["int8", [1, 300], /row 1 of column `` is 300 \(number\), which is not a value of int8/],
    ["uint32", [-1], /-1/],
    ["int32", [1.5], /1\.5/],
    ["int64", [0.5], /not a whole number or bigint/],
    ["uint64", [-1], /-1/],
    ["float64", ["x"], /"x" \(string\), which is not a number/],
    ["utf8", ["a", 5], /row 1 .* is 5 \(number\), which is not a string/],
    ["boolean", [1], /not true or false/],
    ["binary", ["x"], /not a Uint8Array/],
  ];
  for (const [type, values, message] of refused)
    assert.throws(() => column(type, values), { kind: "bad-data", message }, type);
  assert.throws(() => column("int65", []), { kind: "bad-config", message: /there is no type `int65`/ });
});

test("what can't be read one by one is said to be so", () => {
  const runs = field("x", "+r", {
    children: [field("run_ends", "int32", { nullable: false }), field("values", "utf8")],
  });
  const raw = {
    nodes: [
      { length: 2, nulls: 0 },
      { length: 1, nulls: 0 },
      { length: 1, nulls: 0 },
    ],
    buffers: [
      new Uint8Array(0),
      new Uint8Array([2, 0, 0, 0]),
      new Uint8Array(0),
      new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0]),
      new Uint8Array([97]),
    ],
  };
  const batch = Batch.build(new Schema([runs]), 2, [raw]);
  assert.throws(() => batch.column("x").toArray(), { kind: "unsupported", message: /column `x` is of the type `\+r`/ });
  assert.equal(batch.raw("x").buffers.length, 5);
});
