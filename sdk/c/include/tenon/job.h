/* Whole jobs: one function reads, transforms and writes, while the host plans and runs everything natively.
 *
 *     static void run(void)
 *     {
 *         tenon_frame *orders = tenon_frame_read("data/orders.csv");
 *         tenon_frame *paid = tenon_frame_filter(orders, "status = 'paid'");
 *         tenon_frame *classified = tenon_frame_apply(paid, "classify", "{\"large_from\": 100}");
 *         tenon_frame_write(classified, "{\"url\": \"out/classified.csv\", \"mode\": \"overwrite\"}", NULL);
 *         tenon_frame_write(tenon_frame_rejected(classified), "out/rejected.ndjson", NULL);
 *     }
 *     TENON_JOB(run)
 *
 * A frame is a query that has not run: tenon_frame_write, tenon_frame_collect and tenon_frame_count run it. What is wrong
 * with a query is an error of the call that makes the frame. An error stays, as everywhere: a job that has failed anywhere
 * fails, and then nothing that it has written becomes visible. */
#ifndef TENON_JOB_H
#define TENON_JOB_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A query that has not run. Belongs to the run. */
typedef struct tenon_frame tenon_frame;

/* Which rows of a join survive. */
typedef enum tenon_join_kind {
    /* Rows with a match on both sides. */
    TENON_JOIN_INNER,
    /* All rows of the first frame. */
    TENON_JOIN_LEFT,
    /* All rows of the second frame. */
    TENON_JOIN_RIGHT,
    /* All rows of both. */
    TENON_JOIN_FULL,
    /* Rows of the first frame with a match, once each. */
    TENON_JOIN_SEMI,
    /* Rows of the first frame without a match. */
    TENON_JOIN_ANTI,
} tenon_join_kind;

/* What a sink has taken. It becomes visible when the job has ended well. */
typedef struct tenon_written {
    double rows;
    double bytes;
    /* Files, tables or messages. */
    uint32_t objects;
} tenon_written;

/* A frame with the name that a query has for it. */
typedef struct tenon_named_frame {
    const char *name;
    tenon_frame *frame;
} tenon_named_frame;

/* A source: a path or URL, the name of a table that the job knows, or, beginning with `{`, the JSON of a source's table in a
 * job file: {"url": "flights.csv.gz", "csv": {"null": ["NA"]}}. */
tenon_frame *tenon_frame_read(const char *source);

/* A SQL query over named frames, which are its tables. */
tenon_frame *tenon_frame_sql(const char *query, const tenon_named_frame *inputs, size_t count);

/* The columns that a frame will have. */
const tenon_schema *tenon_frame_schema(tenon_frame *frame);

/* The rows for which a SQL predicate is true. */
tenon_frame *tenon_frame_filter(tenon_frame *frame, const char *predicate);

/* The named columns, in that order: tenon_frame_select(frame, TENON_LIST("id", "name")). */
tenon_frame *tenon_frame_select(tenon_frame *frame, tenon_text_list names);

/* One column per SQL expression: TENON_LIST("carrier", "amount * rate as total"). */
tenon_frame *tenon_frame_project(tenon_frame *frame, tenon_text_list expressions);

/* The frame with a column added, or replaced where the name is taken: a SQL expression over its columns. */
tenon_frame *tenon_frame_with(tenon_frame *frame, const char *name, const char *expression);

/* Rows of both, paired where the columns `on` are equal. */
tenon_frame *tenon_frame_join(tenon_frame *frame, tenon_frame *other, tenon_text_list on, tenon_join_kind kind);

/* The rows of both, columns matched by name. */
tenon_frame *tenon_frame_union(tenon_frame *frame, tenon_frame *other);

/* One row per group: the group's columns, and one column per SQL expression such as `sum(amount) as total`. */
tenon_frame *tenon_frame_aggregate(tenon_frame *frame, tenon_text_list group_by, tenon_text_list expressions);

/* Ordered by SQL order expressions: TENON_LIST("amount desc", "id"). */
tenon_frame *tenon_frame_sort(tenon_frame *frame, tenon_text_list by);

/* The first rows. */
tenon_frame *tenon_frame_limit(tenon_frame *frame, uint32_t rows);

/* Passes the rows through a function of this component, or of another plugin (`plugin:name`). The configuration is JSON; NULL
 * for none. */
tenon_frame *tenon_frame_apply(tenon_frame *frame, const char *function, const char *config);

/* The rows that functions rejected on the way to this frame, with the step and the reason. Calls those functions again. */
tenon_frame *tenon_frame_rejected(tenon_frame *frame);

/* Runs the frame into a sink: a path or URL, or the JSON of a sink's table in a job file. What it has taken goes to *written,
 * unless that is NULL. */
bool tenon_frame_write(tenon_frame *frame, const char *sink, tenon_written *written);

/* Runs the frame and gives its batches to the job: *count of them. NULL if it failed. */
tenon_batch **tenon_frame_collect(tenon_frame *frame, size_t *count);

/* Runs the frame and counts its rows. */
double tenon_frame_count(tenon_frame *frame);

/* What TENON_JOB defines. */
void tenon_job_run(void);

/* Takes the SDK's part for jobs into the component. */
extern const char tenon_job_linked;

/* Makes a component a job: `run` is called once, by `tenon run`. */
#define TENON_JOB(run) \
    TENON_EXTERN_C void tenon_job_run(void) { run(); } \
    __attribute__((__used__)) static const char *const tenon_job_link = &tenon_job_linked;

#ifdef __cplusplus
#define TENON_EXTERN_C extern "C"
}
#else
#define TENON_EXTERN_C
#endif

#endif
