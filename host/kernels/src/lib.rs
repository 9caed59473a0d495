//! SQL expressions and batch kernels that run natively on behalf of a sandboxed guest.
