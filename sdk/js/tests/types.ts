// Checked by `npm run check`, and never run: what TypeScript infers of declarations.

import {
  type Batch,
  boolean,
  choice,
  column,
  integer,
  job,
  list,
  number,
  record,
  scalar,
  sink,
  source,
  text,
  transform,
} from "@tenon/sdk";
import * as testing from "@tenon/sdk/testing";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => undefined;

const configured = transform({
  config: {
    late_after: integer({ default: 15 }),
    ratio: number({ optional: true }),
    mode: choice(["fast", "slow"], { default: "fast" }),
    names: list(text(), { default: [] }),
    inner: record({ deep: boolean() }),
  },
  process(batch, config) {
    same<typeof batch, Batch>(true);
    same<typeof config.late_after, number>(true);
    same<typeof config.ratio, number | undefined>(true);
    same<typeof config.mode, "fast" | "slow">(true);
    same<typeof config.names, string[]>(true);
    same<typeof config.inner, { deep: boolean }>(true);
    const amounts = batch.column("amount", "float64");
    same<typeof amounts.values, Float64Array>(true);
    const ids: (bigint | null)[] = batch.column("id", "int64").toArray();
    // @ts-expect-error text is not made of numbers
    column("utf8", [1]);
    return batch.withColumns({ id: column("int64", ids), twice: amounts.values.map((value) => value * 2) });
  },
});

transform({
  open(_config, input) {
    return { output: input, process: (batch) => batch };
  },
});
// @ts-expect-error a transform has something to call
transform({ doc: "nothing" });
scalar({ returns: "utf8", each: (name: string | null) => name });

job((ctx) => {
  const late: number = ctx.param("late_after", 15);
  ctx.read(source.csv("in.csv")).apply(configured, { late_after: late }).write(sink.parquet("out/"));
});

testing.run(configured, { late_after: 1 }, testing.written("out/")[0]);
