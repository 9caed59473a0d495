// The transform of the flights job: says what became of each flight, cleans its tail number, and refuses rows that can't
// be true.
#include <tenon.hpp>

#include "category.hpp"
#include "plausible.hpp"
#include "tail_number.hpp"

TENON_CONFIG(Thresholds,
    TENON_KEY(Thresholds, late_after, "Minutes behind schedule up to which an arrival still counts as on time.",
        .otherwise = "15"),
    TENON_KEY(Thresholds, very_late_after, "Minutes behind schedule after which an arrival counts as very late.",
        .otherwise = "120"))

// The category of each flight. What can't be true is refused.
static tenon_column *categories(tenon::Batch batch, const Thresholds &thresholds)
{
    auto departed = batch.column<std::int64_t>("dep_delay");
    auto arrived = batch.column<std::int64_t>("arr_delay");
    auto air_time = batch.column<std::int64_t>("air_time");
    auto distance = batch.column<std::int64_t>("distance");
    if (tenon_failed())
        return nullptr;

    tenon::TextBuilder categories(arrived.size());
    for (std::size_t row = 0; row < arrived.size(); row++) {
        Flight flight{departed[row], arrived[row], air_time[row], distance[row]};
        if (const char *reason = flight.impossible())
            tenon_reject(row, "%s", reason);
        categories.push(thresholds.category(flight.departure_delay, flight.arrival_delay));
    }
    return categories.finish();
}

// The tail numbers, cleaned. What the United States don't issue is refused.
static tenon_column *tail_numbers(tenon::Batch batch)
{
    auto read = batch.column<std::string_view>("tailnum");
    tenon::TextBuilder cleaned(read.size());
    for (std::size_t row = 0; row < read.size(); row++) {
        auto text = read[row];
        auto tail_number = text ? clean_tail_number(*text) : std::nullopt;
        cleaned.push(tail_number);
        if (tail_number && !is_american(*tail_number))
            tenon_reject(row, "%s is no tail number of the United States: N and one to five digits or letters",
                tail_number->c_str());
    }
    return cleaned.finish();
}

static tenon::Batch categorise(tenon::Batch batch, const Thresholds *thresholds)
{
    if (thresholds->very_late_after < thresholds->late_after) {
        tenon_fail(TENON_BAD_CONFIG, "very_late_after (%lld minutes) is less than late_after (%lld minutes)",
            static_cast<long long>(thresholds->very_late_after), static_cast<long long>(thresholds->late_after));
        return nullptr;
    }
    return batch.with({{"delay_category", categories(batch, *thresholds)}, {"tailnum", tail_numbers(batch)}}).without_rejected();
}

TENON_TRANSFORM(categorise, Thresholds,
    .doc = "Adds `delay_category` and cleans `tailnum`.\n\n"
           "`delay_category` is `cancelled`, `diverted`, `early`, `on time`, `late` or `very late`. `tailnum` becomes upper "
           "case without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one "
           "faster than any airliner, one that arrived but never left, one with a tail number that the United States don't "
           "issue.",
    .reads = "dep_delay, arr_delay, tailnum, air_time, distance")
