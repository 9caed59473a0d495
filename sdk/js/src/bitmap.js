// Bits as Arrow packs them: least significant first; a validity buffer of nothing means that everything is valid.

export function has(bits, row) {
  return ((bits[row >> 3] >> (row & 7)) & 1) === 1;
}

/** Puts `null` where the bits say so, going from one bit that is not set to the next. */
export function blank(values, bits) {
  const length = values.length;
  for (let byte = 0; byte < bits.length; byte++) {
    let missing = ~bits[byte] & 0xff;
    while (missing !== 0) {
      const row = (byte << 3) + 31 - Math.clz32(missing & -missing);
      // What lies behind the last row is not set either.
      if (row < length) values[row] = null;
      missing &= missing - 1;
    }
  }
  return values;
}

/** The bits as truth values. */
export function unpack(bits, length) {
  const values = new Array(length);
  for (let row = 0; row < length; row++) values[row] = ((bits[row >> 3] >> (row & 7)) & 1) === 1;
  return values;
}

/**
 * The validity of values of which some may be `null` or `undefined`: how many, and the bits if there are any. Searching is
 * native, looping is not.
 */
export function validityOf(values) {
  const none = { nulls: 0, bits: new Uint8Array(0) };
  if (!Array.isArray(values)) return none;
  let nulls = 0;
  let bits = none.bits;
  for (const nothing of [null, undefined]) {
    let row = values.indexOf(nothing);
    if (row < 0) continue;
    if (nulls === 0) bits = allSet(values.length);
    for (; row >= 0; row = values.indexOf(nothing, row + 1)) {
      bits[row >> 3] &= ~(1 << (row & 7));
      nulls += 1;
    }
  }
  return { nulls, bits };
}

function allSet(length) {
  const bits = new Uint8Array((length + 7) >> 3).fill(0xff);
  // What lies behind the last row is zero.
  if (length & 7) bits[bits.length - 1] = (1 << (length & 7)) - 1;
  return bits;
}
