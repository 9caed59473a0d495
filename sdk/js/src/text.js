// UTF-8 to and from JavaScript strings, a whole column at once.
//
// The engine of the sandbox has neither TextEncoder nor TextDecoder, but Base64 in native code at both ends: a string of
// bytes becomes bytes at 3 ns each, where a loop takes 25. Node has it the other way round.

const nativeBase64 = typeof Uint8Array.fromBase64 === "function" && typeof Uint8Array.prototype.toBase64 === "function";

/** Up to so many bytes, letters by their codes are quicker than Base64. */
const SHORT = 64;

/** A string that has one letter per byte. */
export function latin1Of(bytes) {
  if (nativeBase64) return atob(bytes.toBase64());
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(start, start + 8192));
  }
  return text;
}

function bytesOfLatin1(text) {
  if (nativeBase64) return Uint8Array.fromBase64(btoa(text));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Whether all bytes are ASCII: 32 of them per round, since rounds are what costs. */
export function isAscii(bytes) {
  let seen = 0;
  let next = 0;
  if ((bytes.byteOffset & 3) === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const rounds = words.length & ~7;
    for (let i = 0; i < rounds; i += 8) {
      seen |=
        words[i] |
        words[i + 1] |
        words[i + 2] |
        words[i + 3] |
        words[i + 4] |
        words[i + 5] |
        words[i + 6] |
        words[i + 7];
    }
    next = rounds << 2;
  }
  for (; next < bytes.length; next++) {
    if (bytes[next] & 0x80) return false;
  }
  return (seen & 0x80808080) === 0;
}

/** A string's bytes in UTF-8; half a surrogate pair becomes U+FFFD. */
export function encode(text) {
  return bytesOfLatin1(narrow(text));
}

/** A string whose letters are the bytes of another one in UTF-8. */
function narrow(text) {
  return unescape(encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed()));
}

/** The string of bytes in UTF-8. */
export function decode(bytes) {
  return wide(bytes.length <= SHORT ? String.fromCharCode.apply(null, bytes) : latin1Of(bytes));
}

/** A string whose letters are bytes of UTF-8, decoded. */
function wide(latin1) {
  return /[^\x00-\x7f]/.test(latin1) ? decodeURIComponent(escape(latin1)) : latin1;
}

/** The strings between offsets into bytes. */
export function decodeAll(bytes, offsets, length) {
  const latin1 = latin1Of(bytes);
  const values = new Array(length);
  let start = offsets[0];
  if (isAscii(bytes)) {
    for (let row = 0; row < length; row++) {
      const end = offsets[row + 1];
      values[row] = latin1.substring(start, end);
      start = end;
    }
  } else {
    for (let row = 0; row < length; row++) {
      const end = offsets[row + 1];
      values[row] = wide(latin1.substring(start, end));
      start = end;
    }
  }
  return values;
}

/**
 * The bytes of all strings, and where each ends. `null` and `undefined` have none.
 * `refuse` is called with the row of a value that is no string.
 */
export function encodeAll(values, refuse) {
  const length = values.length;
  const ends = new Float64Array(length);
  let end = 0;
  for (let row = 0; row < length; row++) {
    const value = values[row];
    if (typeof value === "string") end += value.length;
    else if (value !== null && value !== undefined) refuse(row);
    ends[row] = end;
  }
  const joined = values.join("");
  const bytes = plainBytes(joined);
  if (bytes) return { bytes, ends };

  // Each by itself: halves of a surrogate pair in two values are no pair.
  const narrowed = values.map((value) => (value ? narrow(value) : ""));
  end = 0;
  for (let row = 0; row < length; row++) ends[row] = end += narrowed[row].length;
  return { bytes: bytesOfLatin1(narrowed.join("")), ends };
}

/** The bytes of a string of ASCII; nothing if it isn't. */
function plainBytes(text) {
  let bytes;
  if (nativeBase64) {
    try {
      bytes = Uint8Array.fromBase64(btoa(text));
    } catch {
      return undefined;
    }
    return isAscii(bytes) ? bytes : undefined;
  }
  return /[^\x00-\x7f]/.test(text) ? undefined : bytesOfLatin1(text);
}
