/* Tenon transforms and jobs in C: one header for everything.
 *
 *     #include <tenon.h>
 *
 *     typedef struct {
 *         int64_t late_after;
 *     } Categorise;
 *
 *     TENON_CONFIG(Categorise, TENON_KEY(Categorise, late_after, "Minutes from which a flight counts as late."))
 *
 *     static tenon_batch *categorise(tenon_batch *batch, const Categorise *config)
 *     {
 *         tenon_int64s delay = tenon_read_int64(batch, "arr_delay");
 *         tenon_text_builder *category = tenon_build_text(delay.rows);
 *         for (size_t row = 0; row < delay.rows; row++) {
 *             if (TENON_IS_NULL(delay, row))
 *                 tenon_push(category, "cancelled");
 *             else
 *                 tenon_push(category, delay.values[row] > config->late_after ? "late" : "on time");
 *         }
 *         return tenon_with(batch, "category", tenon_text_column(category));
 *     }
 *
 *     TENON_TRANSFORM(categorise, Categorise, .doc = "Says of each flight whether it was on time.")
 *
 * Two rules hold throughout:
 *
 * - An error stays. A call that fails keeps its error for the function's answer and returns NULL, or a column without
 *   rows; what is called with NULL afterwards does nothing. So errors need no check at each call: a function that has
 *   failed anywhere fails, and only loops over rows that come from elsewhere look at `tenon_failed()` first.
 * - What the SDK gives belongs to the call: columns, batches and texts are freed when the function has answered. What
 *   is to stay longer is copied, or kept with `tenon_keep`.
 */
#ifndef TENON_H
#define TENON_H

#include "tenon/batch.h"
#include "tenon/column.h"
#include "tenon/config.h"
#include "tenon/error.h"
#include "tenon/function.h"
#include "tenon/host.h"
#include "tenon/job.h"
#include "tenon/memory.h"
#include "tenon/nested.h"
#include "tenon/schema.h"
#include "tenon/strings.h"

#endif
