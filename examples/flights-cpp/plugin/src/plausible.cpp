#include "plausible.hpp"

#include <limits>

#include <tenon.hpp>

// Faster than any airliner with the wind behind it, in miles per hour over the ground.
static constexpr int too_fast = 700;

const char *Flight::impossible() const
{
    if (arrival_delay && !departure_delay)
        return "it arrived, but never left";
    if (!air_time)
        return nullptr;
    long long minutes = *air_time;
    if (minutes <= 0)
        return tenon_format("%lld minutes in the air", minutes);
    if (!distance)
        return nullptr;
    long long miles = *distance, minute_miles;
    if (miles <= 0)
        return tenon_format("%lld miles between its airports", miles);
    if (__builtin_mul_overflow(miles, 60LL, &minute_miles))
        minute_miles = std::numeric_limits<long long>::max();
    long long speed = minute_miles / minutes;
    if (speed <= too_fast)
        return nullptr;
    return tenon_format("%lld miles in %lld minutes are %lld mph, above %d", miles, minutes, speed, too_fast);
}
