// Runs a script in JavaScript that was not built: its text is configuration, so that an edit counts from the next run on.

import { boolean, json, text, transform } from "@tenon/sdk/script";
import { opened } from "./script.js";

export const script = transform({
  name: "script",
  doc: `Runs a script in JavaScript over the data.

The script declares a transform, as a project does:

    export const clean = transform({
      config: { from: number({ default: 100 }) },
      process(batch, config) { return batch.filter(\`amount >= \${config.from}\`); },
    });

or has a plain function, \`batch(batch, config)\` or \`row(row, config)\`. The latter is called for each row: it changes the
row, answers with columns to set, or with \`false\` to leave the row out; \`reject("reason")\` refuses it. Columns that are
not there yet are declared:

    const columns = { total: "float64" };
    function row(row, config) { row.total = row.amount * row.rate; }

Everything of @tenon/sdk is there by its name, imported or not.`,
  config: {
    script: text({ doc: "The script's text." }),
    file: text({ doc: "The script's name in messages.", default: "script.js" }),
    function: text({ doc: "The function in the script; its only one if not given.", optional: true }),
    config: json({ doc: "What the script's function is configured with.", optional: true }),
    check: boolean({
      doc: "Whether the script is only looked at: it is parsed, nothing of it runs, and batches pass as they are.",
      default: false,
    }),
  },
  // A script that keeps something between batches is refused when it is opened.
  stateless: true,
  open: opened,
});
