/* A job, over frames in memory. */
#include <string.h>

#include <tenon/testing.h>

static double all_rows;

static void run(void)
{
    tenon_frame *numbers = tenon_frame_read("data/numbers.csv");
    tenon_frame *more = tenon_frame_read("{\"url\": \"data/more.csv\", \"csv\": {\"null\": [\"NA\"]}}");
    tenon_frame *both = tenon_frame_union(numbers, more);
    all_rows = tenon_frame_count(both);
    tenon_frame *good = tenon_frame_apply(both, "positive", NULL);
    tenon_frame *doubled = tenon_frame_with(good, "b", "a * 2");
    tenon_written written;
    if (tenon_frame_write(doubled, "{\"url\": \"out/doubled.csv\", \"mode\": \"overwrite\"}", &written))
        tenon_log(TENON_INFO, "%g rows", written.rows);
    tenon_frame_write(tenon_frame_rejected(good), "out/rejected.ndjson", NULL);
    size_t count;
    tenon_batch **first = tenon_frame_collect(tenon_frame_limit(both, 1), &count);
    if (count == 1)
        tenon_log(TENON_INFO, "first %g", (double)tenon_read_int64(first[0], "a").values[0]);
}
TENON_JOB(run)

TENON_TEST(a_job_reads_applies_and_writes)
{
    tenon_test_source("data/numbers.csv", tenon_test_batch(1, "a", tenon_test_int64s(2, 7, 1)));
    tenon_test_source("data/more.csv", tenon_test_batch(1, "a", tenon_test_int64s(1, 3)));
    tenon_test_answer(tenon_test_batch(1, "b", tenon_test_int64s(2, 14, 6)));
    TENON_CHECK(tenon_test_job() && all_rows == 3);
    TENON_CHECK(tenon_test_logged("2 rows") && tenon_test_logged("first 7"));
    TENON_CHECK(tenon_rows(tenon_test_written("out/doubled.csv")) == 2);
    tenon_batch *rejected = tenon_test_written("out/rejected.ndjson");
    tenon_strings because = tenon_read_text(rejected, "rejected_because");
    TENON_CHECK(because.rows == 1 && tenon_text_is(tenon_at(&because, 0), "row 1 is small"));
}

TENON_TEST(a_job_fails_with_its_first_error)
{
    TENON_CHECK(!tenon_test_job());
    TENON_CHECK(strstr(tenon_failed_message(), "there is no source `data/numbers.csv`") != NULL);
    TENON_CHECK(tenon_test_written("out/doubled.csv") == NULL);
}
