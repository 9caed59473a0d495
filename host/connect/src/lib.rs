//! Sources and sinks of Tenon jobs.
