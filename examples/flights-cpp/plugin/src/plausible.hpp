// What can't be true of a flight.
#ifndef PLAUSIBLE_HPP
#define PLAUSIBLE_HPP

#include "category.hpp"

// The figures of one flight, as far as they are known.
struct Flight {
    // Minutes behind schedule.
    Minutes departure_delay;
    Minutes arrival_delay;
    Minutes air_time;
    // Miles between the airports.
    std::optional<std::int64_t> distance;

    // Why it can't have been like that; NULL if it can.
    const char *impossible() const;
};

#endif
