//! Writes networks with random weights, for tests that need only their shapes: `random_networks EXTRACTOR TEACHER`.
//!
//! EXTRACTOR is an EfficientNet-B3, the extractor of the paper. TEACHER is an EfficientNet-Lite0 in its published form.

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
