// The transform of the flights job: says what became of each flight, cleans its tail number, and refuses rows that can't
// be true.
#include <tenon.h>

#include "category.h"
#include "plausible.h"
#include "tail_number.h"

TENON_CONFIG(Thresholds,
    TENON_KEY(Thresholds, late_after, "Minutes behind schedule up to which an arrival still counts as on time.",
        .otherwise = "15"),
    TENON_KEY(Thresholds, very_late_after, "Minutes behind schedule after which an arrival counts as very late.",
        .otherwise = "120"))

static Minutes minutes_at(tenon_int64s column, size_t row)
{
    Minutes minutes = {!TENON_IS_NULL(column, row), column.values[row]};
    return minutes;
}

// The category of each flight. What can't be true is refused.
static tenon_column *categories(tenon_batch *batch, const Thresholds *thresholds)
{
    tenon_int64s departed = tenon_read_int64(batch, "dep_delay");
    tenon_int64s arrived = tenon_read_int64(batch, "arr_delay");
    tenon_int64s air_time = tenon_read_int64(batch, "air_time");
    tenon_int64s distance = tenon_read_int64(batch, "distance");
    if (tenon_failed())
        return NULL;

    tenon_text_builder *categories = tenon_build_text(arrived.rows);
    for (size_t row = 0; row < arrived.rows; row++) {
        Flight flight = {
            .departure_delay = minutes_at(departed, row),
            .arrival_delay = minutes_at(arrived, row),
            .air_time = minutes_at(air_time, row),
            .has_distance = !TENON_IS_NULL(distance, row),
            .distance = distance.values[row],
        };
        const char *reason = impossible(&flight);
        if (reason != NULL)
            tenon_reject(row, "%s", reason);
        tenon_push(categories, category_of(*thresholds, flight.departure_delay, flight.arrival_delay));
    }
    return tenon_text_column(categories);
}

// The tail numbers, cleaned. What the United States don't issue is refused.
static tenon_column *tail_numbers(tenon_batch *batch)
{
    tenon_strings read = tenon_read_text(batch, "tailnum");
    tenon_text_builder *cleaned = tenon_build_text(read.rows);
    for (size_t row = 0; row < read.rows; row++) {
        size_t start = cleaned->length;
        if (TENON_IS_NULL(read, row) || !clean_tail_number(tenon_at(&read, row), cleaned)) {
            tenon_push_null(cleaned);
            continue;
        }
        tenon_end_row(cleaned);
        tenon_text tail_number = {cleaned->data + start, cleaned->length - start};
        if (!is_american(tail_number))
            tenon_reject(row, "%.*s is no tail number of the United States: N and one to five digits or letters",
                TENON_SHOW(tail_number));
    }
    return tenon_text_column(cleaned);
}

static tenon_batch *categorise(tenon_batch *batch, const Thresholds *thresholds)
{
    if (thresholds->very_late_after < thresholds->late_after) {
        tenon_fail(TENON_BAD_CONFIG, "very_late_after (%lld minutes) is less than late_after (%lld minutes)",
            (long long)thresholds->very_late_after, (long long)thresholds->late_after);
        return NULL;
    }
    tenon_named columns[] = {
        {"delay_category", categories(batch, thresholds)},
        {"tailnum", tail_numbers(batch)},
    };
    return tenon_without_rejected(tenon_with_columns(batch, columns, 2));
}

TENON_TRANSFORM(categorise, Thresholds,
    .doc = "Adds `delay_category` and cleans `tailnum`.\n\n"
           "`delay_category` is `cancelled`, `diverted`, `early`, `on time`, `late` or `very late`. `tailnum` becomes upper "
           "case without spaces, null where there is none. Rows that can't be true are rejected: a flight in no time, one "
           "faster than any airliner, one that arrived but never left, one with a tail number that the United States don't "
           "issue.",
    .reads = "dep_delay, arr_delay, tailnum, air_time, distance")
