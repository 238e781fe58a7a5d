//! Short run of the fuzzer. `cargo run --release --features cse-tests/fuzz --example fuzz -- 1000000` is a long run.

use cse_tests::fuzz;

#[test]
fn changed_files_are_read_or_refused() {
    for target in fuzz::all() {
        let report = fuzz::run(&target, 0..3000, None);
        assert!(report.panics.is_empty(), "{}: {:?}", target.name, report.panics);
        // If every input were refused at once, the run would test nothing.
        assert!(report.accepted_share() > 0.1, "{report}");
    }
}
