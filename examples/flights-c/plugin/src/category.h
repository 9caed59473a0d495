// What became of a flight.
#ifndef CATEGORY_H
#define CATEGORY_H

#include <stdbool.h>
#include <stdint.h>

// From which delay, in minutes, a flight counts as what.
typedef struct {
    // Up to this delay an arrival is on time.
    int64_t late_after;
    // Past this delay it is very late.
    int64_t very_late_after;
} Thresholds;

// Minutes, where they are known.
typedef struct {
    bool known;
    int64_t minutes;
} Minutes;

// The category of a flight with these delays.
const char *category_of(Thresholds thresholds, Minutes departure_delay, Minutes arrival_delay);

#endif
