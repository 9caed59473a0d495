// The transform of the flights job: says what became of each flight, cleans its tail number, and refuses rows that can't be
// true.

import { badConfig, column, integer, reject, transform } from "@tenon/sdk";
import { categoryOf, type Thresholds } from "./category.js";
import { impossible } from "./plausible.js";
import { clean, isAmerican } from "./tailNumber.js";

export const categorise = transform({
  doc: `Adds \`delay_category\` and cleans \`tailnum\`.

\`delay_category\` is \`cancelled\`, \`diverted\`, \`early\`, \`on time\`, \`late\` or \`very late\`. \`tailnum\` becomes upper case
without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one faster than
any airliner, one that arrived but never left, one with a tail number that the United States don't issue.`,
  config: {
    late_after: integer({
      doc: "Minutes behind schedule up to which an arrival still counts as on time.",
      default: 15,
    }),
    very_late_after: integer({
      doc: "Minutes behind schedule after which an arrival counts as very late.",
      default: 120,
    }),
  },
  reads: ["dep_delay", "arr_delay", "tailnum", "air_time", "distance"],

  process(batch, config) {
    checkOrder(config);
    const departed = batch.numbers("dep_delay").toArray();
    const arrived = batch.numbers("arr_delay").toArray();
    const airTimes = batch.numbers("air_time").toArray();
    const distances = batch.numbers("distance").toArray();
    const tailNumbers = batch.strings("tailnum").toArray().map(clean);

    const categories = new Array<string>(batch.rows);
    for (let row = 0; row < batch.rows; row++) {
      const departureDelay = departed[row];
      const arrivalDelay = arrived[row];
      const reason = impossible({ departureDelay, arrivalDelay, airTime: airTimes[row], distance: distances[row] });
      if (reason) reject(row, reason);
      categories[row] = categoryOf(config, departureDelay, arrivalDelay);
    }
    tailNumbers.forEach((tailNumber, row) => {
      if (tailNumber !== null && !isAmerican(tailNumber)) {
        reject(row, `${tailNumber} is no tail number of the United States: N and one to five digits or letters`);
      }
    });

    return batch
      .withColumns({ delay_category: column("utf8", categories), tailnum: column("utf8", tailNumbers) })
      .withoutRejected();
  },
});

function checkOrder({ late_after, very_late_after }: Thresholds): void {
  if (very_late_after < late_after) {
    throw badConfig(`very_late_after (${very_late_after} minutes) is less than late_after (${late_after} minutes)`);
  }
}
