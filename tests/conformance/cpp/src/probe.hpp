// What the conformance functions have in common.
#ifndef CONFORMANCE_PROBE_HPP
#define CONFORMANCE_PROBE_HPP

#include <tenon.hpp>

// Whether the batch is the one without rows by which a function is asked for its output's columns.
inline bool probing(tenon::Batch batch)
{
    return batch.rows() == 0;
}

#endif
