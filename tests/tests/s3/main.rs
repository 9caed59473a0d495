//! Writing to S3 and reading from it, against a real server.

mod commits;
mod faults;
mod reading;
mod support;
mod writing;
