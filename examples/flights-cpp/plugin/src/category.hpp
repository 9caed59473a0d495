// What became of a flight.
#ifndef CATEGORY_HPP
#define CATEGORY_HPP

#include <cstdint>
#include <optional>
#include <string_view>

// Minutes, where they are known.
using Minutes = std::optional<std::int64_t>;

// From which delay, in minutes, a flight counts as what.
struct Thresholds {
    // Up to this delay an arrival is on time.
    std::int64_t late_after;
    // Past this delay it is very late.
    std::int64_t very_late_after;

    // The category of a flight with these delays.
    std::string_view category(Minutes departure_delay, Minutes arrival_delay) const;
};

#endif
