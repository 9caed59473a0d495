#include <string.h>

#include <tenon/testing.h>

TENON_TEST(orders_are_classified_and_written)
{
    tenon_test_source("data/orders.csv", tenon_test_batch(1, "amount", tenon_test_float64s(3, 20.0, 250.0, -1.0)));
    TENON_CHECK(tenon_test_job());
    tenon_strings sizes = tenon_read_text(tenon_test_written("out/classified.csv"), "size");
    TENON_CHECK(sizes.rows == 2 && tenon_text_is(tenon_at(&sizes, 0), "small") && tenon_text_is(tenon_at(&sizes, 1), "large"));
    tenon_strings because = tenon_read_text(tenon_test_written("out/rejected.ndjson"), "rejected_because");
    TENON_CHECK(because.rows == 1 && tenon_text_is(tenon_at(&because, 0), "the amount is negative"));
}
