//! Ways to end badly.

use std::hint::black_box;

use crate::Attack;
use crate::bindings::tenon::etl::host;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("panic", |_, words| panic!("{words}")),
    ("panic-large", |_, _| panic!("{}", "x".repeat(50 << 20))),
    ("abort", |_, _| std::process::abort()),
    ("unreachable", |_, _| core::arch::wasm32::unreachable()),
    ("out-of-bounds", |_, _| {
        let far = core::ptr::with_exposed_provenance::<u64>(black_box(0xffff_fff0));
        // SAFETY: none; the read is outside the memory, which is what the sandbox has to catch.
        let read = unsafe { far.read_volatile() };
        panic!("read {read}")
    }),
    ("exit", |_, _| std::process::exit(3)),
];

/// Panics say why in the run's log, as an SDK's do.
pub(crate) fn speak_when_panicking() {
    std::panic::set_hook(Box::new(|panic| host::log(host::Level::Error, &panic.to_string())));
}
