//! Tests that cross crates, in one binary: linking the backends takes longer than running them.

mod fuzzing;
mod golden;
mod gpus;
mod left_out;
mod model_files;
mod photos;
