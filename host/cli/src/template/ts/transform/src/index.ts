// Tells large orders from small ones. `tenon run job.toml` builds and runs it.

import { column, number, reject, transform } from "@tenon/sdk";

export const classify = transform({
  doc: "Adds the column `size`; orders below nothing are rejected.",
  // What the job file says under `config`.
  config: {
    large_from: number({ doc: "Amount from which an order is large.", default: 100 }),
  },
  process(batch, config) {
    // This column crosses into the sandbox, no other.
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
