//! Finds or installs the toolchain that builds guests, and builds them into components.
