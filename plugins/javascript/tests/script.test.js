import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Batch, column } from "@tenon/sdk";
import * as testing from "@tenon/sdk/testing";
import { asFunction } from "../src/module.js";
import { script } from "../src/index.js";

beforeEach(() => testing.reset());

const orders = () =>
  Batch.from({
    id: column("int64", [1, 2, 3]),
    name: column("utf8", ["ann", null, "cy"]),
    price: column("decimal(10, 2)", ["1.50", "2.25", null]),
    at: column("timestamp[us]", [0n, 1_000_001n, null]),
  });
const run = (text, options = {}) => testing.run(script, { script: text, ...options }, orders());
const refusal = (text, options) => {
  try {
    run(text, options);
  } catch (error) {
    return `${error.kind}: ${error.message}`;
  }
  return "it ran";
};

test("a declared transform is found, whatever it is exported as", () => {
  const body =
    "({ config: { by: number({ default: 1 }) }, process: (batch, config) => batch.withColumn('x', column('float64', batch.numbers('id').toArray().map((id) => id * config.by))) })";
  const forms = [
    `transform${body};`,
    `export const scaled = transform${body};`,
    `export default transform${body};`,
    `import { transform as declare, number,\n  column } from "@tenon/sdk";\nconst scaled = declare${body};\nexport { scaled };`,
    `import * as tenon from '@tenon/sdk';\ntenon.transform${body};`,
  ];
  for (const form of forms) {
    const { batches } = run(form, { config: { by: 2 } });
    assert.deepEqual(batches[0].numbers("x").toArray(), [2, 4, 6], form);
  }
});

test("one of several functions is named", () => {
  const two =
    "export const a = transform({ process: (batch) => batch.select('id') });\nexport const b = transform({ process: (batch) => batch });";
  assert.deepEqual(run(two, { function: "a" }).batches[0].schema.names, ["id"]);
  assert.match(refusal(two), /bad-config: script\.js declares several functions, a, b/);
  assert.match(
    refusal(two, { function: "c", file: "two.js" }),
    /there is no function `c` in two\.js; its functions are a, b/,
  );
});

test("rows are changed, left out and refused", () => {
  const text = `
    const columns = { label: "utf8", twice: "int32" };
    function row(row, config) {
      if (row.name === null) return reject("it has no name");
      row.label = row.name.toUpperCase() + config.suffix;
      if (row.id === 3) return false;
      return { twice: row.id * 2 };
    }`.replaceAll("\n    ", "\n");
  const { batches, rejected } = run(text, { config: { suffix: "!" } });
  const [row] = batches[0].toRows();
  assert.deepEqual(rejected, [{ row: 1, reason: "it has no name" }]);
  assert.equal(batches[0].rows, 1);
  assert.deepEqual([row.label, row.twice, row.at], ["ANN!", 2, 0n]);
  assert.deepEqual(batches[0].schema.names, ["id", "name", "price", "at", "label", "twice"]);
});

test("what is imported is what is there by its name", () => {
  const text =
    "import { reject as refuse } from '@tenon/sdk';\nfunction row(row) { if (row.id === 1) refuse('it is one'); }";
  assert.deepEqual(run(text).rejected, [{ row: 0, reason: "it is one" }]);
  const batches =
    "const batch = (batch) => { if (batch.rows) reject(2, 'the last'); return batch.withoutRejected(); };";
  assert.deepEqual(run(batches).rejected, [{ row: 2, reason: "the last" }]);
});

test("dates and decimals are JavaScript's in rows", () => {
  const text =
    "function row(row) {\nif (row.at) row.at = new Date(row.at.getTime() + 1000);\nif (row.price) row.price = row.price * 2;\n}";
  const [batch] = run(text).batches;
  assert.deepEqual(batch.column("at").toArray(), [1_000_000n, 2_000_000n, null]);
  assert.deepEqual(batch.column("price").toArray(), [300n, 450n, null]);
  const untouched = run("function row(row) { row.at = row.at; }").batches[0];
  assert.deepEqual(untouched.column("at").toArray(), [0n, 1_000_001n, null]);
});

test("whole batches are taken by a plain function", () => {
  const [batch] = run("const batch = (batch, config) => batch.take(batch.rows ? config.rows : []);", {
    config: { rows: [2, 0] },
  }).batches;
  assert.deepEqual(batch.numbers("id").toArray(), [3, 1]);
});

test("what a script can't be is said", () => {
  const refused = {
    "function row(row) { row.nme = 1; }": /there is no column `nme`; .* const columns = \{ nme: "utf8" \}/,
    "function row(row) { return { nme: 1 }; }": /there is no column `nme`/,
    "function row(row) { return row.nme; }": /there is no column `nme`/,
    "function row(row) { return 5; }": /bad-data: the row function answered with the number 5/,
    "function row(row) { row.id = 'x'; }": /bad-data: row 0 of column `id` is "x"/,
    "const columns = 5;\nfunction row(row) {}": /`columns` must be an object of types by name/,
    "const x = ;": /bad-config: SyntaxError/,
    "import _ from 'lodash';": /imports `lodash`, but a script has @tenon\/sdk only/,
    "import './other.js';": /imports `\.\/other\.js`/,
    "const x = 1;": /has nothing to call/,
    "job((ctx) => {});": /unsupported: script\.js has a job/,
    "import { job } from '@tenon/sdk';\njob((ctx) => {});": /unsupported: script\.js has a job/,
    "scalar({ name: 's', returns: 'utf8', each: (x) => x });": /unsupported: `s` in script\.js is a function for SQL/,
    "transform({ name: 'n', open: () => ({ process: (b) => b }) });": /unsupported: `n` in script\.js keeps something/,
  };
  for (const [text, message] of Object.entries(refused)) assert.match(refusal(text), message, text);
});

test("what is only looked at is parsed, and does not run", () => {
  const passed = run("throw new Error('it runs');", { check: true, function: "none" });
  assert.deepEqual(passed.batches[0].schema.names, orders().schema.names);
  assert.match(refusal("const x = ;", { check: true }), /bad-config: SyntaxError/);
});

test("lines keep their numbers", () => {
  const text = 'import {\n  transform,\n} from "@tenon/sdk";\nexport {\n  a,\n};\nconst a = 1;';
  const lines = asFunction(text, "x.js").split("\n");
  assert.equal(lines[6], "const a = 1;");
});
