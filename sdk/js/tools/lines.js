// The table by which lines of a bundle are found in its sources: what a source map says, without the columns.

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Runs of lines that follow each other in the bundle and in a source: `[line of the bundle, source, line of the
 * source]`.
 */
export function lineTable(map, nameOf) {
  const sources = map.sources.map(nameOf);
  // What the build adds has no name; it follows the sources' lines.
  const none = sources.push("") - 1;
  const runs = [];
  const places = [...placesByLine(map.mappings), undefined];
  places.forEach((place, index) => {
    const line = index + 1;
    const [source, at] = place ?? [none, 0];
    const last = runs.at(-1);
    const follows = last && last[1] === source && (source === none || line - last[0] === at - last[2]);
    if (!follows) runs.push([line, source, at]);
  });
  return { sources, runs };
}

/** The source and line of a line of the bundle; nothing where the build made it. */
export function placeOf({ sources, runs }, line) {
  const [first, source, at] = runs.findLast(([first]) => first <= line) ?? [];
  return sources[source] ? `${sources[source]}:${at + line - first}` : undefined;
}

/** The first place of each line of the bundle. */
function placesByLine(mappings) {
  let source = 0;
  let line = 0;
  return mappings.split(";").map((segments) => {
    let first;
    for (const segment of segments.split(",")) {
      const [, sources, lines] = numbers(segment);
      if (sources === undefined) continue;
      source += sources;
      line += lines;
      first ??= [source, line + 1];
    }
    return first;
  });
}

/** The numbers of a segment: base 64, five bits each, the lowest of the first is the sign. */
function numbers(segment) {
  const values = [];
  let value = 0;
  let shift = 0;
  for (const letter of segment) {
    const digit = DIGITS.indexOf(letter);
    value += (digit & 31) << shift;
    if (digit & 32) {
      shift += 5;
      continue;
    }
    values.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return values;
}
