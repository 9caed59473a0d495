// What became of a flight.

/** From which delay, in minutes, a flight counts as what. */
export interface Thresholds {
  /** Up to this delay an arrival is on time. */
  late_after: number;
  /** Past this delay it is very late. */
  very_late_after: number;
}

/** The category of a flight with these delays, in minutes; `null` where it didn't leave or arrive. */
export function categoryOf(thresholds: Thresholds, departureDelay: number | null, arrivalDelay: number | null): string {
  if (arrivalDelay === null) return departureDelay === null ? "cancelled" : "diverted";
  if (arrivalDelay < 0) return "early";
  if (arrivalDelay <= thresholds.late_after) return "on time";
  return arrivalDelay <= thresholds.very_late_after ? "late" : "very late";
}
