//! Plans and runs Tenon jobs.
