#include <tenon.hpp>
#include <tenon/testing.h>

TENON_TEST(orders_are_classified_and_written)
{
    tenon_test_source("data/orders.csv", tenon_test_batch(1, "amount", tenon_test_float64s(3, 20.0, 250.0, -1.0)));
    TENON_CHECK(tenon_test_job());
    auto sizes = tenon::Batch(tenon_test_written("out/classified.csv")).column<std::string_view>("size");
    TENON_CHECK(sizes.size() == 2 && sizes[0] == "small" && sizes[1] == "large");
    auto because = tenon::Batch(tenon_test_written("out/rejected.ndjson")).column<std::string_view>("rejected_because");
    TENON_CHECK(because.size() == 1 && because[0] == "the amount is negative");
}
