// What the conformance functions have in common.
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <tenon.h>

// Whether the batch is the one without rows by which a function is asked for its output's columns.
static inline bool probing(tenon_batch *batch)
{
    return tenon_rows(batch) == 0;
}

#endif
