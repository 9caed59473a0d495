#include "category.h"

const char *category_of(Thresholds thresholds, Minutes departure_delay, Minutes arrival_delay)
{
    if (!arrival_delay.known)
        return departure_delay.known ? "diverted" : "cancelled";
    if (arrival_delay.minutes < 0)
        return "early";
    if (arrival_delay.minutes <= thresholds.late_after)
        return "on time";
    return arrival_delay.minutes <= thresholds.very_late_after ? "late" : "very late";
}
