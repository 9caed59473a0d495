//! The attribute macros of tenon-sdk.
