#include <string.h>

#include <tenon/testing.h>

#include "../src/category.h"
#include "../src/plausible.h"
#include "../src/tail_number.h"

#define N TENON_NULL

static tenon_batch *flights(void)
{
    return tenon_test_batch(5,
        "dep_delay", tenon_test_int64s(5, 2, N, 4, -3, 0),
        "arr_delay", tenon_test_int64s(5, 11, N, 20, -18, 150),
        "tailnum", tenon_test_texts(5, " n14228", NULL, "N24211", "D942DN", "N668DN"),
        "air_time", tenon_test_int64s(5, 227, N, 65, 183, 116),
        "distance", tenon_test_int64s(5, 1400, 1416, 762, 1576, 762));
}

static bool is(tenon_strings column, size_t row, const char *text)
{
    return tenon_text_is(tenon_at(&column, row), text);
}

TENON_TEST(flights_are_categorised_cleaned_and_refused)
{
    tenon_output *output = tenon_test_run("categorise", "{}", flights());
    tenon_strings category = tenon_read_text(output->batches[0], "delay_category");
    TENON_CHECK(category.rows == 3 && is(category, 0, "on time") && is(category, 1, "cancelled") && is(category, 2, "very late"));
    tenon_strings tail_numbers = tenon_read_text(output->batches[0], "tailnum");
    TENON_CHECK(is(tail_numbers, 0, "N14228") && TENON_IS_NULL(tail_numbers, 1) && is(tail_numbers, 2, "N668DN"));
    TENON_CHECK(output->rejected_count == 2 && output->rejected[0].row == 2 && output->rejected[1].row == 3);
    TENON_CHECK(strncmp(output->rejected[1].reason, "D942DN is no tail number", 24) == 0);
}

TENON_TEST(thresholds_must_be_in_order)
{
    TENON_CHECK(tenon_test_run("categorise", "{\"late_after\": 30, \"very_late_after\": 20}", flights()) == NULL);
    TENON_CHECK(strcmp(tenon_failed_message(), "very_late_after (20 minutes) is less than late_after (30 minutes)") == 0);
}

TENON_TEST(every_flight_has_a_category)
{
    Thresholds thresholds = {15, 120};
    Minutes zero = {true, 0}, unknown = {false, 0};
    static const struct {
        int64_t delay;
        const char *category;
    } cases[] = {{-1, "early"}, {0, "on time"}, {15, "on time"}, {16, "late"}, {120, "late"}, {121, "very late"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Minutes arrival = {true, cases[i].delay};
        TENON_CHECK(strcmp(category_of(thresholds, zero, arrival), cases[i].category) == 0);
    }
    TENON_CHECK(strcmp(category_of(thresholds, zero, unknown), "diverted") == 0);
    TENON_CHECK(strcmp(category_of(thresholds, unknown, unknown), "cancelled") == 0);
}

TENON_TEST(impossible_flights_are_told_apart)
{
    Flight flight = {{true, 0}, {true, 0}, {true, 227}, true, 1400};
    TENON_CHECK(impossible(&flight) == NULL);
    flight.air_time.minutes = 65, flight.distance = 762;
    TENON_CHECK(strcmp(impossible(&flight), "762 miles in 65 minutes are 703 mph, above 700") == 0);
    flight.distance = INT64_MAX;
    TENON_CHECK(impossible(&flight) != NULL);
    flight.air_time.minutes = -5;
    TENON_CHECK(strcmp(impossible(&flight), "-5 minutes in the air") == 0);
    Flight ghost = {.arrival_delay = {true, 3}};
    TENON_CHECK(strcmp(impossible(&ghost), "it arrived, but never left") == 0);
}

TENON_TEST(tail_numbers_are_checked)
{
    TENON_CHECK(is_american(tenon_text_of("N14228")) && is_american(tenon_text_of("N619AA")));
    static const char *const others[] = {"D942DN", "N", "N123456", "NABC"};
    for (size_t i = 0; i < 4; i++)
        TENON_CHECK(!is_american(tenon_text_of(others[i])));
}
