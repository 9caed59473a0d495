//! The server loses and repeats nothing.

use crate::measured;

#[test]
fn the_benchmark_runs_on_little_data() {
    let guest = tenon_tests::guests::guest("echo");
    if let Err(reason) = guest {
        println!("SKIPPED the_benchmark_runs_on_little_data, {reason}");
        return;
    }
    let measured = measured(env!("CARGO_BIN_EXE_bench_server"));
    for figure in [
        "50 runs of 5 tenants: lost",
        "50 runs of 5 tenants: carried out twice",
        "50 runs of 5 tenants: rows too few or too many",
        "plugin replaced under full load: runs that failed",
        "plugin replaced under full load: rows lost or written twice",
    ] {
        assert_eq!(measured.value(figure), Some(0.0), "{figure}");
    }
}
