// What can't be true of a flight.

/** Faster than any airliner with the wind behind it, in miles per hour over the ground. */
const TOO_FAST = 700;

/** The figures of one flight, as far as they are known: delays and time in minutes, the distance in miles. */
export interface Flight {
  departureDelay: number | null;
  arrivalDelay: number | null;
  airTime: number | null;
  distance: number | null;
}

/** Why the flight can't have been like that, if it can't. */
export function impossible({ departureDelay, arrivalDelay, airTime, distance }: Flight): string | undefined {
  if (arrivalDelay !== null && departureDelay === null) return "it arrived, but never left";
  if (airTime === null) return undefined;
  if (airTime <= 0) return `${airTime} minutes in the air`;
  if (distance === null) return undefined;
  if (distance <= 0) return `${distance} miles between its airports`;
  const speed = Math.trunc((distance * 60) / airTime);
  return speed > TOO_FAST ? `${distance} miles in ${airTime} minutes are ${speed} mph, above ${TOO_FAST}` : undefined;
}
