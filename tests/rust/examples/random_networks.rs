//! Writes networks with random weights, for tests that need their shapes and not their features: `random_networks EXTRACTOR
//! TEACHER`, an EfficientNet-B3, which is the paper's extractor, and an EfficientNet-Lite0 as it is published.

use std::collections::HashMap;

use cse::files::state_dict::{self, Precision};
use cse::network::efficientnet::Architecture;

fn main() {
    let mut paths = std::env::args_os().skip(1);
    let mut write = |file: Vec<u8>| std::fs::write(paths.next().expect("the file to write"), file).expect("writable");
    write(cse_tests::random_extractor(Architecture::B3, 0));
    let teacher = cse_tests::random_weights(Architecture::TfLite0, 0);
    write(state_dict::write(&teacher, HashMap::new(), Precision::F32).expect("tensors"));
}
