#include <limits>

#include <tenon.hpp>
#include <tenon/testing.h>

#include "../src/category.hpp"
#include "../src/plausible.hpp"
#include "../src/tail_number.hpp"

#define N TENON_NULL

static tenon_batch *flights()
{
    return tenon_test_batch(5,
        "dep_delay", tenon_test_int64s(5, 2, N, 4, -3, 0),
        "arr_delay", tenon_test_int64s(5, 11, N, 20, -18, 150),
        "tailnum", tenon_test_texts(5, " n14228", nullptr, "N24211", "D942DN", "N668DN"),
        "air_time", tenon_test_int64s(5, 227, N, 65, 183, 116),
        "distance", tenon_test_int64s(5, 1400, 1416, 762, 1576, 762));
}

TENON_TEST(flights_are_categorised_cleaned_and_refused)
{
    tenon_output *output = tenon_test_run("categorise", "{}", flights());
    tenon::Batch batch = output->batches[0];
    auto category = batch.column<std::string_view>("delay_category");
    TENON_CHECK(category.size() == 3 && category[0] == "on time" && category[1] == "cancelled" && category[2] == "very late");
    auto tail_numbers = batch.column<std::string_view>("tailnum");
    TENON_CHECK(tail_numbers[0] == "N14228" && !tail_numbers[1] && tail_numbers[2] == "N668DN");
    TENON_CHECK(output->rejected_count == 2 && output->rejected[0].row == 2 && output->rejected[1].row == 3);
    TENON_CHECK(std::string_view(output->rejected[1].reason).starts_with("D942DN is no tail number"));
}

TENON_TEST(thresholds_must_be_in_order)
{
    TENON_CHECK(tenon_test_run("categorise", R"({"late_after": 30, "very_late_after": 20})", flights()) == nullptr);
    TENON_CHECK(tenon_failed_message() == std::string_view("very_late_after (20 minutes) is less than late_after (30 minutes)"));
}

TENON_TEST(every_flight_has_a_category)
{
    Thresholds thresholds{15, 120};
    TENON_CHECK(thresholds.category(0, -1) == "early");
    TENON_CHECK(thresholds.category(0, 0) == "on time" && thresholds.category(0, 15) == "on time");
    TENON_CHECK(thresholds.category(0, 16) == "late" && thresholds.category(0, 120) == "late");
    TENON_CHECK(thresholds.category(0, 121) == "very late");
    TENON_CHECK(thresholds.category(0, std::nullopt) == "diverted");
    TENON_CHECK(thresholds.category(std::nullopt, std::nullopt) == "cancelled");
}

TENON_TEST(impossible_flights_are_told_apart)
{
    Flight flight{0, 0, 227, 1400};
    TENON_CHECK(flight.impossible() == nullptr);
    flight.air_time = 65, flight.distance = 762;
    TENON_CHECK(flight.impossible() == std::string_view("762 miles in 65 minutes are 703 mph, above 700"));
    flight.distance = std::numeric_limits<std::int64_t>::max();
    TENON_CHECK(flight.impossible() != nullptr);
    flight.air_time = -5;
    TENON_CHECK(flight.impossible() == std::string_view("-5 minutes in the air"));
    Flight ghost{std::nullopt, 3, std::nullopt, std::nullopt};
    TENON_CHECK(ghost.impossible() == std::string_view("it arrived, but never left"));
}

TENON_TEST(tail_numbers_are_checked)
{
    TENON_CHECK(is_american("N14228") && is_american("N619AA"));
    for (const char *other : {"D942DN", "N", "N123456", "NABC"})
        TENON_CHECK(!is_american(other));
    TENON_CHECK(clean_tail_number(" n1 \t") == "N1" && !clean_tail_number(" \n"));
}
