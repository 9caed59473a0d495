//! The guest of the conformance suite: functions that every language's SDK is tested by. `tests/conformance/cases.json`
//! says what each has to do.

mod config;
mod failures;
mod rows;
mod services;
mod shapes;
mod typed;
