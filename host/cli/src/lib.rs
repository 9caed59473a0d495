//! The tenon command, and the library that embeds Tenon.
