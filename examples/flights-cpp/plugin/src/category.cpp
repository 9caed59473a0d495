#include "category.hpp"

std::string_view Thresholds::category(Minutes departure_delay, Minutes arrival_delay) const
{
    if (!arrival_delay)
        return departure_delay ? "diverted" : "cancelled";
    if (*arrival_delay < 0)
        return "early";
    if (*arrival_delay <= late_after)
        return "on time";
    return *arrival_delay <= very_late_after ? "late" : "very late";
}
