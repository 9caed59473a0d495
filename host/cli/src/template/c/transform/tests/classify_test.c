#include <math.h>
#include <string.h>

#include <tenon/testing.h>

TENON_TEST(sizes_are_told_and_negative_amounts_rejected)
{
    tenon_batch *orders = tenon_test_batch(1, "amount", tenon_test_float64s(4, 20.0, 250.0, -1.0, NAN));
    tenon_output *output = tenon_test_run("classify", "{\"large_from\": 100}", orders);
    tenon_strings sizes = tenon_read_text(output->batches[0], "size");
    TENON_CHECK(sizes.rows == 3 && tenon_text_is(tenon_at(&sizes, 0), "small") && tenon_text_is(tenon_at(&sizes, 1), "large"));
    TENON_CHECK(TENON_IS_NULL(sizes, 2));
    TENON_CHECK(output->rejected_count == 1 && output->rejected[0].row == 2);
    TENON_CHECK(strcmp(output->rejected[0].reason, "the amount is negative") == 0);
}
