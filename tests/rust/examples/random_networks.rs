//! Writes an EfficientNet-B3, the paper's extractor, with random weights: `random_extractor FILE`. For tests that need its
//! shapes and not its features.

use cse::efficientnet::Architecture;

fn main() {
    let path = std::env::args_os().nth(1).expect("the file to write");
    std::fs::write(path, cse_tests::random_extractor(Architecture::B3, 0)).expect("writable");
}
