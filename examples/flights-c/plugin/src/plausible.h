// What can't be true of a flight.
#ifndef PLAUSIBLE_H
#define PLAUSIBLE_H

#include "category.h"

// The figures of one flight, as far as they are known.
typedef struct {
    // Minutes behind schedule.
    Minutes departure_delay;
    Minutes arrival_delay;
    Minutes air_time;
    // Miles between the airports.
    bool has_distance;
    int64_t distance;
} Flight;

// Why the flight can't have been like that; NULL if it can.
const char *impossible(const Flight *flight);

#endif
