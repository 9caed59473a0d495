//! Files that may be components: whatever the bytes, an answer and no panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tenon_component::{componentize, inspect, names_in};

fuzz_target!(|bytes: &[u8]| {
    let Ok(component) = componentize(bytes) else { return };
    let Ok(names) = names_in(&component) else { return };
    // What came through once must come through again, with the same names.
    let again = componentize(&component).expect("a component is a component");
    assert_eq!(names_in(&again).expect("its names were read before"), names);
    let _ = inspect(&names);
});
