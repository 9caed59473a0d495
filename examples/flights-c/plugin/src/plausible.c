#include "plausible.h"

#include <tenon.h>

// Faster than any airliner with the wind behind it, in miles per hour over the ground.
enum { TOO_FAST = 700 };

const char *impossible(const Flight *flight)
{
    if (flight->arrival_delay.known && !flight->departure_delay.known)
        return "it arrived, but never left";
    if (!flight->air_time.known)
        return NULL;
    long long minutes = flight->air_time.minutes;
    if (minutes <= 0)
        return tenon_format("%lld minutes in the air", minutes);
    if (!flight->has_distance)
        return NULL;
    long long miles = flight->distance, minute_miles;
    if (miles <= 0)
        return tenon_format("%lld miles between its airports", miles);
    if (__builtin_mul_overflow(miles, 60LL, &minute_miles))
        minute_miles = INT64_MAX;
    long long speed = minute_miles / minutes;
    if (speed <= TOO_FAST)
        return NULL;
    return tenon_format("%lld miles in %lld minutes are %lld mph, above %d", miles, minutes, speed, TOO_FAST);
}
