//! CSE, surface anomaly detection with contrastively selected embedding (VISAPP 2024): the model core.
//!
//! Data flows one way: [`photo`] -> [`view`] -> [`preprocess`] -> [`efficientnet`] (the frozen extractor) -> [`embedder`] ->
//! [`bank`] -> [`score`] and [`anomaly_map`]. [`inspector`] is that path. A [`detector`] is embedder and bank, or one of
//! the baselines in their place: [`mean_cosine`], [`gaussian`], [`nearest_neighbour`]. Training adds [`defects`], [`decoder`],
//! [`losses`] and [`calibration`]. Models are [`extractor_file`] and [`texture_file`].
//!
//! No I/O, no clock, no global state: the same code runs natively and in the browser, and randomness comes in as a seed.

pub mod anomaly_map;
pub mod bank;
mod batch_norm_folding;
pub mod calibration;
pub mod classifier;
pub mod comparison;
mod conv_relu_norm;
pub mod decoder;
pub mod defects;
pub mod density;
pub mod detector;
pub mod efficientnet;
pub mod embedder;
pub mod extractor_file;
pub mod fused;
mod fused_cpu;
pub mod gaussian;
mod gpu_training;
pub mod inspected;
pub mod inspector;
pub mod losses;
pub mod mean_cosine;
pub mod model_file;
pub mod nearest_neighbour;
pub mod normal_range;
mod padding;
pub mod photo;
pub mod preprocess;
pub mod score;
pub mod standardisation;
pub mod state_dict;
pub mod taps;
pub mod texture_file;
pub mod view;
