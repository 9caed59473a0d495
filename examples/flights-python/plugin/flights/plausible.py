"""What can't be true of a flight."""

#: Faster than any airliner with the wind behind it, in miles per hour over the ground.
TOO_FAST = 700


def impossible(
    departure_delay: int | None, arrival_delay: int | None, minutes: int | None, miles: int | None
) -> str | None:
    """Why a flight can't have been like that, if it can't: delays and time in the air in minutes, distance in miles."""
    if arrival_delay is not None and departure_delay is None:
        return "it arrived, but never left"
    if minutes is None:
        return None
    if minutes <= 0:
        return f"{minutes} minutes in the air"
    if miles is None:
        return None
    if miles <= 0:
        return f"{miles} miles between its airports"
    speed = miles * 60 // minutes
    if speed <= TOO_FAST:
        return None
    return f"{miles} miles in {minutes} minutes are {speed} mph, above {TOO_FAST}"
