// Reads orders, tells large ones from small ones, and writes both with what was rejected. `tenon run .` builds and runs it.

import { column, job, number, reject, sink, transform } from "@tenon/sdk";

export const classify = transform({
  doc: "Adds the column `size`; orders below nothing are rejected.",
  // What it is applied with.
  config: {
    large_from: number({ doc: "Amount from which an order is large." }),
  },
  process(batch, config) {
    const amounts = batch.numbers("amount").toArray();
    amounts.forEach((amount, row) => {
      if (amount !== null && amount < 0) reject(row, "the amount is negative");
    });
    const sizes = amounts.map((amount) => sizeOf(amount, config.large_from));
    return batch.withColumn("size", column("utf8", sizes)).withoutRejected();
  },
});

function sizeOf(amount: number | null, largeFrom: number): string | null {
  if (amount === null) return null;
  return amount < largeFrom ? "small" : "large";
}

// The job: the host plans and runs it, `classify` in sandboxes of its own.
export const run = job((ctx) => {
  const orders = ctx.read("data/orders.csv");
  const classified = orders.apply(classify, { large_from: 100 });
  classified.write(sink.csv("out/classified.csv", { mode: "overwrite" }));
  classified.rejected().write(sink.ndjson("out/rejected.ndjson", { mode: "overwrite" }));
});
