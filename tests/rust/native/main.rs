//! Tests that cross crates, in one binary: linking the backends takes longer than running them.

mod bank;
mod baselines;
mod comparison;
mod development_data;
mod fuzzing;
mod gpu_check;
mod gpus;
mod left_out;
mod losses;
mod model_files;
mod networks;
mod photos;
mod preprocess;
mod training;
mod verdicts;
