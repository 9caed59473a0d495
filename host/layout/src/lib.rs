//! Arrow record batches in the flattened layout in which they cross the sandbox boundary.
