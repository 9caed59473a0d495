// Tells large orders from small ones.
#include <tenon.h>

// What the job file says under `config`.
typedef struct {
    double large_from;
} Classify;

TENON_CONFIG(Classify,
    TENON_KEY(Classify, large_from, "Amount from which an order is large.", .otherwise = "100"))

static tenon_batch *classify(tenon_batch *batch, const Classify *config)
{
    tenon_float64s amounts = tenon_read_float64(batch, "amount");    // this column crosses, no other
    tenon_text_builder *sizes = tenon_build_text(amounts.rows);
    for (size_t row = 0; row < amounts.rows; row++) {
        if (TENON_IS_NULL(amounts, row)) {
            tenon_push_null(sizes);
            continue;
        }
        if (amounts.values[row] < 0)
            tenon_reject(row, "the amount is negative");
        tenon_push(sizes, amounts.values[row] < config->large_from ? "small" : "large");
    }
    // What fails above, say for want of the column, needs no check: the call fails with it.
    return tenon_without_rejected(tenon_with(batch, "size", tenon_text_column(sizes)));
}

TENON_TRANSFORM(classify, Classify, .doc = "Adds the column `size`; orders below nothing are rejected.")
