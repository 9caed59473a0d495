#include <cmath>

#include <tenon.hpp>
#include <tenon/testing.h>

TENON_TEST(sizes_are_told_and_negative_amounts_rejected)
{
    tenon_batch *orders = tenon_test_batch(1, "amount", tenon_test_float64s(4, 20.0, 250.0, -1.0, NAN));
    tenon_output *output = tenon_test_run("classify", R"({"large_from": 100})", orders);
    auto sizes = tenon::Batch(output->batches[0]).column<std::string_view>("size");
    TENON_CHECK(sizes.size() == 3 && sizes[0] == "small" && sizes[1] == "large" && !sizes[2]);
    TENON_CHECK(output->rejected_count == 1 && output->rejected[0].row == 2);
    TENON_CHECK(output->rejected[0].reason == std::string_view("the amount is negative"));
}
