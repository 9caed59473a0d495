// Registrations of aircraft, as painted on their tails.

/** Upper case, without spaces around it; `null` if nothing is left. */
export function clean(text: string | null): string | null {
  return text === null ? null : text.trim().replace(/[a-z]+/g, (letters) => letters.toUpperCase()) || null;
}

/** Whether the United States would issue it: N and one to five digits or letters, beginning with a digit. */
export function isAmerican(tailNumber: string): boolean {
  return /^N[0-9][0-9A-Z]{0,4}$/.test(tailNumber);
}
